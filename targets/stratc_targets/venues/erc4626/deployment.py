"""What a deployment asks of an ERC-4626 vault: whether it is one, and of which asset."""

from __future__ import annotations

from collections.abc import Iterator

from stratc_dsl.strategy import Erc4626, Venue
from stratc_targets.deploy.findings import Finding, Level, Site
from stratc_targets.keeper.watchlist import ONE_SHARE


def check(venue: Venue, site: Site) -> Iterator[Finding]:
    """Its asset, and that shares are worth something."""
    assert isinstance(venue.terms, Erc4626)
    address, place = site.venue(venue), f"venues.{venue.name}"
    asset = site.address(address, "asset()")
    if asset != site.token(venue.terms.asset):
        yield Finding(Level.WRONG, place, f"its asset is {asset}, and not {venue.terms.asset}")
        return
    if site.word(address, "convertToAssets(uint256)", ONE_SHARE) == 0:
        yield Finding(Level.WRONG, place, "its shares are worth nothing")
        return
    yield Finding(Level.OK, place, f"a vault of {venue.terms.asset}")
