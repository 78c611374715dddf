"""How a swap on Uniswap v3 is printed: the router's address, the pool's fee in millionths."""

from __future__ import annotations

from stratc_compiler.errors import Unsupported
from stratc_compiler.vault import SwapModel
from stratc_dsl.strategy import UniswapV3, Venue
from stratc_targets.venues.emitter import Immutable, NameTable, VenueText


def emit(venue: Venue, swap: SwapModel, argument: str, names: NameTable) -> VenueText:
    """The swap's text. Raises Unsupported for a fee that Uniswap cannot express."""
    assert isinstance(venue.terms, UniswapV3)
    millionths = venue.terms.fee * 1_000_000
    if millionths.denominator != 1:
        raise Unsupported(f"the fee of `{venue.name}`", "Uniswap's fees are whole millionths", venue.span)
    router, fee = names.constant(venue.name, "router"), names.constant(venue.name, "fee")
    first, second = (names.token(token) for token in swap.pair)
    return VenueText(
        "uniswap_v3",
        (Immutable(router, "address", argument), Immutable(fee, "uint24", str(millionths.numerator), constant=True)),
        (f"uniswap_v3.check_pool({router}, {fee}, {first}, {second})",),
        {},
        lambda sold, bought, amount, minimum: (
            f"uniswap_v3.swap({router}, {fee}, {sold}, {bought}, {amount}, {minimum})"
        ),
    )
