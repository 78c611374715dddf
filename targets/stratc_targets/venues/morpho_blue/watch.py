"""What the keeper reads of a market of Morpho Blue: what could be drawn, and what its oracle says.

Nothing else of the market can change: its parameters are its name.
"""

from __future__ import annotations

from collections.abc import Mapping

from stratc_compiler.vault import Held
from stratc_dsl.strategy import MorphoBlue, Venue
from stratc_targets.keeper.watchlist import FlashRead, RoomRead, Told, VenueReadings, View
from stratc_targets.venues.emitter import VenueText

SUPPLIED, BORROWED = 0, 2
"""Where Morpho's `market` says what is lent and what is borrowed: interest is in neither, and the same in both."""


def watch(venue: Venue, positions: tuple[Held, ...], text: VenueText, tokens: Mapping[str, str]) -> VenueReadings:
    """`tokens` are the vault's getters of token addresses. The oracle matters where something is owed."""
    assert isinstance(venue.terms, MorphoBlue)
    morpho, oracle, _, market = (one.name for one in text.immutables)  # as `emit` lays them out
    # Morpho lends collateral to nobody, but keeps that of all markets together: less than ours would be a loss.
    at_hand = {"collateral": lambda held: View(tokens[held.token], "balanceOf(address)", morpho)}
    at_hand["supply"] = lambda _: View(morpho, "market(bytes32)", market, word=SUPPLIED, less=BORROWED)
    payable = {held.name: at_hand[held.position.kind](held) for held in positions if not held.debt}
    told = Told(venue.name, venue.terms.collateral.token, venue.terms.loan, View(oracle, "price()", None))
    lent = {} if text.flash is None else text.flash.lent
    flash_loans = tuple(
        FlashRead(venue.name, token, View(tokens[token], "balanceOf(address)", reserve))
        for token, reserve in lent.items()
    )
    oracles = (told,) if any(held.debt for held in positions) else ()
    # It takes whatever is supplied, and lends what is lent to it and not borrowed yet.
    stock = View(morpho, "market(bytes32)", market, word=SUPPLIED, less=BORROWED)
    rooms = tuple(RoomRead(venue.name, held.token, stock=stock) for held in positions if held.debt)
    return VenueReadings(payable, oracles=oracles, flash_loans=flash_loans, rooms=rooms)
