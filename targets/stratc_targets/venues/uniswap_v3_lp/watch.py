"""What the keeper reads of a range of liquidity beside the vault's State: the fees that wait there.

A pool pays out all of a position at any time; how near it is to the feeds the vault looks itself when a rule moves
liquidity. What waits is what the manager would pay the vault now: it is asked to, as the vault, and nothing is sent.
"""

from __future__ import annotations

from collections.abc import Mapping

from stratc_compiler.vault import Held
from stratc_dsl.strategy import Venue
from stratc_targets.keeper.watchlist import THE_VAULT, FeesRead, VenueReadings, View
from stratc_targets.venues.emitter import VenueText

COLLECT = "collect((uint256,address,uint128,uint128))"
"""Of Uniswap's `NonfungiblePositionManager`: which position, who is paid, and how much at the most of either token."""

ALL: str = str(2**128 - 1)

FIRST = 2
"""The word of a `Place` that is the pool's first token (`adapter.vy`)."""


def watch(venue: Venue, positions: tuple[Held, ...], text: VenueText, tokens: Mapping[str, str]) -> VenueReadings:
    """The position's growth, which gifts of liquidity are, is told by the vault's State."""
    return VenueReadings({}, fees=tuple(_fees(venue, held, text, tokens) for held in positions))


def _fees(venue: Venue, held: Held, text: VenueText, tokens: Mapping[str, str]) -> FeesRead:
    """Its `worth` is the position's name, for which whoever knows the State puts the member."""
    of = held.range
    assert of is not None
    manager, place = (one.name for one in text.immutables)  # as `emit` lays them out
    _, number = (one.name for one in text.stored)
    position = View(THE_VAULT, f"{number}()", None)

    def waiting(word: int) -> View:
        return View(manager, COLLECT, None, word, given=position, further=(THE_VAULT, ALL, ALL), as_vault=True)

    return FeesRead(
        venue.name,
        held.name,
        (of.token, of.base),
        View(THE_VAULT, f"{tokens[of.token]}()", None),
        View(THE_VAULT, f"{place}()", None, FIRST),
        (waiting(0), waiting(1)),
    )
