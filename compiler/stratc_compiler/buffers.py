"""What each loan can lose before it is liquidated: its buffer at the targets, whenever settled, and in any round.

The buffer is 1 - debt / (collateral * threshold): the adverse move of collateral against debt that a loan outlives. Of
the least that it can be, what is told was proved of every such state, in steps of a tenth of a per cent.
"""

from __future__ import annotations

from fractions import Fraction

from msgspec.structs import replace

from stratc_compiler.effort import Effort
from stratc_compiler.environment import Box
from stratc_compiler.expr import And, Formula
from stratc_compiler.predicates import ONE, Quotient, compare
from stratc_compiler.prove import all_proved
from stratc_compiler.readings import Loan, loan_at
from stratc_compiler.relax import Frame
from stratc_compiler.rounds import after_environment, settled_frame
from stratc_compiler.vault import Vault
from stratc_compiler.verdict import Obligation
from stratc_dsl.record import Record
from stratc_dsl.span import NOWHERE
from stratc_dsl.strategy import Relation

STEPS = 1000


class Buffer(Record):
    """Of one venue, at the vault's prices: at the targets, and the least whenever the vault is settled.

    `in_a_round` is the least at any moment, as the venue may read prices. None where not even zero was proved; at the
    targets None where nothing is owed.
    """

    venue: str
    at_target: Fraction | None
    settled: Fraction | None
    in_a_round: Fraction | None


def buffers(vault: Vault, box: Box, effort: Effort) -> tuple[Buffer, ...]:
    """One for each venue at which something may be owed."""
    found: list[Buffer] = []
    for venue in vault.venues:
        if venue.health is not None:
            loan = loan_at(venue)
            told = replace(loan, off={})
            settled = _least(told, settled_frame(vault).primed(), effort)
            moment = _least(loan, after_environment(vault, box).frame, effort)
            found.append(Buffer(venue.name, _at_target(told, vault), settled, moment))
    return tuple(found)


def _at_target(loan: Loan, vault: Vault) -> Fraction | None:
    share = {band.held: band.target for band in vault.bands}
    covered = sum((weight * share.get(held, Fraction(0)) for held, weight in loan.weights.items()), Fraction(0))
    owed = sum((share.get(held, Fraction(0)) for held in loan.owed), Fraction(0))
    return 1 - owed / covered if owed and covered else None


def _least(loan: Loan, frame: Frame, effort: Effort) -> Fraction | None:
    """The largest buffer of which it is proved that there is as much in every state of the frame."""

    def proved(steps: int) -> bool:
        asked = frame.fork()
        goal = asked.formula(_at_least(loan, Fraction(steps, STEPS)))
        return all_proved([Obligation("buffer", "buffer", "", asked.trace.facts, goal, span=NOWHERE)], effort)

    if not proved(0):
        return None
    good, bad = 0, STEPS
    while bad - good > 1:
        middle = (good + bad) // 2
        good, bad = (middle, bad) if proved(middle) else (good, middle)
    return Fraction(good, STEPS)


def _at_least(loan: Loan, buffer: Fraction) -> Formula:
    """debt <= (1 - buffer) * weighted collateral, whatever is read."""
    parts: list[Formula] = []
    for factors in loan.corners():
        weighted, owed = loan.read(factors)
        left = {value: weight * (1 - buffer) for value, weight in weighted.items()}
        whole = {ONE: Fraction(1)}
        parts.append(compare(Quotient(left, whole), Relation.GE, Quotient(dict(owed), whole), NOWHERE))
    return And(tuple(parts))
