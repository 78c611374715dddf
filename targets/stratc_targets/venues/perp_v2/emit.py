"""How an account at Perp v2 is printed: the clearing house, the virtual token of one market, what stands behind both.

The short is moved by trades alone, which the account's cash pays for: it is neither borrowed nor repaid.
"""

from __future__ import annotations

from fractions import Fraction
from typing import NoReturn

from stratc_compiler.errors import Unsupported
from stratc_compiler.vault import Held
from stratc_dsl.strategy import PerpV2, Venue
from stratc_targets.venues.emitter import Immutable, NameTable, PositionText, TradeText, VenueText
from stratc_targets.venues.perp_v2.model import PENALTY

MILLION: int = 10**6

FURTHER = ("base",)
"""The virtual token of the market, beside the clearing house."""


def emit(venue: Venue, positions: tuple[Held, ...], argument: str, names: NameTable) -> VenueText:
    """The account's text. Raises Unsupported for a ratio that Perp cannot express."""
    assert isinstance(venue.terms, PerpV2)
    terms = venue.terms
    house, base, market = (names.constant(venue.name, *words) for words in ((), ("base",), ("market",)))
    immutables = (
        Immutable(house, "address", argument),
        Immutable(base, "address", names.argument(venue, "base")),
        Immutable(market, "perp_v2.Market", f"perp_v2.market({house}, {base})"),
    )
    margin = names.token(terms.margin)
    proved = ", ".join(str(millionths(ratio, venue)) for ratio in (terms.initial, terms.maintenance, PENALTY))
    checks = (
        f"perp_v2.check_market({market}, {margin}, {names.price(terms.token)})",
        f"perp_v2.check_terms({market}, {proved})",
    )
    texts = {held.name: _short(market) if held.debt else _margin(market, margin) for held in positions}
    shortfall = f"perp_v2.shortfall({market}, {proved})"
    trade = TradeText(
        sell=lambda amount, least: f"perp_v2.sell({market}, {amount}, {least})",
        buy=lambda amount, most: f"perp_v2.buy({market}, {amount}, {most})",
    )
    settle = f"perp_v2.settle({market})"
    return VenueText("perp_v2", immutables, checks, texts, trade=trade, settle=settle, shortfall=shortfall)


def _margin(market: str, token: str) -> PositionText:
    return PositionText(
        read=f"perp_v2.cash({market})",
        enter=lambda amount: f"perp_v2.deposit({market}, {token}, {amount})",
        leave=lambda amount: f"perp_v2.withdraw({market}, {token}, {amount})",
        liquidity=f"perp_v2.realized({market}, {token})",
    )


def _short(market: str) -> PositionText:
    return PositionText(read=f"perp_v2.short({market})", enter=_only_traded, leave=_only_traded)


def _only_traded(amount: str) -> NoReturn:
    raise AssertionError(f"a short is entered and left by trades alone, and not by {amount}")


def millionths(ratio: Fraction, venue: Venue) -> int:
    """A ratio as Perp has it. Raises Unsupported for one that is finer."""
    scaled = ratio * MILLION
    if scaled.denominator != 1:
        raise Unsupported(f"a margin ratio of `{venue.name}` finer than a millionth", "round it", venue.span)
    return scaled.numerator
