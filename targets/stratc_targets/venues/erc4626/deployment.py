"""What a deployment asks of an ERC-4626 vault: whether it is one, of which asset, and free of charge."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from stratc_dsl.strategy import Erc4626, Venue
from stratc_targets.deploy.findings import Finding, Level, Site, percent
from stratc_targets.keeper.watchlist import ONE_SHARE


def check(venue: Venue, site: Site) -> Iterator[Finding]:
    """Its asset, that shares are worth something, and that nobody is charged for coming or leaving."""
    assert isinstance(venue.terms, Erc4626)
    address, place = site.venue(venue), f"venues.{venue.name}"
    asset = site.address(address, "asset()")
    if asset != site.token(venue.terms.asset):
        yield Finding(Level.WRONG, place, f"its asset is {asset}, and not {venue.terms.asset}")
        return
    worth = site.word(address, "convertToAssets(uint256)", ONE_SHARE)
    if worth == 0:
        yield Finding(Level.WRONG, place, "its shares are worth nothing")
        return
    charges = list(_charges(address, worth, site))
    if charges:
        yield from (Finding(Level.WRONG, place, one) for one in charges)
        return
    yield Finding(Level.OK, place, f"a vault of {venue.terms.asset}")


def _charges(address: str, worth: int, site: Site) -> Iterator[str]:
    """What is taken of who comes or leaves: `preview..` tells it, and `convert..` does not (EIP-4626)."""
    shares = site.word(address, "convertToShares(uint256)", worth)
    for what, told, free in (
        ("leaving", site.word(address, "previewRedeem(uint256)", ONE_SHARE), worth),
        ("coming", site.word(address, "previewDeposit(uint256)", worth), shares),
    ):
        if told + 1 < free:
            yield f"it charges {percent(Fraction(free - told, free))} for {what}, and it was proved with nothing"
