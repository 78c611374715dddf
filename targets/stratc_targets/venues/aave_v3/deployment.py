"""What a deployment asks of an Aave v3 pool: whether its reserves can be used."""

from __future__ import annotations

from collections.abc import Iterator

from stratc_dsl.strategy import Token, Venue
from stratc_targets.deploy.findings import Finding, Level, Site

# Bits of a reserve's configuration word (aave-v3-core `ReserveConfiguration`), and words of its data.
DECIMALS, ACTIVE, FROZEN, BORROWING, PAUSED = 48, 56, 57, 58, 60
CONFIGURATION, A_TOKEN, VARIABLE_DEBT_TOKEN = 0, 8, 10


def check(venue: Venue, site: Site) -> Iterator[Finding]:
    """Its parameters and its oracle are read as the keeper reads them; here is the rest."""
    pool, place = site.venue(venue), f"venues.{venue.name}"
    positions = site.vault.venue(venue.name).positions
    for name in dict.fromkeys(held.token for held in positions):
        token = site.vault.strategy.token(name)
        debt = any(held.debt for held in positions if held.token == name)
        mistakes = list(_reserve(pool, token, debt, site))
        yield from (Finding(Level.WRONG, place, one) for one in mistakes)
        if not mistakes:
            yield Finding(Level.OK, place, f"its reserve of {name} is open{' for loans' if debt else ''}")


def _reserve(pool: str, token: Token, debt: bool, site: Site) -> Iterator[str]:
    words = [site.word(pool, "getReserveData(address)", site.token(token.name), number=number) for number in range(11)]
    flags = words[CONFIGURATION]
    if words[VARIABLE_DEBT_TOKEN if debt else A_TOKEN] == 0 or not flags >> ACTIVE & 1:
        yield f"it has no active reserve of {token.name}"
        return
    if flags >> DECIMALS & 255 != token.decimals:
        yield f"it takes {token.name} to have {flags >> DECIMALS & 255} decimals"
    if flags >> PAUSED & 1:
        yield f"its reserve of {token.name} is paused"
    if flags >> FROZEN & 1:
        yield f"its reserve of {token.name} is frozen: nothing more can be supplied or borrowed"
    if debt and not flags >> BORROWING & 1:
        yield f"{token.name} cannot be borrowed there"
