"""What the proofs assume of liquidity in a range.

Sources: v3-core `SqrtPriceMath` (amounts of a range), v3-periphery `NonfungiblePositionManager`; `ranges` of the
compiler has what the worth of a range does when a price moves.

A position is told by its liquidity, which the manager books exactly. Its worth by the oracle rounds at seven places,
each by less than 10^-8 USD; amounts that are paid in or out are each rounded twice, by less than a unit. Nobody can
take liquidity out of it, and nothing is owed, so there is nothing to liquidate. The pool's own price enters once:
liquidity is added, and by rules taken out, only while it is no further from the oracle's than `slippage(v)` says, or
where that is not stated than both feeds may be from the market.
"""

from __future__ import annotations

from fractions import Fraction

from stratc_compiler.errors import Unsupported
from stratc_compiler.guardian import Guardian
from stratc_compiler.ranges import MOST_OFF, Range
from stratc_compiler.refuse import feed_of
from stratc_compiler.text import percent
from stratc_compiler.vault import Assumed, Held, VenueModel
from stratc_dsl.strategy import LiquidityAtLeast, Position, SlippageAtMost, Strategy, UniswapV3, UniswapV3Lp, Venue

ROUNDING_UNITS = 4
"""Two amounts, each rounded at two divisions."""


def model(venue: Venue, strategy: Strategy) -> VenueModel:
    """The model of one position. Raises Unsupported for a pair without base, and for a pool that may be far off."""
    assert isinstance(venue.terms, UniswapV3Lp)
    terms = venue.terms
    if strategy.base not in (terms.token, terms.quote):
        cure = f"take a pool of {strategy.base}, which what is put in and taken out is told in"
        raise Unsupported(f"a range in a pair without {strategy.base}", cure, terms.span)
    quoted = terms.quote == strategy.base
    token = terms.token if quoted else terms.quote
    below, above = 1 + terms.low, 1 + terms.high
    for one in strategy.assumptions:
        if isinstance(one, LiquidityAtLeast) and one.venue == venue.name:
            raise Unsupported(f"`liquidity({venue.name})`", "a pool pays out all of a position at any time", one.span)
    off = _off(venue, strategy)
    if off > MOST_OFF:
        raise Unsupported(f"a pool that is off by {percent(off)}", f"at most {percent(MOST_OFF)}", venue.span)
    of = Range(
        venue.name,
        token,
        strategy.base,
        below if quoted else 1 / above,
        above if quoted else 1 / below,
        off,
        off + _swapped(strategy, token),
    )
    position = Position(venue.name, "liquidity", terms.token)
    allocated = any(allocation.position == position for allocation in strategy.allocations)
    held = (Held(position, rounding=ROUNDING_UNITS, range=of),) if allocated else ()
    return VenueModel(venue.name, "uniswap_v3_lp", held, assumes=_assumes(of) if held else ())


def _off(venue: Venue, strategy: Strategy) -> Fraction:
    assert isinstance(venue.terms, UniswapV3Lp)
    stated = [a.ratio for a in strategy.assumptions if isinstance(a, SlippageAtMost) and a.venue == venue.name]
    feeds = (feed_of(strategy.token(name)).deviation for name in (venue.terms.token, venue.terms.quote))
    return min(stated, default=sum(feeds, Fraction(0)))


def _swapped(strategy: Strategy, token: str) -> Fraction:
    """What buying the token may cost: plans refuse where it cannot be bought."""
    pools = {
        v.name for v in strategy.venues if isinstance(v.terms, UniswapV3) and token in (v.terms.token, v.terms.quote)
    }
    slippages = (a.ratio for a in strategy.assumptions if isinstance(a, SlippageAtMost) and a.venue in pools)
    return max(slippages, default=Fraction(0))


def _assumes(of: Range) -> tuple[Assumed, ...]:
    near = (
        f"the price of {of.token} in the pool of {of.name} is no further than {percent(of.off)} from the feeds' when "
        f"liquidity is added or, by a rule, taken out; adding leaves over or costs at most {percent(of.entering)} of it"
    )
    ticks = (
        f"the range of {of.name} is fixed at deployment, from at most {percent(of.below)} to at least "
        f"{percent(of.above)} of the feeds' price of {of.token} on that day"
    )
    how = "the vault compares the two prices, and what the position is worth more, and reverts"
    return (
        Assumed("spot", near, Guardian.ENFORCED, how),
        Assumed("parameters", ticks, Guardian.ENFORCED, "the vault computes its ticks when it is deployed"),
    )
