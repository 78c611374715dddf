"""What the keeper reads of an Aave v3 pool: what it could pay out, its risk parameters now, and its own oracle."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from stratc_compiler.vault import Held
from stratc_dsl.strategy import AaveV3, Venue
from stratc_targets.keeper.watchlist import (
    THE_VAULT,
    Booked,
    FlashRead,
    Parameter,
    RoomRead,
    Told,
    VenueReadings,
    View,
)
from stratc_targets.venues.aave_v3.model import BASIS_POINT, FLASH_PREMIUM
from stratc_targets.venues.emitter import VenueText

LTV_SHIFT, THRESHOLD_SHIFT, RISK_BITS = 0, 16, 16
"""Where they stand in the configuration word (aave-v3-core `ReserveConfiguration`)."""

CATEGORY_LTV, CATEGORY_THRESHOLD, CATEGORY_PRICE_SOURCE = 1, 2, 4
"""Words of `getEModeCategoryData`, whose first says where the others begin."""

ADDRESS_BITS = 160

ACCOUNT_THRESHOLD = 3
"""The word of `getUserAccountData` with the threshold that counts for the account, on average."""

ACTIVE, FROZEN, BORROWING, PAUSED, LENDS = 56, 57, 58, 60, 63
"""Bits of the same word: the reserve is active, frozen, may be borrowed, is paused, gives flash loans."""

VIRTUAL = 252
"""Set where Aave counts what it can pay out in its own books, from 3.1 on."""

BORROW_CAP, SUPPLY_CAP, CAP_BITS = 80, 116, 36
"""Where caps stand in the same word, in whole tokens; zero for none."""

A_TOKEN, ACCRUED_TO_TREASURY = 8, 12
"""Words of `getReserveData`."""


def watch(venue: Venue, positions: tuple[Held, ...], text: VenueText, tokens: Mapping[str, str]) -> VenueReadings:
    """`positions` are the venue's in the model's order, `tokens` the vault's getters of token addresses."""
    # As `emit` lays them out: the pool, then each position's aToken or debt token, then what is only lent.
    pool, *receipts = text.immutables[: 1 + len(positions)]
    payable = {
        held.name: View(tokens[held.token], "balanceOf(address)", receipt.name)
        for held, receipt in zip(positions, receipts, strict=True)
        if not held.debt
    }
    # As the adapter's `liquidity` has it.
    booked = {
        held.name: Booked(
            View(pool.name, "getConfiguration(address)", tokens[held.token]),
            PAUSED,
            VIRTUAL,
            View(pool.name, "getVirtualUnderlyingBalance(address)", tokens[held.token]),
        )
        for held in positions
        if not held.debt
    }
    lent = {} if text.flash is None else text.flash.lent
    flash_loans = tuple(_flash_loan(venue, pool.name, token, reserve, tokens) for token, reserve in lent.items())
    oracles = tuple(_told(venue, pool.name, token, tokens) for token in _priced(positions))
    parameters = tuple(_parameters(venue, pool.name, tokens))
    rooms = tuple(
        _room(venue, pool.name, held, one.name, tokens) for held, one in zip(positions, receipts, strict=True)
    )
    return VenueReadings(
        payable, parameters=parameters, oracles=oracles, flash_loans=flash_loans, rooms=rooms, booked=booked
    )


def _room(venue: Venue, pool: str, held: Held, receipt: str, tokens: Mapping[str, str]) -> RoomRead:
    """How much more of a token Aave takes as collateral, or lends: by its caps, its flags, and what there is to lend.

    What accrues to Aave's treasury counts against the cap of what is supplied, too.
    """
    token = tokens[held.token]
    flags, total = View(pool, "getConfiguration(address)", token), View(receipt, "totalSupply()", None)
    if held.debt:
        a_token = View(pool, "getReserveData(address)", token, A_TOKEN)
        stock = View(token, "balanceOf(address)", None, given=a_token)
        on, off = (ACTIVE, BORROWING), (FROZEN, PAUSED)
        return RoomRead(venue.name, held.token, flags, BORROW_CAP, CAP_BITS, on, off, total, stock=stock)
    accrued = View(pool, "getReserveData(address)", token, ACCRUED_TO_TREASURY)
    index = View(pool, "getReserveNormalizedIncome(address)", token)
    return RoomRead(
        venue.name, held.token, flags, SUPPLY_CAP, CAP_BITS, (ACTIVE,), (FROZEN, PAUSED), total, accrued, index
    )


def _priced(positions: tuple[Held, ...]) -> tuple[str, ...]:
    """The tokens whose prices decide about a loan there, none where nothing is owed."""
    owes = any(held.debt for held in positions)
    return tuple(dict.fromkeys(held.token for held in positions)) if owes else ()


def _told(venue: Venue, pool: str, token: str, tokens: Mapping[str, str]) -> Told:
    """What Aave values the token at: governance can put another oracle in the place of the one that answers now."""
    view = View(pool, "getAssetPrice(address)", tokens[token], through=("ADDRESSES_PROVIDER()", "getPriceOracle()"))
    return Told(venue.name, token, None, view)


def _flash_loan(venue: Venue, pool: str, token: str, reserve: str, tokens: Mapping[str, str]) -> FlashRead:
    available = View(tokens[token], "balanceOf(address)", reserve)
    flags = View(pool, "getConfiguration(address)", tokens[token])
    premium = View(pool, "FLASHLOAN_PREMIUM_TOTAL()", None)
    return FlashRead(venue.name, token, available, flags, LENDS, PAUSED, premium, int(FLASH_PREMIUM / BASIS_POINT))


def _parameters(venue: Venue, pool: str, tokens: Mapping[str, str]) -> Iterator[Parameter]:
    assert isinstance(venue.terms, AaveV3)
    stated = [
        (one.token, int(one.ltv * 10_000), int(one.threshold * 10_000))
        for one in venue.terms.collateral
        if one.ltv is not None and one.threshold is not None
    ]
    if venue.terms.emode is not None:
        yield from _of_category(venue.name, pool, venue.terms.emode.category, stated)
        return
    for token, ltv, threshold in stated:
        word = View(pool, "getConfiguration(address)", tokens[token])
        yield Parameter(venue.name, word, LTV_SHIFT, RISK_BITS, ltv)
        yield Parameter(venue.name, word, THRESHOLD_SHIFT, RISK_BITS, threshold)


def _of_category(venue: str, pool: str, category: int, stated: list[tuple[str, int, int]]) -> Iterator[Parameter]:
    """The category's, and whether all collateral is still in it: then the account's threshold is the category's."""

    def word(number: int) -> View:
        return View(pool, "getEModeCategoryData(uint8)", str(category), number)

    account = View(pool, "getUserAccountData(address)", THE_VAULT, ACCOUNT_THRESHOLD)
    for _, ltv, threshold in stated[:1]:  # the model sees to it that all have the same
        yield Parameter(venue, word(CATEGORY_LTV), 0, RISK_BITS, ltv)
        yield Parameter(venue, word(CATEGORY_THRESHOLD), 0, RISK_BITS, threshold)
        yield Parameter(venue, word(CATEGORY_PRICE_SOURCE), 0, ADDRESS_BITS, 0)
        yield Parameter(venue, account, 0, RISK_BITS, threshold, zero_says_nothing=True)
