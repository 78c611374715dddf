"""How a position in a range is printed: the manager's address and the pool, where it lies, its number."""

from __future__ import annotations

from fractions import Fraction

from stratc_compiler.errors import Unsupported
from stratc_compiler.ranges import Range
from stratc_compiler.vault import Held
from stratc_dsl.strategy import UniswapV3Lp, Venue
from stratc_targets.venues.emitter import Immutable, NameTable, RangeText, Stored, VenueText

MILLION = 1_000_000
FINEST = 10**18
"""Shares of finer parts might be too much for a word, multiplied by what units are worth."""


def emit(venue: Venue, positions: tuple[Held, ...], argument: str, names: NameTable) -> VenueText:
    """The position's text. Raises Unsupported for a fee or a range that a contract cannot express."""
    manager = Immutable(names.constant(venue.name, "manager"), "address", argument)
    if not positions:
        return VenueText("uniswap_v3_lp", (manager,), (), {})
    (held,) = positions
    of = held.range
    assert of is not None
    place = names.constant(venue.name, "place")
    ends, number = (names.stored(word, venue.name) for word in ("range", "position"))
    token, base = names.token(of.token), names.token(of.base)
    located = f"uniswap_v3_lp.locate({manager.name}, {token}, {base}, {_fee(venue)})"
    shares = (f"uniswap_v3_lp.Share(of={one.numerator}, whole={one.denominator})" for one in _ends(of, venue))
    # The arithmetic of ticks is large, and so in the vault's constructor alone.
    laid = f"{ends} = uniswap_v3_lp.around({place}, {base}, {', '.join((*_price(of, names), *shares))})"
    text = RangeText(
        read=f"uniswap_v3_lp.held({place}, {number})",
        low=f"{ends}.low",
        high=f"{ends}.high",
        near=lambda *worths: f"uniswap_v3_lp.check_near({place}, {base}, {', '.join(worths)}, {int(of.off * MILLION)})",
        provide=lambda most, most_base, *took: (
            f"{number}, {', '.join(took)} = uniswap_v3_lp.provide("
            f"{place}, {ends}.lower, {ends}.upper, {number}, {base}, {most}, {most_base})"
        ),
        withdraw=lambda liquidity, *came: (
            f"{', '.join(came)} = uniswap_v3_lp.withdraw({place}, {number}, {base}, {liquidity})"
        ),
        give=lambda liquidity, receiver: f"uniswap_v3_lp.give({place}, {number}, {liquidity}, {receiver})",
    )
    immutables = (manager, Immutable(place, "uniswap_v3_lp.Place", located))
    stored = (
        Stored(ends.rpartition(".")[2], "uniswap_v3_lp.Ends", f"where the range of {venue.name} lies, for good"),
        Stored(number.rpartition(".")[2], "uint256", f"the position at {venue.name}, 0 before there is one"),
    )
    return VenueText("uniswap_v3_lp", immutables, (laid,), {}, ranges={held.name: text}, stored=stored)


def _price(of: Range, names: NameTable) -> tuple[str, str]:
    """The price on the day of deployment, as `ranges.quotient` has it."""
    return (
        f"{names.price(of.token)} * {names.unit(of.base)}",
        f"{names.price(of.base)} * {names.unit(of.token)}",
    )


def _fee(venue: Venue) -> int:
    assert isinstance(venue.terms, UniswapV3Lp)
    millionths = venue.terms.fee * MILLION
    if millionths.denominator != 1:
        raise Unsupported(f"the fee of `{venue.name}`", "Uniswap's fees are whole millionths", venue.span)
    return millionths.numerator


def _ends(of: Range, venue: Venue) -> tuple[Fraction, Fraction]:
    for end in (of.below, of.above):
        if max(end.numerator, end.denominator) > FINEST:
            raise Unsupported(f"an end of the range of `{venue.name}` with so many digits", "round it", venue.span)
    return of.below, of.above
