"""What a deployment asks of Morpho Blue: whether there is a market of that name."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from vyper.utils import keccak256

from stratc_dsl.strategy import MorphoBlue, Venue
from stratc_targets.deploy.findings import Finding, Level, Site, percent
from stratc_targets.venues.morpho_blue.emit import WAD
from stratc_targets.vyper.arguments import BindingKind, market_argument

LAST_UPDATE = 4
"""The word of `market` that no market has at zero."""


def check(venue: Venue, site: Site) -> Iterator[Finding]:
    """Nothing of a market can change but who lends there."""
    assert isinstance(venue.terms, MorphoBlue)
    one = venue.terms.collateral
    oracle, irm = (site.manifest.address(BindingKind.MARKET, market_argument(venue, n)) for n in ("oracle", "irm"))
    threshold = one.threshold or Fraction(0)
    words = (site.token(venue.terms.loan), site.token(one.token), oracle, irm, hex(int(threshold * WAD)))
    market = keccak256(b"".join(int(word, 16).to_bytes(32) for word in words))
    terms = f"{venue.terms.loan} against {one.token} at {percent(threshold)}"
    if site.word(site.venue(venue), "market(bytes32)", int.from_bytes(market), number=LAST_UPDATE) == 0:
        said = f"it has no market of {terms} with this oracle and this interest rate model"
        yield Finding(Level.WRONG, f"venues.{venue.name}", said)
        return
    yield Finding(Level.OK, f"venues.{venue.name}", f"its market of {terms}: 0x{market.hex()}")
