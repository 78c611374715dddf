"""What a deployment asks of an Aave v3 pool: whether its reserves can be used."""

from __future__ import annotations

from collections.abc import Iterator

from stratc_dsl.strategy import Token, Venue
from stratc_targets.deploy.findings import Finding, Level, Site
from stratc_targets.venues.aave_v3.watch import (
    A_TOKEN,
    ACTIVE,
    BORROW_CAP,
    BORROWING,
    CAP_BITS,
    FROZEN,
    PAUSED,
    SUPPLY_CAP,
)

DECIMALS = 48
"""Where a reserve's decimals stand in its configuration word (aave-v3-core `ReserveConfiguration`)."""

SILOED, DEBT_CEILING, CEILING_BITS = 62, 212, 40
"""In the same word: whether it can only be borrowed alone, and the ceiling of debt in isolation mode, zero without."""

CONFIGURATION, VARIABLE_DEBT_TOKEN = 0, 10
"""Words of a reserve's data, beside that of its aToken."""


def check(venue: Venue, site: Site) -> Iterator[Finding]:
    """Its parameters and its oracle are read as the keeper reads them; here is the rest."""
    pool, place = site.venue(venue), f"venues.{venue.name}"
    positions = site.vault.venue(venue.name).positions
    owed = sum(held.debt for held in positions)
    for name in dict.fromkeys(held.token for held in positions):
        token = site.vault.strategy.token(name)
        debts = {held.debt for held in positions if held.token == name}
        mistakes = list(_reserve(pool, token, debts, owed, site))
        yield from (Finding(Level.WRONG, place, one) for one in mistakes)
        if not mistakes:
            yield Finding(Level.OK, place, f"its reserve of {name} is open{' for loans' if True in debts else ''}")


def _reserve(pool: str, token: Token, debts: set[bool], owed: int, site: Site) -> Iterator[str]:
    """What is wrong with a reserve in which the vault supplies (False is in `debts`), borrows (True), or both.

    `owed` is of how many tokens it has debts there.
    """
    asset, block = site.token(token.name), site.head.number
    words = site.node.words(pool, "getReserveData(address)", asset, block=block, count=VARIABLE_DEBT_TOKEN + 1)
    flags = words[CONFIGURATION]
    if 0 in (words[A_TOKEN], words[VARIABLE_DEBT_TOKEN]) or not flags >> ACTIVE & 1:
        yield f"it has no active reserve of {token.name}"
        return
    if flags >> DECIMALS & 255 != token.decimals:
        yield f"it takes {token.name} to have {flags >> DECIMALS & 255} decimals"
    if flags >> PAUSED & 1:
        yield f"its reserve of {token.name} is paused"
    if flags >> FROZEN & 1:
        yield f"its reserve of {token.name} is frozen: nothing more can be supplied or borrowed"
    if True in debts and not flags >> BORROWING & 1:
        yield f"{token.name} cannot be borrowed there"
    if True in debts and owed > 1 and flags >> SILOED & 1:
        yield f"{token.name} can only be borrowed there by who borrows nothing else"
    if False in debts and owed and flags >> DEBT_CEILING & (1 << CEILING_BITS) - 1:
        yield f"{token.name} is collateral there by itself or not at all (isolation mode)"
    for debt in sorted(debts):
        receipt, at, what = (VARIABLE_DEBT_TOKEN, BORROW_CAP, "lent") if debt else (A_TOKEN, SUPPLY_CAP, "supplied")
        cap = flags >> at & (1 << CAP_BITS) - 1
        total = site.word(f"0x{words[receipt]:040x}", "totalSupply()")
        if cap and total >= cap * 10**token.decimals:
            yield f"its cap of {cap:,} {token.name} {what} is reached"
