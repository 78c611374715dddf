"""Who is attested to belong, and who tells the vault."""

from __future__ import annotations

from dataclasses import dataclass

from eth_utils.crypto import keccak
from msgspec.structs import replace

from differential.operations.roles import address_of
from differential.pair import Pair
from lab.eas import EasLab
from stratc_compiler.standing import Attestation
from vyper_target.vaults import MEMBERSHIP


@dataclass(frozen=True)
class Attest:
    """Somebody attests of a user that they belong, for so many seconds (0: for good)."""

    user: int
    seconds: int = 0
    who: str = "attester"
    schema: str = MEMBERSHIP

    def apply(self, pair: Pair) -> None:
        eas, user, who = pair.chain.eas, pair.users[self.user], address_of(pair, self.who)
        expires = pair.market.time + self.seconds if self.seconds else 0
        schema = _schema(eas, self.schema)
        uid = eas.attest(who, schema, user, expires)
        pair.market.attestations[uid.hex()] = Attestation(self.schema, who, user, expires)
        pair.tally.done["attest"] += 1


@dataclass(frozen=True)
class Admit:
    """Somebody shows the vault a user's last attestation, or the one so many `before` it; or one that is none."""

    user: int
    before: int = 0

    def apply(self, pair: Pair) -> None:
        uids = _attestations(pair, self.user)
        uid = uids[-1 - self.before] if self.before < len(uids) else "00" * 32
        pair.send("admit", pair.users[2], lambda: pair.machine.admit(uid), "admit", bytes.fromhex(uid))


@dataclass(frozen=True)
class Revoke:
    """The last attestation of a user, by whoever made it."""

    user: int

    def apply(self, pair: Pair) -> None:
        for uid in _attestations(pair, self.user)[-1:]:
            found = pair.market.attestations[uid]
            if not found.revoked:
                pair.chain.eas.revoke(found.attester, _schema(pair.chain.eas, found.schema), bytes.fromhex(uid))
                pair.market.attestations[uid] = replace(found, revoked=True)
                pair.tally.done["revoke"] += 1


def _attestations(pair: Pair, user: int) -> list[str]:
    """Uids, the last one last."""
    return [uid for uid, one in pair.market.attestations.items() if one.recipient == pair.users[user]]


def _schema(eas: EasLab, text: str) -> bytes:
    """The uid of a schema without a resolver, which is registered if it was not."""
    uid = bytes(keccak(text.encode() + bytes(20) + b"\1"))
    if eas.registry.call("getSchema", uid)[0] != uid:
        eas.register(text)
    return uid
