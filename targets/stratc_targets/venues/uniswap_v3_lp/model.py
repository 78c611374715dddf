"""What the proofs assume of liquidity in a range.

Sources: v3-core `SqrtPriceMath` (amounts of a range), v3-periphery `NonfungiblePositionManager`; `ranges` of the
compiler has what the worth of a range does when a price moves.

A position is told by its liquidity, which the manager books exactly. Its worth by the oracle rounds at seven places,
each by less than 10^-8 USD; amounts that are paid in or out are each rounded twice, by less than a unit. Nobody can
take liquidity out of it, and nothing is owed, so there is nothing to liquidate. The pool's own price enters once:
liquidity is added, and by rules taken out, only while it is no further from the oracle's than `slippage(v)` says, or
where that is not stated than both feeds may be from the market. That does not make adding work: for this it has to be
nearer by far (`adds(v)`).
"""

from __future__ import annotations

from fractions import Fraction
from math import isqrt

from stratc_compiler.environment import MOST_GAIN
from stratc_compiler.errors import Unsupported
from stratc_compiler.guardian import Guardian
from stratc_compiler.ranges import (
    FEWEST_DECIMALS,
    LEAST_PRICE,
    MOST_DECIMALS,
    MOST_MEAN,
    MOST_OFF,
    NARROWEST,
    Range,
    least_prices,
    most_prices,
)
from stratc_compiler.refuse import feed_of
from stratc_compiler.text import percent
from stratc_compiler.vault import Assumed, Held, VenueModel
from stratc_dsl.strategy import (
    Every,
    Harvest,
    LiquidityAtLeast,
    Position,
    SlippageAtMost,
    Strategy,
    UniswapV3,
    UniswapV3Lp,
    Venue,
)

ROUNDING_UNITS = 4
"""Two amounts, each rounded at two divisions."""


def model(venue: Venue, strategy: Strategy) -> VenueModel:
    """The model of one position.

    Raises Unsupported for a pair without base or of too few or too many decimals, a pool that may be far off, a range
    narrower than a tick, and where no rule fetches fees by the calendar.
    """
    assert isinstance(venue.terms, UniswapV3Lp)
    terms = venue.terms
    if strategy.base not in (terms.token, terms.quote):
        cure = f"take a pool of {strategy.base}, which what is put in and taken out is told in"
        raise Unsupported(f"a range in a pair without {strategy.base}", cure, terms.span)
    quoted = terms.quote == strategy.base
    token = terms.token if quoted else terms.quote
    decimals = sum(strategy.token(name).decimals for name in (terms.token, terms.quote))
    for name in (terms.token, terms.quote):
        if strategy.token(name).decimals > MOST_DECIMALS:
            cure = f"take tokens of at most {MOST_DECIMALS} decimals: what a range of smaller units consists of is lost"
            raise Unsupported(f"a range of {name}, with {strategy.token(name).decimals} decimals", cure, terms.span)
    if decimals < FEWEST_DECIMALS:
        cure = f"take two tokens of at least {FEWEST_DECIMALS} decimals together: what it consists of is no word else"
        raise Unsupported(f"a range of two tokens with {decimals} decimals together", cure, terms.span)
    below, above = 1 + terms.low, 1 + terms.high
    if above < below * NARROWEST:
        cure = f"at least {percent(NARROWEST - 1)} from end to end, which is a tick"
        raise Unsupported("a range narrower than a tick", cure, terms.span)
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
    if held and not _is_harvested(venue, strategy):
        cure = f"write `every 24h do harvest {venue.name}`: fees that nobody fetches come to any share of the position"
        raise Unsupported("a range whose fees no rule fetches by the calendar", cure, venue.span)
    return VenueModel(venue.name, "uniswap_v3_lp", held, assumes=_assumes(of, decimals) if held else ())


def _is_harvested(venue: Venue, strategy: Strategy) -> bool:
    return any(
        isinstance(rule.trigger, Every) and isinstance(rule.action, Harvest) and rule.action.venue == venue.name
        for rule in strategy.rules
    )


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


def near_enough(of: Range) -> Fraction:
    """How near the pool has to be in the middle of the range for adding to work, where buying costs all that it may.

    From the proportion by the oracle's price P, a pool at t leaves over about |t/P - 1| / 2 / (1 - root) of what is
    given, root being that of P by the end of the range on the side away from t; `off` is what is left for that.
    """
    ratio = of.below / of.above
    root = isqrt(isqrt(ratio.numerator * 10**48 // ratio.denominator)) + 1
    return 2 * of.off * (1 - Fraction(root, 10**12))


def _assumes(of: Range, decimals: int) -> tuple[Assumed, ...]:
    near = (
        f"the price of {of.token} in the pool of {of.name} is no further than {percent(of.off)} from the feeds' when "
        "liquidity is added or, by a rule, taken out"
    )
    adds = (
        f"whenever liquidity is added to {of.name}, that leaves over or costs at most {percent(of.entering)} of it: "
        f"for this the pool has to be within about {percent(near_enough(of))} of the feeds' price while that is in "
        "the middle of the range, and ever nearer towards its ends, where nothing is near enough"
    )
    fees = (
        f"fees that wait to be fetched from {of.name} never exceed {percent(MOST_GAIN)} of the position, however "
        "long they wait; they are in no nav: who comes before that shares in what others earned, who goes does not"
    )
    size = (
        f"what is held at {of.name} is worth so little that its liquidity times the root of the price of {of.token} is "
        f"worth less than {MOST_MEAN:,} USD, and the prices of {of.token} and {of.base} in USD multiply to less than "
        f"{most_prices(decimals):,}, and to no less than {least_prices(of, decimals)}, neither of them less than "
        f"{float(LEAST_PRICE):.8f}"
    )
    ticks = (
        f"the range of {of.name} is fixed at deployment, from at most {percent(of.below)} to at least "
        f"{percent(of.above)} of the feeds' price of {of.token} on that day"
    )
    how = "the vault compares the two prices, and reverts"
    reverts = (
        "the vault compares what the position is worth more, and reverts: the rule waits until the pool has moved on"
    )
    looked = "a rule fetches them by the calendar, and the keeper measures what waits"
    return (
        Assumed("spot", near, Guardian.ENFORCED, how),
        Assumed("adds", adds, Guardian.TRUSTED, reverts),
        Assumed("fees", fees, Guardian.WATCHED, looked),
        Assumed("scale", size, Guardian.TRUSTED, "beyond it every call that reads the position reverts"),
        Assumed("parameters", ticks, Guardian.ENFORCED, "the vault computes its ticks when it is deployed"),
    )
