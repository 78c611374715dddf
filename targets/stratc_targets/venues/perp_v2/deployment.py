"""What a deployment asks of Perp v2: whether there is such a market, open, margined and indexed as was proved.

Its parameters and its mark are read as the keeper reads them; here is the rest.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from stratc_dsl.strategy import PerpV2, SlippageAtMost, Venue
from stratc_targets.deploy.findings import Finding, Level, Site, percent
from stratc_targets.venues.perp_v2.emit import MILLION
from stratc_targets.vyper.arguments import BindingKind, market_argument

INDEX_DIGITS = 10**10
"""By how much the index may differ from the feed, in 10^-18 USD: as the adapter has it."""


def check(venue: Venue, site: Site) -> Iterator[Finding]:
    assert isinstance(venue.terms, PerpV2)
    terms, house, place = venue.terms, site.venue(venue), f"venues.{venue.name}"
    base = site.manifest.address(BindingKind.MARKET, market_argument(venue, "base"))
    registry = site.address(site.address(house, "getExchange()"), "getMarketRegistry()")
    if not site.word(registry, "hasPool(address)", base):
        yield Finding(Level.WRONG, f"venues.{venue.name}.base", f"it has no market of the virtual token {base}")
        return
    mistakes = list(_mistakes(venue, terms, house, base, registry, site))
    yield from (Finding(Level.WRONG, place, one) for one in mistakes)
    if not mistakes:
        yield Finding(Level.OK, place, f"its market of {terms.token} is open, and margined in {terms.margin}")


def _mistakes(venue: Venue, terms: PerpV2, house: str, base: str, registry: str, site: Site) -> Iterator[str]:
    margin = site.address(site.address(house, "getVault()"), "getSettlementToken()")
    if margin.lower() != site.token(terms.margin).lower():
        yield f"it is margined in {margin}, which is not {terms.margin}"
    if not site.word(base, "isOpen()"):
        yield f"its market of {terms.token} is paused or closed"
    index, price = site.word(base, "getIndexPrice(uint256)", 0), site.prices.get(terms.token)
    if price is None or abs(index - price) > INDEX_DIGITS:
        yield f"its index of {terms.token} is not what the feed of this strategy says"
    fee = Fraction(site.word(registry, "getFeeRatio(address)", base), MILLION)
    allowed = next(
        one.ratio
        for one in site.vault.strategy.assumptions
        if isinstance(one, SlippageAtMost) and one.venue == venue.name
    )
    if fee >= allowed:
        yield f"its fee is {percent(fee)}, and a fill may be {percent(allowed)} off the oracle, fee included"
