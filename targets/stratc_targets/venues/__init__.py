"""Venue adapters: one folder each, with model, adapter and what is assumed of the protocol.

Third parties add theirs through the entry point group `stratc.venues`, whose entries name a `VenueFactory`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from stratc_compiler.vault import VenueFactory
from stratc_dsl.strategy import Erc4626, Strategy
from stratc_targets.venues.aave_v3.model import model as aave_v3
from stratc_targets.venues.erc4626.model import model as erc4626
from stratc_targets.venues.morpho_blue.model import model as morpho_blue
from stratc_targets.venues.perp_v2.model import model as perp_v2
from stratc_targets.venues.uniswap_v3.model import model as uniswap_v3
from stratc_targets.venues.uniswap_v3_lp.model import model as uniswap_v3_lp

BUILT_IN: Mapping[str, VenueFactory] = {
    "aave_v3": aave_v3,
    "erc4626": erc4626,
    "morpho_blue": morpho_blue,
    "perp_v2": perp_v2,
    "uniswap_v3": uniswap_v3,
    "uniswap_v3_lp": uniswap_v3_lp,
}


def venue_factories(strategy: Strategy) -> Mapping[str, VenueFactory]:
    """The adapters' models by name: the built-in ones, and where these do not suffice those of installed packages."""
    return BUILT_IN if all(adapter in BUILT_IN for adapter in _adapters(strategy)) else {**_installed(), **BUILT_IN}


def _adapters(strategy: Strategy) -> Iterator[str]:
    """Of the strategy's venues, and of those of vaults that it deposits in."""
    for venue in strategy.venues:
        yield venue.adapter
        if isinstance(venue.terms, Erc4626) and venue.terms.inner is not None and venue.terms.inner.strategy:
            yield from _adapters(venue.terms.inner.strategy)


def _installed() -> dict[str, VenueFactory]:
    """Asking every installed package takes longer than parsing a strategy, and so does loading what asks."""
    from importlib.metadata import entry_points

    return {entry.name: entry.load() for entry in entry_points(group="stratc.venues")}
