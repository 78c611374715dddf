"""What the proofs assume of an account at Perp v2 that is short: cash, and what is to be bought back.

Sources: `exact.py` beside this, which the protocol's own contracts are held to. An account's value is its cash (margin
with realized profit, funding, and what the short was sold for) less its size at the mark. So it is a loan of the token
against cash: nobody can liquidate while cash is at least 1 + maintenance times what buying back costs at the mark, and
trading and withdrawing ask the same with the initial ratio. They ask a second thing: that what is *realized* of the
cash is at least that share too, since profit on paper is no margin. A liquidator closes at the mark and takes the
penalty.

What Perp reads is not what the vault reads. The mark is a median of the pool's price, its average over half an hour and
the index with an average premium: `oracle(T) off by` says how far it may be from the vault's price, and where nothing
is stated it is as far as `slippage(v)` lets a fill be. A unit of margin counts for a dollar there, whatever it costs:
so the range of its price is a second way in which the two readings differ, and has to be stated.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from stratc_compiler.errors import Unsupported
from stratc_compiler.expr import And, Combination, Expr, Formula, Rounding, value_of
from stratc_compiler.guardian import Guardian
from stratc_compiler.predicates import ONE, Quotient, compare
from stratc_compiler.readings import Loan, exactly, off_by
from stratc_compiler.text import percent
from stratc_compiler.vault import Assumed, Held, VenueModel
from stratc_dsl.span import NOWHERE
from stratc_dsl.strategy import (
    PerpV2,
    Position,
    PriceStays,
    Relation,
    SlippageAtMost,
    Strategy,
    Venue,
)

OFF_BY = 2
"""Units by which one operation leaves the cash off: a fraction of one is lost in a withdrawal, one in reading it."""

PENALTY = Fraction(25, 1_000)
"""What a liquidation costs beyond the mark, as the protocol begins with it."""


def model(venue: Venue, strategy: Strategy) -> VenueModel:
    """The account in one market. Raises Unsupported for margin that is not base, or of which no range is stated."""
    assert isinstance(venue.terms, PerpV2)
    terms = venue.terms
    if terms.margin != strategy.base:
        cure = f"write `margin={strategy.base}`: what a short gains is paid in its margin"
        raise Unsupported(f"margin in {terms.margin} beside base {strategy.base}", cure, terms.span)
    cash = Held(Position(venue.name, "margin", terms.margin), rounding=OFF_BY)
    short = Held(Position(venue.name, "short", terms.token), debt=True)
    dollar, off = _peg(venue, terms.margin, strategy), _off(venue, strategy)
    kept, opened = (
        Loan({cash: 1 / (1 + ratio)}, (short,), off | {terms.margin: _read_low(dollar)})
        for ratio in (terms.maintenance, terms.initial)
    )
    asked = And((opened.covered(), _realized(cash, short, terms.initial, opened)))
    return VenueModel(
        venue.name,
        "perp_v2",
        (cash, short),
        never_liquidated=kept.covered(),
        after_borrow=asked,
        after_withdraw=asked,
        health=kept.read({}),
        off=kept.off,
        seized=(1 + off[terms.token]) * (1 + PENALTY) * dollar.high,
        governed=True,
        assumes=tuple(_assumed(venue, terms, strategy, off[terms.token])),
    )


def _realized(cash: Held, short: Held, ratio: Fraction, loan: Loan) -> Formula:
    """What is realized is at least the ratio of what buying back costs, however both are read."""
    realized: Expr = value_of(cash.liquidity, Rounding.DOWN)
    parts: list[Formula] = []
    for factors in loan.corners():
        backed: Combination = {realized: factors.get(cash.token, Fraction(1))}
        owed: Combination = {short.value: factors.get(short.token, Fraction(1)) * ratio}
        plain: Combination = {ONE: Fraction(1)}
        parts.append(compare(Quotient(backed, plain), Relation.GE, Quotient(owed, plain), NOWHERE))
    return parts[0] if len(parts) == 1 else And(tuple(parts))


def _peg(venue: Venue, margin: str, strategy: Strategy) -> PriceStays:
    """The range of the margin's price, for which Perp reads a dollar."""
    for assumption in strategy.assumptions:
        if isinstance(assumption, PriceStays) and assumption.token == margin:
            return assumption
    what = f"`{venue.name}` with no range of `price({margin})`"
    raise Unsupported(
        what, f"perp_v2 takes a {margin} for a dollar: state `price({margin}) stays 0.98 .. 1.02`", venue.span
    )


def _read_low(dollar: PriceStays) -> Fraction:
    """By which share of the vault's price of it Perp counts margin for less, or for more, at most."""
    return max(1 - 1 / dollar.high, 1 / dollar.low - 1, Fraction(0))


def _off(venue: Venue, strategy: Strategy) -> dict[str, Fraction]:
    """How far the mark may be from the vault's price of the token: as stated, or as far as a fill may be."""
    assert isinstance(venue.terms, PerpV2)
    token = venue.terms.token
    return off_by(strategy, token) if not exactly(strategy, token) else {token: _slippage(venue, strategy)}


def _slippage(venue: Venue, strategy: Strategy) -> Fraction:
    return next(a.ratio for a in strategy.assumptions if isinstance(a, SlippageAtMost) and a.venue == venue.name)


def _assumed(venue: Venue, terms: PerpV2, strategy: Strategy, off: Fraction) -> Iterator[Assumed]:
    yield Assumed(
        "parameters",
        f"{venue.name} asks for {percent(terms.initial)} and liquidates below {percent(terms.maintenance)}, "
        f"for a penalty of {percent(PENALTY)}",
        Guardian.WATCHED,
        "the vault compares the two ratios when it is deployed, the keeper at each look: the contracts can be replaced",
    )
    for token in exactly(strategy, terms.token):
        yield Assumed(
            "oracle",
            f"{venue.name} marks {token} within {percent(off)} of the feeds of this strategy, as it fills",
            Guardian.WATCHED,
            "the keeper compares mark and feed at each look",
        )
