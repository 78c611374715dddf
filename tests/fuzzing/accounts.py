"""Accounts at venues of perpetuals in random rounds: what they are worth, what funding and a closer make of them.

Drawn from what a strategy says, and restated from how Perp v2 works (`venues/perp_v2/exact.py`, which its own contracts
are held to): the model's expressions for accounts have no part in it. Only how far the mark may be off is asked of the
model, since it says which assumption that is taken from.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from math import floor

from fuzzing.choices import Choices
from stratc_compiler.vault import Held, Vault, VenueModel
from stratc_dsl.strategy import FundingBetween, KeeperEvery, PerpV2, PriceMoves, PriceStays

State = dict[str, int]

PENALTY = Fraction(25, 1_000)
"""What whoever liquidates takes beyond the mark: the protocol's own."""

ONE = Fraction(1)


def accounts(vault: Vault) -> Iterator[tuple[VenueModel, Held, Held]]:
    """Each venue of perpetuals with its cash and its short."""
    for venue in vault.perps:
        cash, short = venue.positions
        yield venue, cash, short


def buying_back(vault: Vault, state: State, short: Held, size: int | Fraction) -> Fraction:
    """What so much of a short costs at the oracle's price, in units of margin: each counts for a dollar."""
    dollars = Fraction(size) / state[f"unit({short.token})"] * Fraction(state[f"price({short.token})"], 10**18)
    return dollars * state[f"unit({vault.base})"]


def can_be_liquidated(vault: Vault, state: State, name: str, choices: Choices) -> bool:
    """Whether cash is less than what buying back costs and maintenance of it, at a mark as far off as it may be."""
    (cash, short), terms = vault.venue(name).positions, vault.strategy.venue(name).terms
    assert isinstance(terms, PerpV2)
    if not state[short.name]:
        return False
    owed = buying_back(vault, state, short, state[short.name]) * _marked(vault, name, choices)
    return state[cash.name] < owed * (1 + terms.maintenance)


def _marked(vault: Vault, name: str, choices: Choices) -> Fraction:
    perp = vault.venue(name).perp
    assert perp is not None
    return 1 + choices.between(f"mark of {name} is off", -perp.off, perp.off)


def funded(vault: Vault, venue: VenueModel, before: State, choices: Choices, when: str) -> int:
    """What funding adds to cash: what is pending or booked at a moment, less what was pending when the round began.

    Nobody need have booked for a period before. What is pending is told of prices that have been since.
    """
    _, short = venue.positions
    told = [one for one in vault.strategy.assumptions if isinstance(one, FundingBetween) and one.venue == venue.name]
    period = next(one.period for one in vault.strategy.assumptions if isinstance(one, KeeperEvery))
    low, high = max(one.low / one.per for one in told), min(one.high / one.per for one in told)
    earlier, since = (
        choices.between(f"{when}pending {word} {venue.name}", Fraction(0), Fraction(period))
        for word in ("before", "since")
    )
    dearest = _dearest(vault, short.token)
    rates = [
        choices.between(f"{when}funding {word} {venue.name}", low, high)
        * choices.between(f"{when}price of funding {word} {venue.name}", 1 / dearest, dearest)
        for word in ("then", "now")
    ]
    change = rates[1] * (earlier + since) - rates[0] * earlier
    return floor(change * buying_back(vault, before, short, before[short.name]))


def _dearest(vault: Vault, token: str) -> Fraction:
    """By what its price may have been more than it was when the round began, a round before or after."""
    factors = []
    for one in vault.strategy.assumptions:
        if isinstance(one, PriceMoves) and one.token == token:
            factors.append(max(1 + one.high, 1 / (1 + one.low)))
        if isinstance(one, PriceStays) and one.token == token:
            factors.append(one.high / one.low)
    return min(factors, default=ONE)


def realize(cash: Held, short: Held, state: State, choices: Choices, when: str) -> None:
    """Any part of the cash may be profit on paper, as long as something is short."""
    share = choices.share(f"{when}realized {cash.name}") if state[short.name] else ONE
    state[cash.liquidity.name] = floor(state[cash.name] * share)


def close(vault: Vault, venue: VenueModel, state: State, dearest: State, choices: Choices, when: str) -> None:
    """Somebody closes any part of the short, at the mark of another moment, and takes the penalty."""
    cash, short = venue.positions
    closed = choices.whole(f"{when}closed {short.name}", 0, state[short.name])
    price = max(dearest[f"price({short.token})"], 1)
    at = buying_back(vault, {**state, f"price({short.token})": price}, short, closed)
    taken = at * _marked(vault, venue.name, choices) * (1 + choices.between(f"{when}penalty", Fraction(0), PENALTY))
    state[short.name] -= closed
    state[cash.name] = max(state[cash.name] - floor(taken), 0)
