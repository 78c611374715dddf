"""The treasury's loan against ether and bitcoin on Aave's own contracts: what falls is answered, and read from Aave."""

from __future__ import annotations

from fractions import Fraction

import pytest

from lab.chain import Reverted
from lab.world import World
from vyper_target.vaults import USD, USDC, Deployed, deploy, example

NOT_BELOW_ONE = "45"
"""Aave's HEALTH_FACTOR_NOT_BELOW_THRESHOLD."""


@pytest.fixture
def loan(bitcoin_world: World) -> Deployed:
    """At its targets."""
    vault = deploy(bitcoin_world, example("treasury_loan"))
    vault.deposit(bitcoin_world.users[0], 1_000_000 * USDC)
    vault.run("rebalance")
    assert vault.call("settled")
    return vault


def health(vault: Deployed) -> Fraction:
    """As Aave says it."""
    return Fraction(vault.world.aave.account(vault.address).health, USD)


def held(vault: Deployed) -> tuple[int, int]:
    """Ether and bitcoin on Aave."""
    aave, token = vault.world.aave, vault.world.token
    return aave.supplied(vault.address, token("WETH")), aave.supplied(vault.address, token("WBTC"))


def test_a_fall_of_ether_alone_is_answered_out_of_ether(loan: Deployed) -> None:
    """24%, beyond what is assumed: the vault is guarded, and the rule that only reduces risk goes on."""
    world = loan.world
    assert Fraction(187, 100) < health(loan) < Fraction(189, 100)
    ether, bitcoin = held(loan)
    world.set_price("WETH", 2_000 * Fraction(76, 100))
    before, owed = health(loan), world.aave.owed(loan.address, world.usdc)
    assert before < Fraction(162, 100)
    world.set_price("WETH", 2_000 * Fraction(74, 100))
    assert health(loan) < Fraction(16, 10)
    loan.run("deleverage_aave")
    # Aave truncates the average of the two thresholds to a basis point.
    assert Fraction("1.7996") < health(loan) < Fraction("1.8001") + Fraction(1, 100)
    assert held(loan)[0] < ether
    assert held(loan)[1] >= bitcoin
    assert world.aave.owed(loan.address, world.usdc) < owed * 9 // 10
    loan.accept_prices()
    loan.run("rebalance")
    assert loan.call("settled")
    assert loan.weight("aave_collateral_weth") == pytest.approx(0.8, abs=0.002)
    assert loan.weight("aave_collateral_wbtc") == pytest.approx(0.6, abs=0.002)


def test_where_ether_is_lent_out_bitcoin_is_sold(loan: Deployed) -> None:
    world = loan.world
    before = held(loan)
    world.set_price("WETH", 1_600)
    world.set_price("WBTC", 54_000)
    world.aave.borrow(world.whale, world.weth, world.weth.balance(world.aave.reserve(world.weth).a_token.address))
    assert world.weth.balance(world.aave.reserve(world.weth).a_token.address) == 0
    loan.run("deleverage_aave")
    assert Fraction("1.7996") < health(loan) < Fraction("1.81")
    assert held(loan)[0] >= before[0]
    assert held(loan)[1] < before[1] * 8 // 10


@pytest.mark.parametrize(("ether", "bitcoin", "liquidated"), [("0.80", "0.85", False), ("0.40", "0.55", True)])
def test_without_a_keeper_it_outlives_what_is_assumed_and_not_more(
    loan: Deployed, ether: str, bitcoin: str, liquidated: bool
) -> None:
    """Both falls that are assumed at once, and more than twice as much: a health of 1.54, and 0.95."""
    world = loan.world
    world.set_price("WETH", 2_000 * Fraction(ether))
    world.set_price("WBTC", 60_000 * Fraction(bitcoin))
    world.usdc.provide(world.arbitrageur, world.aave.pool, world.aave.owed(loan.address, world.usdc))
    if liquidated:
        before = held(loan)
        world.aave.liquidate(world.arbitrageur, loan.address, world.weth, world.usdc)
        assert held(loan)[0] < before[0]
    else:
        with pytest.raises(Reverted) as refused:
            world.aave.liquidate(world.arbitrageur, loan.address, world.weth, world.usdc)
        assert refused.value.reason == NOT_BELOW_ONE


def test_the_exit_leaves_nothing_but_dollars(loan: Deployed) -> None:
    world, user = loan.world, loan.world.users[0]
    before = loan.call("totalAssets")
    loan.contract.send("emergency_exit", sender=loan.guardian)
    assert held(loan) == (0, 0)
    assert world.aave.owed(loan.address, world.usdc) == 0
    assert world.weth.balance(loan.address) == world.token("WBTC").balance(loan.address) == 0
    assert world.usdc.balance(loan.address) >= before * 97 // 100
    loan.contract.send("redeem", loan.call("maxRedeem", user), user, user, sender=user)
    assert world.usdc.balance(user) >= before * 97 // 100
