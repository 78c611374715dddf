"""What a deployment asks of Uniswap v3: a pool of these tokens at this fee, in which something lies."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from stratc_dsl.strategy import UniswapV3, UniswapV3Lp, Venue
from stratc_targets.deploy.findings import Finding, Level, Site, percent
from stratc_targets.deploy.manifest import NOWHERE

Q96 = 2**96
MILLION = 1_000_000
"""Fees are told in parts of this."""


def pool_of(venue: Venue, terms: UniswapV3 | UniswapV3Lp, site: Site) -> tuple[str | Finding, str]:
    """The pool of these tokens at this fee that the factory of the venue's contract knows, or what is wrong with it;
    and what it is called in findings."""
    place, fee = f"venues.{venue.name}", int(terms.fee * MILLION)
    tokens = _in_order(terms, site)
    factory = site.address(site.venue(venue), "factory()")
    pool = site.address(factory, "getPool(address,address,uint24)", *tokens, fee)
    what = f"{terms.token}/{terms.quote} at {percent(terms.fee)}"
    if pool == NOWHERE:
        return Finding(Level.WRONG, place, f"there is no pool of {what}"), what
    found = [site.address(pool, "token0()"), site.address(pool, "token1()")]
    if found != tokens or site.word(pool, "fee()") != fee:
        return Finding(Level.WRONG, place, f"the pool at {pool} is not that of {what}"), what
    return pool, what


def is_first(token: str, terms: UniswapV3 | UniswapV3Lp, site: Site) -> bool:
    """Whether it is what the pool counts as its first token: that of the smaller address."""
    return _in_order(terms, site)[0] == site.token(token)


def _in_order(terms: UniswapV3 | UniswapV3Lp, site: Site) -> list[str]:
    return sorted((site.token(terms.token), site.token(terms.quote)), key=lambda address: int(address, 16))


def check(venue: Venue, site: Site) -> Iterator[Finding]:
    """The pool that the router's factory knows, and, as a note, how far it is from the feeds."""
    assert isinstance(venue.terms, UniswapV3)
    terms, place = venue.terms, f"venues.{venue.name}"
    pool, what = pool_of(venue, terms, site)
    if isinstance(pool, Finding):
        yield pool
        return
    if site.word(pool, "liquidity()") == 0:
        yield Finding(Level.WRONG, place, f"nothing lies in the pool of {what} at its price")
        return
    yield Finding(Level.OK, place, f"its pool of {what}: {pool}")
    yield from _price(venue, pool, is_first(terms.token, terms, site), site)


def _price(venue: Venue, pool: str, token_first: bool, site: Site) -> Iterator[Finding]:
    assert isinstance(venue.terms, UniswapV3)
    if not site.prices.keys() >= {venue.terms.token, venue.terms.quote}:
        return
    worth, quote = site.unit_worth(venue.terms.token), site.unit_worth(venue.terms.quote)
    root = site.word(pool, "slot0()")
    square = Fraction(root * root, Q96 * Q96)
    told = square if token_first else 1 / square
    off = abs(told / (worth / quote) - 1)
    swap = next(one for one in site.vault.swaps if one.name == venue.name)
    if off > swap.slippage:
        said = f"its price is {percent(off)} from the feeds': until it is back, swaps will be refused"
        yield Finding(Level.NOTE, f"venues.{venue.name}", said)
