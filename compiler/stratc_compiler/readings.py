"""What a venue's own oracle may read where its checks decide about a loan, and the worst of it.

A venue values a loan by its own oracle. What that says of a token's price is the vault's price times a factor in
[1 - r, 1 + r], r as `oracle(T) off by <= r` states, 0 where nothing is stated. Every factor enters a check linearly,
with the sign of the side that its token is on: so a check holds for all readings iff it holds for collateral that is
read as low and debts that are read as high as may be. A token on both sides is tried at both ends.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from itertools import product

from stratc_compiler.expr import And, Cmp, Combination, Expr, Formula, Or, Plain, Rel, total, zero
from stratc_compiler.predicates import ONE, Quotient, compare
from stratc_compiler.vault import Held, VenueModel
from stratc_dsl.record import Record
from stratc_dsl.span import NOWHERE
from stratc_dsl.strategy import OracleOffBy, Relation, Strategy

Factors = Mapping[str, Fraction]
"""By token, what a venue reads of its price over the vault's."""


class Loan(Record):
    """What a venue compares, by its own oracle: weights of collateral, and what is owed.

    `off` has each token whose price it reads, and by which share what it reads may differ from the vault's price.
    """

    weights: dict[Held, Fraction]
    owed: tuple[Held, ...]
    off: dict[str, Fraction]

    def covered(self) -> Formula:
        """sum of weight * value >= debt, whatever is read; true of itself where nothing is owed."""
        one: Combination = {ONE: Fraction(1)}
        nothing_owed = Cmp(total(tuple(held.value for held in self.owed), Plain.VALUE), Rel.LE, zero(Plain.VALUE))
        parts = tuple(
            compare(Quotient(*self.read(factors)), Relation.GE, Quotient(one, one), NOWHERE)
            for factors in self.corners()
        )
        return Or((nothing_owed, parts[0] if len(parts) == 1 else And(parts)))

    def read(self, factors: Factors) -> tuple[dict[Expr, Fraction], dict[Expr, Fraction]]:
        """Weighted collateral and debt as combinations of the vault's values, where that is read."""
        one = Fraction(1)
        weighted: dict[Expr, Fraction] = {
            held.value: weight * factors.get(held.token, one) for held, weight in self.weights.items()
        }
        return weighted, {held.value: factors.get(held.token, one) for held in self.owed}

    def corners(self) -> Iterator[Factors]:
        """The readings of which one is the worst, whatever is held."""
        pledged, owed = ({held.token for held in side} for side in (self.weights, self.owed))
        ends: list[list[tuple[str, Fraction]]] = []
        for token, off in self.off.items():
            low = [(token, 1 - off)] if token in pledged else []
            high = [(token, 1 + off)] if token in owed else []
            ends.append((low + high if off else low or high) or [(token, Fraction(1))])
        return (dict(corner) for corner in product(*ends))


def loan_at(venue: VenueModel) -> Loan:
    """What `health` of a venue compares. The venue has debts to speak of."""
    assert venue.health is not None
    weights, owed = venue.health
    collateral = {held: weights[held.value] for held in venue.positions if held.value in weights}
    return Loan(collateral, tuple(held for held in venue.positions if held.value in owed), venue.off)


def off_by(strategy: Strategy, *tokens: str) -> dict[str, Fraction]:
    """Of each token, by which share a venue's reading of it may differ from the vault's price."""
    stated = {one.token: one.ratio for one in strategy.assumptions if isinstance(one, OracleOffBy)}
    return {token: stated.get(token, Fraction(0)) for token in tokens}


def exactly(strategy: Strategy, *tokens: str) -> tuple[str, ...]:
    """The tokens of which nothing is stated: venues read the vault's price, up to its last digits."""
    stated = {one.token for one in strategy.assumptions if isinstance(one, OracleOffBy)}
    return tuple(dict.fromkeys(token for token in tokens if token not in stated))
