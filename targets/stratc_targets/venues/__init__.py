"""Venue adapters: one folder each, with model, adapter and what is assumed of the protocol.

Third parties add theirs through the entry point group `stratc.venues`, whose entries name a `VenueFactory`.
"""

from __future__ import annotations

from importlib.metadata import entry_points

from stratc_compiler.vault import VenueFactory
from stratc_targets.venues.aave_v3.model import model as aave_v3
from stratc_targets.venues.erc4626.model import model as erc4626
from stratc_targets.venues.uniswap_v3.model import model as uniswap_v3

BUILT_IN: dict[str, VenueFactory] = {"aave_v3": aave_v3, "erc4626": erc4626, "uniswap_v3": uniswap_v3}


def venue_factories() -> dict[str, VenueFactory]:
    """Every adapter's model by name: the built-in ones, and those of installed packages."""
    found: dict[str, VenueFactory] = {entry.name: entry.load() for entry in entry_points(group="stratc.venues")}
    return found | BUILT_IN
