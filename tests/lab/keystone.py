"""Chainlink's KeystoneForwarder, its own contract from its npm package, and the nodes that sign for it."""

from __future__ import annotations

from dataclasses import dataclass, field

from eth_account import Account
from eth_utils.crypto import keccak

from lab.artifacts import CURRENT, npm_source
from lab.interface import Chain, Contract, Receipt

DON, VERSION, FAULTY = 7, 1, 1
KEYS = tuple(bytes([number]) * 32 for number in range(1, 5))
"""Of the nodes: with so many, two have to sign."""


@dataclass
class KeystoneLab:
    """The forwarder, and a workflow whose reports the nodes sign; each is an execution of its own."""

    forwarder: Contract
    owner: str
    name: bytes
    _executions: int = field(default=0)

    def report(
        self,
        receiver: str,
        body: bytes,
        *,
        owner: str | None = None,
        name: bytes | None = None,
        signers: int = FAULTY + 1,
        again: bool = False,
    ) -> Receipt:
        """Have a report delivered; `again` is another try of the last one."""
        self._executions += not again
        execution = self._executions.to_bytes(32)
        of_don = b"\x01" + execution + bytes(4) + DON.to_bytes(4) + VERSION.to_bytes(4)
        workflow = bytes(32) + (name or self.name) + bytes.fromhex((owner or self.owner)[2:]) + b"\x00\x01"
        raw, context = of_don + workflow + body, bytes(96)
        digest = keccak(keccak(raw) + context)
        signatures = [_signed(key, digest) for key in KEYS[:signers]]
        return self.forwarder.send("report", receiver, raw, context, signatures)

    def succeeded(self, receiver: str) -> bool:
        """Whether the last report was taken."""
        return bool(self.forwarder.call("getTransmissionInfo", receiver, self._executions.to_bytes(32), b"\x00\x01")[4])


def _signed(key: bytes, digest: bytes) -> bytes:
    signed = Account.unsafe_sign_hash(digest, key)
    return signed.r.to_bytes(32) + signed.s.to_bytes(32) + bytes([signed.v - 27])


def deploy_keystone(chain: Chain, admin: str, owner: str, name: bytes) -> KeystoneLab:
    """A forwarder that four nodes sign for, and a workflow of that owner and name."""
    artifact = npm_source("@chainlink/contracts", "src/v0.8/keystone/KeystoneForwarder", CURRENT)
    forwarder = chain.deploy_artifact(artifact, sender=admin)
    nodes = [Account.from_key(key).address.lower() for key in KEYS]
    forwarder.send("setConfig", DON, VERSION, FAULTY, nodes, sender=admin)
    return KeystoneLab(forwarder, owner, name)
