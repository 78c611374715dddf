"""The Ethereum Attestation Service: its own contracts, from their npm package."""

from __future__ import annotations

from dataclasses import dataclass

from lab.artifacts import npm_artifact
from lab.interface import Chain, Contract

_PACKAGE = "@ethereum-attestation-service/eas-contracts"
NOBODY = "0x" + "00" * 20
NONE = bytes(32)


@dataclass(frozen=True)
class EasLab:
    """The service and its registry of schemas. Whoever sends attests."""

    service: Contract
    registry: Contract

    def register(self, schema: str, resolver: str = NOBODY, *, revocable: bool = True) -> bytes:
        """A new schema; returns its uid."""
        return bytes(self.registry.send("register", schema, resolver, revocable).value)

    def attest(self, attester: str, schema: bytes, recipient: str, expires: int = 0, data: bytes = b"") -> bytes:
        """A new attestation, which ends at `expires` (0: never) and may be revoked; returns its uid."""
        request = (schema, (recipient, expires, True, NONE, data, 0))
        return bytes(self.service.send("attest", request, sender=attester).value)

    def revoke(self, attester: str, schema: bytes, uid: bytes) -> None:
        """By whoever attested."""
        self.service.send("revoke", (schema, (uid, 0)), sender=attester)


def deploy_eas(chain: Chain, admin: str) -> EasLab:
    """A service without schemas."""
    registry = chain.deploy_artifact(npm_artifact(_PACKAGE, "SchemaRegistry"), sender=admin)
    return EasLab(chain.deploy_artifact(npm_artifact(_PACKAGE, "EAS"), registry, sender=admin), registry)


def eas_at(chain: Chain, address: str) -> EasLab:
    """The service at an address."""
    service = chain.at(npm_artifact(_PACKAGE, "EAS"), address)
    return EasLab(service, chain.at(npm_artifact(_PACKAGE, "SchemaRegistry"), service.call("getSchemaRegistry")))
