"""Staked ether and a short at Perp v2, on its own contracts: a rally, a fall and a discount of the staked token."""

from __future__ import annotations

from fractions import Fraction

import pytest

from lab.world import World
from vyper_target.staked import RATIO, StakedToken, staked_for_dollars
from vyper_target.vaults import USDC, Deployed, deploy, example

BAND = Fraction(3, 100)


@pytest.fixture
def market(perp_world: World) -> StakedToken:
    return staked_for_dollars(perp_world)


@pytest.fixture
def vault(market: StakedToken) -> Deployed:
    """Two holders, allocated."""
    made = deploy(market.world, example("staked_short"), **market.addresses)
    made.deposit(market.world.users[0], 100_000 * USDC)
    made.deposit(market.world.users[1], 50_000 * USDC)
    made.run("rebalance")
    assert made.call("settled")
    return made


def exposure(vault: Deployed, market: StakedToken) -> tuple[Fraction, Fraction]:
    """What is held staked and what is owed, in dollars: by the books of token and Perp, at the prices of the feeds."""
    ether = market.world.price("WETH")
    held = market.token.balance(vault.address) * market.feed.price() * ether / 10**18
    return held, -market.world.perp.position(vault.address).size * ether / 10**18


def delta(vault: Deployed, market: StakedToken) -> Fraction:
    """Of nav."""
    held, owed = exposure(vault, market)
    return (held - owed) * USDC / vault.call("totalAssets")


def test_it_is_hedged_after_a_rally_and_after_a_fall(vault: Deployed, market: StakedToken) -> None:
    assert abs(delta(vault, market)) < BAND / 100
    world = market.world
    for usd in (2_400, 1_920):
        before = vault.call("totalAssets")
        world.warp(60)
        world.set_price("WETH", usd)
        market.follow()
        assert vault.call("totalAssets") == pytest.approx(before, rel=0.002)
        assert vault.call("rebalance_due")
        vault.run("rebalance")
        assert vault.call("settled")
        assert abs(delta(vault, market)) < BAND / 100


def test_a_discount_of_the_staked_token_is_lost_and_hedged_no_further(vault: Deployed, market: StakedToken) -> None:
    """A fiftieth of the half that is staked; what is owed stays, so a hundredth is short, which is in the band."""
    before = vault.call("totalAssets")
    market.tell(RATIO * Fraction("0.98"))
    assert vault.call("totalAssets") / before == pytest.approx(0.99, abs=0.0005)
    assert delta(vault, market) == pytest.approx(-0.01, abs=0.001)
    assert vault.call("settled")


def test_the_exit_closes_the_short_and_sells_what_is_staked(vault: Deployed, market: StakedToken) -> None:
    before = vault.call("totalAssets")
    vault.contract.send("emergency_exit", sender=vault.guardian)
    assert exposure(vault, market) == (0, 0)
    assert market.world.usdc.balance(vault.address) >= before * 96 // 100
