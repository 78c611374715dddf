"""What the keeper reads of Perp v2: what could be withdrawn, its parameters and its mark now, and pending funding."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from stratc_compiler.vault import Held
from stratc_dsl.strategy import PerpV2, Venue
from stratc_targets.keeper.watchlist import THE_VAULT, FundingRead, Parameter, Told, VenueReadings, View
from stratc_targets.venues.emitter import VenueText
from stratc_targets.venues.perp_v2.emit import MILLION, millionths
from stratc_targets.venues.perp_v2.model import PENALTY

RATIO_BITS, SECONDS_BITS = 24, 32
"""Of ratios, in millionths, and of intervals."""

AVERAGE, LONG_AVERAGE = 900, 1_800
"""Seconds that funding and premium are averaged over, and the mark's pool price: as the protocol begins with them."""

MAX_FUNDING = 100_000
"""Of the index a day, in millionths: as the protocol begins with it."""

PRICE: int = 10**18


def watch(venue: Venue, positions: tuple[Held, ...], text: VenueText, tokens: Mapping[str, str]) -> VenueReadings:
    """All of it is reached from the clearing house, whose parts its owner can replace."""
    assert isinstance(venue.terms, PerpV2)
    house, base, _ = (one.name for one in text.immutables)  # as `emit` lays them out
    free = View(house, "getFreeCollateral(address)", THE_VAULT, through=("getVault()",))
    mark = View(house, "getMarkPrice(address)", base, through=("getAccountBalance()",))
    pending = View(house, "getAllPendingFundingPayment(address)", THE_VAULT, through=("getExchange()",))
    return VenueReadings(
        {held.name: free for held in positions if not held.debt},
        parameters=(
            *_parameters(venue, venue.terms, house),
            Parameter(venue.name, View(base, "isOpen()", None), 0, 1, 1),
        ),
        oracles=(Told(venue.name, venue.terms.token, None, mark, scale=PRICE),),
        fundings=tuple(FundingRead(venue.name, held.name, pending) for held in positions if held.debt),
    )


def _parameters(venue: Venue, terms: PerpV2, house: str) -> Iterator[Parameter]:
    def asked(function: str, bits: int, proved: int, word: int = 0) -> Parameter:
        view = View(house, function, None, word, through=("getClearingHouseConfig()",))
        return Parameter(venue.name, view, 0, bits, proved)

    yield asked("getImRatio()", RATIO_BITS, millionths(terms.initial, venue))
    yield asked("getMmRatio()", RATIO_BITS, millionths(terms.maintenance, venue))
    yield asked("getLiquidationPenaltyRatio()", RATIO_BITS, int(PENALTY * MILLION))
    yield asked("getMaxFundingRate()", RATIO_BITS, MAX_FUNDING)
    yield asked("getTwapInterval()", SECONDS_BITS, AVERAGE)
    yield asked("getMarkPriceConfig()", SECONDS_BITS, LONG_AVERAGE)
    yield asked("getMarkPriceConfig()", SECONDS_BITS, AVERAGE, word=1)
