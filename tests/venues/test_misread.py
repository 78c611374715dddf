"""Aave's own oracle reads another price than the vault does: its health factor is the one that the model says.

Readings move as in March 2026, when Aave's oracle read wstETH 2.85% too low while no market had moved.
"""

from __future__ import annotations

from collections import Counter
from fractions import Fraction

import pytest
from msgspec.structs import replace

from differential.pair import outcome
from lab.chain import Reverted
from lab.world import World
from stratc_compiler.readings import loan_at
from stratc_compiler.replay import worst_health
from stratc_compiler.vault import VenueModel
from stratc_targets.venues.aave_v3.exact import WAD
from venues.test_aave_v3 import MODEL, UNIT, Account, loan

MARCH_2026 = Fraction("0.0285")


def off(share: Fraction) -> VenueModel:
    """The model of the account, WETH read off by at most this share."""
    read = replace(MODEL, off={**MODEL.off, "WETH": share})
    healthy = loan_at(read).covered()
    return replace(read, never_liquidated=healthy, after_withdraw=healthy)


def price(account: Account, answer: int) -> None:
    """The market's price, which the feed tells everybody."""
    account.world.feeds["WETH"].set_raw(answer=answer)
    account.reserve("WETH").price = answer


@pytest.mark.parametrize("share", [MARCH_2026, Fraction("0.1"), Fraction(0)])
def test_health_falls_as_the_model_says(revm_world: World, share: Fraction) -> None:
    account = loan(revm_world)
    revm_world.aave.misread(revm_world.weth, revm_world.feeds["WETH"], 1 - share)
    found = revm_world.aave.account(account.me)
    aave, owed = Fraction(found.health, WAD), Fraction(found.debt, 10**8)
    worst = worst_health(off(share), account.model.evaluator())
    read = account.model.health() * (1 - share)  # what is held is read low, what is owed as it is
    assert worst == read * Fraction(8_249, 8_250)
    assert abs(read - aave) <= 4 * UNIT * max(aave, 1) / owed + Fraction(1, WAD)


def test_no_market_moves_and_the_loan_is_liquidated_where_the_model_says(revm_world: World) -> None:
    """Around the price at which a reading of 2.85% too little decides, a dime at a time."""
    account, model = loan(revm_world), off(MARCH_2026)
    collateral, owed = account.reserve("WETH"), account.reserve("USDC")
    edge = owed.owed * owed.price * 10**12 * 10_000 // (collateral.supplied * collateral.threshold)
    edge = int(edge / (1 - MARCH_2026))
    outcomes: Counter[tuple[bool, bool]] = Counter()
    for answer in (edge - 10**7, edge + 10**7):
        before = revm_world.chain.snapshot()
        price(account, answer)
        assert revm_world.aave.account(account.me).health > WAD  # the market has not done it
        safe = account.model.holds(model.never_liquidated)
        assert account.model.holds(MODEL.never_liquidated)
        revm_world.aave.misread(revm_world.weth, revm_world.feeds["WETH"], 1 - MARCH_2026)
        outcomes[safe, liquidated(account)] += 1
        revm_world.chain.revert(before)
    assert outcomes == {(True, False): 1, (False, True): 1}


def liquidated(account: Account) -> bool:
    """Whether somebody who tries to liquidate can."""
    world = account.world
    world.usdc.provide(world.arbitrageur, world.aave.pool, 10**9)
    _, refusal = outcome(
        lambda: world.aave.liquidate(world.arbitrageur, account.me, world.weth, world.usdc, 10**9), Reverted
    )
    assert refusal in (None, "45")
    return refusal is None


def test_a_reading_too_low_refuses_what_the_vaults_prices_would_allow(revm_world: World) -> None:
    """A withdrawal that leaves a health factor of 1.02 by the vault's prices."""
    account, model = loan(revm_world), off(MARCH_2026)
    supplied, health = account.reserve("WETH").supplied, account.model.health()
    amount = int(supplied * (1 - Fraction("1.02") / health))
    before = revm_world.chain.snapshot()
    kept = account.saved()
    assert account.both("withdraw", revm_world.weth, amount)
    assert account.model.holds(MODEL.after_withdraw)
    assert not account.model.holds(model.after_withdraw)
    revm_world.chain.revert(before)
    account.books.reserves = kept
    revm_world.aave.misread(revm_world.weth, revm_world.feeds["WETH"], 1 - MARCH_2026)
    account.reserve("WETH").price = int(account.reserve("WETH").price * (1 - MARCH_2026))
    assert not account.both("withdraw", revm_world.weth, amount)  # "35", as the books say
