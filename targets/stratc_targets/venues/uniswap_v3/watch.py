"""What the keeper reads of a pool of Uniswap v3 that lends: what lies there of a token, whether it lends."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil

from stratc_compiler.vault import Held
from stratc_dsl.strategy import UniswapV3, Venue
from stratc_targets.keeper.watchlist import FlashRead, VenueReadings, View
from stratc_targets.venues.emitter import VenueText


def watch(venue: Venue, positions: tuple[Held, ...], text: VenueText, tokens: Mapping[str, str]) -> VenueReadings:
    """`tokens` are the vault's getters of token addresses. Without liquidity at its price a pool lends nothing of what
    lies there (v3-core, `L`)."""
    assert isinstance(venue.terms, UniswapV3)
    lent = {} if text.flash is None else text.flash.lent
    basis_points = ceil(venue.terms.fee * 10_000)
    flash_loans = tuple(
        FlashRead(
            venue.name,
            token,
            View(tokens[token], "balanceOf(address)", pool),
            basis_points=basis_points,
            liquidity=View(pool, "liquidity()", None),
        )
        for token, pool in lent.items()
    )
    return VenueReadings({}, flash_loans=flash_loans)
