"""What the refuted variant says, on a chain: without a keeper, Aave liquidates at ETH -45% in one hour, at -20% not.

Both falls begin where the strategy counts as settled with as little health as its bands allow: see test_carry_on_anvil.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from integration.command import Built, stratc
from lab.interface import Reverted
from lab.world import World
from vyper_target.vaults import USD, USDC, Deployed

pytestmark = pytest.mark.anvil

NOT_BELOW_ONE = "45"
"""Aave's HEALTH_FACTOR_NOT_BELOW_THRESHOLD."""


@pytest.fixture(scope="session")
def scenario() -> dict[str, dict[str, str]]:
    """The scenario of the refuted `safe(aave)`, as `stratc verify --format json` prints it."""
    said: dict[str, Any] = json.loads(
        stratc("verify", "examples/refuted/eth_carry_45.strat", "--format", "json", status=1)
    )
    (strategy,) = said["files"][0]["strategies"]
    (claim,) = (claim for claim in strategy["claims"] if claim["name"] == "safe(aave)")
    assert claim["verdict"] == "refuted"
    shown: dict[str, dict[str, str]] = claim["scenario"]
    return shown


@pytest.fixture
def unkept(anvil_world: World, built: Built) -> Deployed:
    """Two users' deposits, allocated once, two quiet hours later: ETH at 1,760 USD, settled, health 1.81."""
    vault = built.deploy(anvil_world)
    for user in anvil_world.users[:2]:
        anvil_world.usdc.provide(user, vault.contract, 100_000 * USDC)
        vault.contract.send("deposit", 100_000 * USDC, user, sender=user)
    vault.run("rebalance")
    for usd in (1_880, 1_760):
        anvil_world.warp(3_600, refresh=True)
        anvil_world.set_price("WETH", usd)
        vault.contract.send("settle")
    assert 1_800 < vault.call("health_aave") * 1_000 // USD < 1_820
    return vault


def test_a_fall_of_45_percent_is_liquidated(unkept: Deployed) -> None:
    world = unkept.world
    world.set_price("WETH", 968)
    before, state = world.aave.account(unkept.address), unkept.state()
    assert 0.95 * USD < before.health < USD
    debt, collateral = state["aave_debt_usdc"], state["aave_collateral_weth"]
    world.usdc.provide(world.arbitrageur, world.aave.pool, debt)
    event = world.aave.liquidate(world.arbitrageur, unkept.address, world.weth, world.usdc).event("LiquidationCall")
    after = unkept.state()
    assert event["user"] == unkept.address
    assert collateral - after["aave_collateral_weth"] == event["liquidatedCollateralAmount"] > 0
    # Aave lets half of the debt be repaid while health is above 0.95, and gives 5% more than that in collateral.
    assert event["debtToCover"] == pytest.approx(debt // 2, rel=1e-6)
    lost = (state["nav"] - after["nav"]) / USD
    assert lost == pytest.approx(0.05 * event["debtToCover"] / USDC, rel=1e-3)


def test_the_assumed_fall_of_20_percent_is_not(unkept: Deployed) -> None:
    """No keeper came, and still Aave cannot liquidate: that is what `safe(aave)` proves."""
    world = unkept.world
    world.set_price("WETH", 1_408)
    world.usdc.provide(world.arbitrageur, world.aave.pool, 10**12)
    with pytest.raises(Reverted) as refused:
        world.aave.liquidate(world.arbitrageur, unkept.address, world.weth, world.usdc)
    assert refused.value.reason == NOT_BELOW_ONE
    assert world.aave.account(unkept.address).health > 1.44 * USD


def test_the_scenario_breaks_when_it_is_typed_into_aave(
    anvil_world: World, scenario: dict[str, dict[str, str]]
) -> None:
    """The loan of the scenario, taken by anybody at its first prices: safe at Aave, and not after the move."""
    world, user = anvil_world, anvil_world.users[0]
    settled, after = ({name: int(value) for name, value in scenario[part].items()} for part in ("settled", "after"))
    prices(world, settled)
    world.aave.seed(user, world.weth, settled["aave.collateral(WETH)"])
    world.aave.borrow(user, world.usdc, settled["aave.debt(USDC)"])
    assert world.aave.account(user).health > 1.5 * USD
    prices(world, after)
    assert after["aave.debt(USDC)"] == settled["aave.debt(USDC)"]
    assert world.aave.account(user).health < USD
    world.usdc.provide(world.arbitrageur, world.aave.pool, settled["aave.debt(USDC)"])
    receipt = world.aave.liquidate(world.arbitrageur, user, world.weth, world.usdc)
    assert receipt.event("LiquidationCall")["liquidatedCollateralAmount"] > 0


def prices(world: World, state: dict[str, int]) -> None:
    """The feeds at a scenario's prices."""
    for token in ("USDC", "WETH"):
        world.set_price(token, state[f"price({token})"] / USD, arbitrage=False)
