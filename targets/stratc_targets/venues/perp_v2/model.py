"""What the proofs assume of an account at Perp v2 that is short: cash, and what is to be bought back.

Sources: `exact.py` beside this, which the protocol's own contracts are held to. An account's value is its cash (margin
with realized profit, funding, and what the short was sold for) less its size at the mark. So it is a loan of the token
against cash: nobody can liquidate while cash is at least 1 + maintenance times what buying back costs at the mark, and
trading and withdrawing ask the same with the initial ratio. They ask a second thing: that what is *realized* of the
cash is at least that share too, since profit on paper is no margin. A liquidator closes at the mark and takes the
penalty.

A unit of margin counts for a dollar there, whatever it costs, and what a short costs is told in that unit (`perps`).
What Perp reads is not what the vault reads in one way: the mark is a median of the pool's price, its average over half
an hour and the index with an average premium. `oracle(T) off by` says how far it may be from the vault's price, and
where nothing is stated it is as far as `slippage(v)` lets a fill be.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from stratc_compiler.environment import period_of
from stratc_compiler.errors import Unsupported
from stratc_compiler.expr import And, Combination, Expr, Formula, Rounding, value_of
from stratc_compiler.guardian import Guardian
from stratc_compiler.perps import Perp, in_a_round
from stratc_compiler.predicates import ONE, Quotient, compare
from stratc_compiler.readings import Loan, exactly, off_by
from stratc_compiler.text import percent
from stratc_compiler.vault import Assumed, Held, VenueModel
from stratc_dsl.span import NOWHERE
from stratc_dsl.strategy import (
    FundingBetween,
    LiquidityAtLeast,
    PerpV2,
    Position,
    PriceMoves,
    PriceStays,
    Relation,
    SlippageAtMost,
    Strategy,
    Venue,
)

OFF_BY = 2
"""Units by which one operation leaves the cash off: a fraction of one is lost in a withdrawal, one in reading it."""

_DECIMALS = 18

PENALTY = Fraction(25, 1_000)
"""What a liquidation costs beyond the mark, as the protocol begins with it."""


def model(venue: Venue, strategy: Strategy) -> VenueModel:
    """The account in one market.

    Raises Unsupported for margin that is not base, liquidity that is stated, and funding that always goes one way.
    """
    assert isinstance(venue.terms, PerpV2)
    terms = venue.terms
    if terms.margin != strategy.base:
        cure = f"write `margin={strategy.base}`: what a short gains is paid in its margin"
        raise Unsupported(f"margin in {terms.margin} beside base {strategy.base}", cure, terms.span)
    decimals = strategy.token(terms.token).decimals
    if decimals != _DECIMALS:
        cure = f"perp_v2 counts every size in {_DECIMALS} decimals, {terms.token} has {decimals}"
        raise Unsupported(f"a short in {terms.token} at `{venue.name}`", cure, terms.span)
    for stated in strategy.assumptions:
        if isinstance(stated, LiquidityAtLeast) and stated.venue == venue.name:
            cure = "leave it out: what of a margin can be withdrawn hangs on what is realized of it"
            raise Unsupported(f"`liquidity({venue.name})` of a margin", cure, stated.span)
    of = _terms(venue, terms, strategy)
    cash = Held(Position(venue.name, "margin", terms.margin), rounding=OFF_BY)
    short = Held(Position(venue.name, "short", terms.token), debt=True, perp=of)
    kept, opened = (
        Loan({cash: 1 / (1 + ratio)}, (short,), {terms.token: of.off}) for ratio in (of.maintenance, of.initial)
    )
    asked = And((opened.covered(), _realized(cash, short, of.initial, opened)))
    return VenueModel(
        venue.name,
        "perp_v2",
        (cash, short),
        never_liquidated=kept.covered(),
        after_borrow=asked,
        after_withdraw=asked,
        after_cover=And((kept.covered(), _realized(cash, short, of.maintenance, kept))),
        off=kept.off,
        seized=(1 + of.off) * (1 + of.penalty),
        governed=True,
        assumes=tuple(_assumed(venue, of, strategy)),
    )


def _terms(venue: Venue, terms: PerpV2, strategy: Strategy) -> Perp:
    written = next(a for a in strategy.assumptions if isinstance(a, FundingBetween) and a.venue == venue.name)
    if not written.low <= 0 <= written.high:
        # Nor could a keeper tell funding that has stopped from funding that somebody has just settled.
        cure = "begin or end the range at 0%: whenever somebody has settled it, nothing is pending"
        raise Unsupported(f"funding of `{venue.name}` that always goes one way", cure, written.span)
    low, high = in_a_round(written.low, written.high, Fraction(period_of(strategy), written.per))
    dearest = _dearest(terms.token, strategy)
    return Perp(
        token=terms.token,
        margin=terms.margin,
        slippage=_slippage(venue, strategy),
        initial=terms.initial,
        maintenance=terms.maintenance,
        off=_off(venue, strategy)[terms.token],
        low=low * dearest,
        high=high * dearest,
        penalty=PENALTY,
    )


def _dearest(token: str, strategy: Strategy) -> Fraction:
    """By what the price that funding is told of may at most exceed the one that the round began with.

    What was pending then is of prices before it, which a fall may have left behind. Raises Unsupported without a bound.
    """
    for assumption in strategy.assumptions:
        match assumption:
            case PriceMoves(name, low, high) if name == token and low > -1:
                return max(1 + high, 1 / (1 + low))
            case PriceStays(name, low, high) if name == token:
                return high / low
            case _:
                pass
    cure = f"write for example `price({token}) moves -20% .. +20%`"
    raise Unsupported(f"funding of a short in {token}, whose price has no bound", cure, strategy.span)


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


def _off(venue: Venue, strategy: Strategy) -> dict[str, Fraction]:
    """How far the mark may be from the vault's price of the token: as stated, or as far as a fill may be."""
    assert isinstance(venue.terms, PerpV2)
    token = venue.terms.token
    return off_by(strategy, token) if not exactly(strategy, token) else {token: _slippage(venue, strategy)}


def _slippage(venue: Venue, strategy: Strategy) -> Fraction:
    return next(a.ratio for a in strategy.assumptions if isinstance(a, SlippageAtMost) and a.venue == venue.name)


def _assumed(venue: Venue, of: Perp, strategy: Strategy) -> Iterator[Assumed]:
    yield Assumed(
        "parameters",
        f"{venue.name} asks for {percent(of.initial)} and liquidates below {percent(of.maintenance)}, "
        f"for a penalty of {percent(of.penalty)}, and its market is neither paused nor closed",
        Guardian.WATCHED,
        "the vault compares all of it when it is deployed and is guarded while it is not so, the keeper looks too",
    )
    for token in exactly(strategy, of.token):
        yield Assumed(
            "oracle",
            f"{venue.name} marks {token} within {percent(of.off)} of the feeds of this strategy, as it fills",
            Guardian.WATCHED,
            "the keeper compares mark and feed at each look",
        )
    yield Assumed(
        "settles",
        f"somebody trades in the market of {venue.name}, or settles its funding, once a round at least",
        Guardian.WATCHED,
        "the vault settles it whenever a round begins, unless the house is paused; the keeper measures what is pending",
    )
