"""How a swap on Uniswap v3 is printed: the router's address, the pool's fee in millionths; and a loan from a pool."""

from __future__ import annotations

from stratc_compiler.errors import Unsupported
from stratc_compiler.vault import SwapModel
from stratc_dsl.strategy import UniswapV3, Venue
from stratc_targets.venues.emitter import Callback, FlashText, Immutable, NameTable, VenueText

CALLBACK = Callback(
    "uniswapV3FlashCallback",
    ("fee0: uint256", "fee1: uint256", "data: Bytes[1]"),
    amount="flash.amount",
    owed="flash.amount + fee0 + fee1",
    pays=True,
)
"""`IUniswapV3FlashCallback`: a pool calls who has asked, names neither token nor amount, and takes nothing by itself.
Of the token that is not lent the fee is nothing; were it more, it would be more than is due."""


def emit(venue: Venue, swap: SwapModel, argument: str, names: NameTable) -> VenueText:
    """The swap's text. Raises Unsupported for a fee that Uniswap cannot express."""
    assert isinstance(venue.terms, UniswapV3)
    millionths = venue.terms.fee * 1_000_000
    if millionths.denominator != 1:
        raise Unsupported(f"the fee of `{venue.name}`", "Uniswap's fees are whole millionths", venue.span)
    router, fee, pool = (names.constant(venue.name, word) for word in ("router", "fee", "pool"))
    first, second = (names.token(token) for token in swap.pair)
    lends = Immutable(pool, "address", f"uniswap_v3.pool({router}, {fee}, {first}, {second})")
    return VenueText(
        "uniswap_v3",
        (Immutable(router, "address", argument), Immutable(fee, "uint24", str(millionths.numerator), constant=True)),
        (f"uniswap_v3.check_pool({router}, {fee}, {first}, {second})",),
        {},
        lambda sold, bought, amount, minimum: (
            f"uniswap_v3.swap({router}, {fee}, {sold}, {bought}, {amount}, {minimum})"
        ),
        FlashText(
            pool,
            CALLBACK,
            lambda token, amount: f"uniswap_v3.flash_loan({pool}, {token}, {amount})",
            reserve=lambda _: lends,
        ),
    )
