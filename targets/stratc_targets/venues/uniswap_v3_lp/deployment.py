"""What a deployment asks of the pool of a range: whether there is one, where the range would lie, how near it is."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from stratc_compiler.interpret import Reverted
from stratc_compiler.ranges import Range
from stratc_dsl.strategy import UniswapV3Lp, Venue
from stratc_targets.deploy.findings import Finding, Level, Site, percent
from stratc_targets.venues.uniswap_v3.deployment import is_first, pool_of
from stratc_targets.venues.uniswap_v3_lp.model import near_enough
from stratc_targets.venues.uniswap_v3_lp.places import around, ends_in_base, root_in_pool
from stratc_targets.venues.uniswap_v3_lp.ticks import Q96


def check(venue: Venue, site: Site) -> Iterator[Finding]:
    """The pool of these tokens at this fee that the position manager's factory knows, and what is laid in it."""
    assert isinstance(venue.terms, UniswapV3Lp)
    terms, place = venue.terms, f"venues.{venue.name}"
    pool, what = pool_of(venue, terms, site)
    if isinstance(pool, Finding):
        yield pool
        return
    yield Finding(Level.OK, place, f"its pool of {what}: {pool}")
    positions = next((one.positions for one in site.vault.venues if one.name == venue.name), ())
    for of in (held.range for held in positions if held.range is not None):
        if site.prices.keys() >= {of.token, of.base}:
            yield from _range(of, pool, is_first(of.token, terms, site), site)


def _range(of: Range, pool: str, token_first: bool, site: Site) -> Iterator[Finding]:
    place = f"venues.{of.name}"
    price = site.unit_worth(of.token) / site.unit_worth(of.base)
    spacing = site.word(pool, "tickSpacing()")
    try:
        lower, upper = around(price.numerator, price.denominator, of.below, of.above, spacing, token_first)
    except Reverted as beyond:
        yield Finding(Level.WRONG, place, f"the range does not lie within the pool's ticks: {beyond}")
        return
    units = [10 ** site.vault.strategy.token(token).decimals for token in (of.token, of.base)]
    roots = ends_in_base(lower, upper, token_first)
    low, high = (float(Fraction(root * root * units[0], Q96 * Q96 * units[1])) for root in roots)
    said = f"its range would be {low:,.6g} .. {high:,.6g} {of.base} for one {of.token} (ticks {lower} .. {upper})"
    yield Finding(Level.OK, place, said)
    spot = site.word(pool, "slot0()")
    root = root_in_pool(price.numerator, price.denominator, token_first)
    off = abs(Fraction(spot * spot, root * root) - 1)
    if off > of.off:
        said = f"until it is within {percent(of.off)}, no rule will add liquidity or take it out"
        yield Finding(Level.NOTE, place, f"its price is {percent(off)} from the feeds': {said}")
    elif off > near_enough(of):
        said = f"adding liquidity will mostly be refused until it is within {percent(near_enough(of))}"
        yield Finding(Level.NOTE, place, f"its price is {percent(off)} from the feeds': {said}")
