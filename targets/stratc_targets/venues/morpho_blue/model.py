"""What the proofs assume of one market of Morpho Blue.

Sources: morpho-blue 1.0.0 `Morpho._isHealthy` (one threshold, the LLTV, for borrowing, withdrawing and liquidating),
`MarketParamsLib.id` (tokens, oracle, interest rate model and LLTV are the market's name: nobody can change them),
`SharesMathLib`.

Collateral is kept in its own units, exactly. A debt is kept in shares: what is borrowed is rounded up to whole shares
and what is repaid down, and reading it rounds up to a whole unit, so that one operation leaves it off by at most one
unit, while a share is worth at most a unit (a new one is worth a millionth of one, and becomes worth more only by
interest; the adapter borrows no further). To that `_isHealthy` truncates what the collateral is worth, and its product
with the LLTV, each by less than a unit of the loan; and the oracle may differ from the vault's prices in the last
digits, which is less than a unit for up to a billion dollars of tokens that cost a dollar or more. That is one unit of
rounding on either side of the comparison beyond those of reading and valuing both positions, which the proofs carry
anyhow.

What is lent out is kept in shares as well: they are rounded down where something is lent and up where it is drawn, and
reading rounds down. That is less than a share and a unit, so that one operation leaves it short by at most one unit,
while a share is worth at most a unit (the adapter lends no further). It is drawn as far as it is not borrowed; bad debt
is a loss of all lenders (`loss(v)`).
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from stratc_compiler.guardian import Guardian
from stratc_compiler.readings import Loan, exactly, off_by
from stratc_compiler.rooms import stated_room
from stratc_compiler.text import percent
from stratc_compiler.vault import Assumed, Held, VenueModel
from stratc_dsl.strategy import Collateral, MorphoBlue, Position, Strategy, Venue

OFF_BY = 1
"""By how many units one operation leaves a debt, or what is lent out, off from exact arithmetic."""

FREE = Fraction(0)
"""What a flash loan costs: `Morpho.flashLoan` takes back what it gave."""

CURSOR, MOST_INCENTIVE = Fraction(3, 10), Fraction(115, 100)
"""`LIQUIDATION_CURSOR` and `MAX_LIQUIDATION_INCENTIVE_FACTOR`."""

TRUNCATED = 1
"""What Morpho's own check of health cuts off, on either side, beyond what reading and valuing positions rounds."""


def model(venue: Venue, strategy: Strategy) -> VenueModel:
    """The model of the vault's account in one market."""
    assert isinstance(venue.terms, MorphoBlue)
    one, loan = venue.terms.collateral, venue.terms.loan
    allocated = {allocation.position for allocation in strategy.allocations}
    collateral = Held(Position(venue.name, "collateral", one.token), rounding=TRUNCATED)
    debt = Held(Position(venue.name, "debt", loan), debt=True, rounding=OFF_BY + TRUNCATED)
    lent = Held(Position(venue.name, "supply", loan), rounding=OFF_BY)
    positions = tuple(held for held in (collateral, debt, lent) if held.position in allocated)
    if debt not in positions:
        return VenueModel(venue.name, "morpho_blue", positions, room=stated_room(venue, strategy), flash_premium=FREE)
    lltv = one.threshold or Fraction(0)
    # The market's oracle tells one price: what the collateral is worth in the loan.
    secured = Loan({collateral: lltv} if collateral in positions else {}, (debt,), off_by(strategy, one.token))
    healthy = secured.covered()
    return VenueModel(
        venue.name,
        "morpho_blue",
        positions,
        never_liquidated=healthy,
        room=stated_room(venue, strategy),
        after_borrow=healthy,
        after_withdraw=healthy,
        health=secured.read({}),
        flash_premium=FREE,
        off=secured.off,
        seized=_incentive(lltv) / (1 - secured.off[one.token]),
        assumes=(_parameters(one, lltv), *_oracle(venue.name, loan, exactly(strategy, one.token))),
    )


def _incentive(lltv: Fraction) -> Fraction:
    """What a liquidator takes for each dollar that is repaid: `Morpho.liquidate`, with its cursor and its maximum."""
    return min(MOST_INCENTIVE, 1 / (1 - CURSOR * (1 - lltv)))


def _parameters(one: Collateral, lltv: Fraction) -> Assumed:
    return Assumed(
        "parameters",
        f"{one.token} lltv {percent(lltv)}",
        Guardian.ENFORCED,
        "they are in the name of the market that the vault was deployed with, and nobody can change them",
    )


def _oracle(venue: str, loan: str, tokens: tuple[str, ...]) -> Iterator[Assumed]:
    """Of the collateral, where no `oracle(T)` is stated of it."""
    for token in tokens:
        yield Assumed(
            "oracle",
            f"{venue} prices {token} in {loan} as the feeds of this strategy do, up to their last digits",
            Guardian.WATCHED,
            "the vault compares the two when it is deployed, the keeper at each look",
        )
