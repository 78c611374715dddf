"""What the keeper reads of an ERC-4626 vault: what it would pay out, and what its shares are worth."""

from __future__ import annotations

from collections.abc import Mapping

from stratc_compiler.vault import Held
from stratc_dsl.strategy import Erc4626, Venue
from stratc_targets.keeper.watchlist import ONE_SHARE, THE_VAULT, VenueReadings, View, Worth
from stratc_targets.venues.emitter import VenueText


def watch(venue: Venue, positions: tuple[Held, ...], text: VenueText, tokens: Mapping[str, str]) -> VenueReadings:
    """`positions` are the venue's, at most one; no getter of `tokens` is needed."""
    assert isinstance(venue.terms, Erc4626)
    address = text.immutables[0].name
    worth = Worth(venue.terms.asset, View(address, "convertToAssets(uint256)", str(ONE_SHARE)))
    payable = {held.name: View(address, "maxWithdraw(address)", THE_VAULT) for held in positions}
    return VenueReadings(payable, shares=(worth,))
