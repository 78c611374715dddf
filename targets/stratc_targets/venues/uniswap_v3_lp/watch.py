"""What the keeper reads of a range of liquidity: nothing beside the vault's State, in which its liquidity stands.

A pool pays out all of a position at any time; how near it is to the feeds the vault looks itself when a rule moves
liquidity, and what waits there in fees is trusted.
"""

from __future__ import annotations

from collections.abc import Mapping

from stratc_compiler.vault import Held
from stratc_dsl.strategy import Venue
from stratc_targets.keeper.watchlist import VenueReadings
from stratc_targets.venues.emitter import VenueText


def watch(venue: Venue, positions: tuple[Held, ...], text: VenueText, tokens: Mapping[str, str]) -> VenueReadings:
    """The position's growth, which gifts of liquidity are, is told by the vault's State."""
    return VenueReadings({})
