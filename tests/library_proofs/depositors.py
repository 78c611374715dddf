"""Theorems of `depositors`: who may hold shares is whom the service's answer says to be attested, now and as asked for.

Of the service's answer nothing is assumed but that its words for accounts are accounts: it is any bytes, or none.
"""

from __future__ import annotations

from library_proofs.known import Known
from library_proofs.meaning import Meaning
from library_proofs.reading import Sources, functions, module
from library_proofs.solver import Unproved, prove
from library_proofs.terms import Term, both, choice, either, equal, implies, negated, number, same_truth, unknown
from library_proofs.translator import translate

FILE = "contracts/depositors.vy"
ATTESTATION, ACCOUNT = unknown("attestation"), unknown("account")
SERVICE, SCHEMA, ATTESTER = (unknown(f"depositors.{name}") for name in ("ATTESTATION_SERVICE", "SCHEMA", "ATTESTER"))
LENGTH = 288
"""An offset, and as many words of the record as say all that is asked."""


def _answer(word: int) -> Term:
    return unknown(f"answer.word {word}")


def attested() -> Term:
    """Who is attested by the answer, or nobody: EAS's record is uid, schema, time, expiration, revocation, reference,
    recipient, attester, behind an offset."""
    schema, expires, revoked, recipient, attester = (_answer(32 * (1 + place)) for place in (1, 3, 4, 6, 7))
    good = both(
        unknown("answered?"),
        unknown("answer.length") >= LENGTH,
        equal(schema, SCHEMA),
        equal(attester, ATTESTER),
        equal(revoked, 0),
        either(equal(expires, 0), expires > unknown("block.timestamp")),
    )
    return choice(good, recipient, number(0))


def _accounts() -> tuple[Term, ...]:
    """The words for recipient and attester are accounts, and so is whom an attestation is asked of."""
    return tuple(both(number(0) <= one, one < 2**160) for one in (_answer(224), _answer(256), ATTESTER))


def _read(sources: Sources, name: str, known: Known | None = None) -> Meaning:
    return translate(functions(module(sources, FILE))[name], known)


def recipient(sources: Sources) -> None:
    """`_recipient` asks the service for this attestation, tells whom it attests, and does not revert."""
    read = _read(sources, "_recipient")
    (asked,) = read.effects
    if (asked.function, asked.arguments) != ("raw_call", (SERVICE, ATTESTATION)):
        raise Unproved(read.name, f"asks for {asked}")
    prove("_recipient: who", (*read.facts, *_accounts()), equal(read.returned, attested()))
    prove("_recipient: never reverts", (*read.facts, *_accounts()), read.succeeds)


RECIPIENT = Known({"depositors._recipient": lambda asked: (unknown(f"recipient of {asked.leaf}"), ())})
"""Whom an attestation names: what `recipient` is about."""


def may_hold(sources: Sources) -> None:
    """`_may_hold` is that the account's noted attestation names it; `_only_attested` reverts exactly where not."""
    read = _read(sources, "_may_hold", RECIPIENT)
    noted, named = (
        unknown("depositors.attestation_of['account']"),
        unknown("recipient of depositors.attestation_of['account']"),
    )
    holds = both(negated(equal(noted, 0)), equal(named, ACCOUNT))
    prove("_may_hold", read.facts, same_truth(read.returned, holds))
    only = _read(sources, "_only_attested", RECIPIENT)
    prove("_only_attested", only.facts, same_truth(only.succeeds, holds))


def admits(sources: Sources) -> None:
    """`admit` notes the attestation for whom it names and for nobody else; it reverts exactly where that is nobody."""
    read = _read(sources, "admit", RECIPIENT)
    named, anybody = unknown("recipient of attestation"), unknown("anybody")
    before, after = read.after("depositors.attestation_of", anybody)
    expected = choice(equal(anybody, named), ATTESTATION, before)
    prove("admit: notes", (*read.facts, read.succeeds), equal(after, expected))
    prove("admit: reverts only there", read.facts, same_truth(read.succeeds, negated(equal(named, 0))))
    prove("admit: whom", (*read.facts, read.succeeds), implies(equal(anybody, named), equal(after, ATTESTATION)))


THEOREMS = {one.__name__: one for one in (recipient, may_hold, admits)}
