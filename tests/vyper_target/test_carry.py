"""EthCarry beside the real Aave, Uniswap and an ERC-4626 venue: what its rules do to it."""

from __future__ import annotations

import pytest

from lab.chain import Reverted
from vyper_target.vaults import USD, USDC, Deployed

TARGETS = {"aave_collateral_weth": 0.80, "aave_debt_usdc": 0.32, "save": 0.42, "idle_usdc": 0.10}


def reason(call: object, *args: object, **kwargs: object) -> str:
    with pytest.raises(Reverted) as caught:
        call(*args, **kwargs)  # type: ignore[operator]
    return caught.value.reason


@pytest.fixture
def settled(carry: Deployed) -> Deployed:
    """Two users in, allocated."""
    carry.deposit(carry.world.users[0], 100_000 * USDC)
    carry.deposit(carry.world.users[1], 50_000 * USDC)
    carry.run("rebalance")
    return carry


def test_deposits_wait_idle_until_the_keeper_comes(carry: Deployed) -> None:
    user = carry.world.users[0]
    receipt = carry.deposit(user, 100_000 * USDC)
    assert receipt.value == carry.call("balanceOf", user) == 100_000 * USD
    assert carry.state()["idle_usdc"] == carry.call("totalAssets") == 100_000 * USDC
    assert carry.call("rebalance_due") is True
    assert carry.call("settled") is False


def test_rebalance_brings_every_position_to_its_target(settled: Deployed) -> None:
    for position, target in TARGETS.items():
        assert settled.weight(position) == pytest.approx(target, abs=0.001)
    account = settled.world.aave.account(settled.address)
    assert settled.call("health_aave") / USD == pytest.approx(account.health / USD, rel=1e-6)
    assert settled.call("rebalance_due") is False
    assert settled.call("settled") is True


def test_rebalance_tells_what_it_did_and_begins_a_round(carry: Deployed) -> None:
    carry.deposit(carry.world.users[0], 100_000 * USDC)
    receipt = carry.run("rebalance")
    told = receipt.event("RuleRun")
    assert told["rule"] == "rebalance"
    assert told["nav_before"] == 100_000 * USD
    assert 0 < told["nav_before"] - told["nav_after"] < 0.003 * 100_000 * USD  # slippage on what was bought
    assert receipt.event("RoundBegan")["assets"] == carry.call("round_assets") == carry.call("totalAssets")


def test_a_crash_makes_deleverage_due_and_it_restores_health_at_aave_itself(settled: Deployed) -> None:
    world = settled.world
    world.set_price("WETH", 1_600)
    assert settled.call("deleverage_aave_due") is False  # 1.65 at Aave: no cause yet
    assert reason(settled.run, "deleverage_aave") == "rule: not due"
    world.set_price("WETH", 1_440)
    assert world.aave.account(settled.address).health < 1.5 * USD
    assert settled.call("deleverage_aave_due") is True
    settled.run("deleverage_aave")
    assert world.aave.account(settled.address).health / USD == pytest.approx(1.80, abs=1e-6)
    assert settled.call("deleverage_aave_due") is False


def test_a_rule_waits_for_those_of_higher_priority(settled: Deployed) -> None:
    settled.world.set_price("WETH", 1_400)
    settled.accept_prices()
    assert settled.call("deleverage_aave_due") is True
    assert settled.call("rebalance_due") is False
    assert reason(settled.run, "rebalance") == "rule: deleverage_aave comes first"
    settled.run("deleverage_aave")
    assert settled.call("rebalance_due") is True
    settled.run("rebalance")
    assert settled.call("settled") is True


def test_the_vault_follows_the_price_down_and_up_again(settled: Deployed) -> None:
    world = settled.world
    for price in (1_620, 1_320, 1_100, 1_300, 1_560, 1_870, 2_200):
        world.warp(3_600, refresh=True)
        world.set_price("WETH", price)
        for rule in ("deleverage_aave", "rebalance"):
            if settled.call(f"{rule}_due"):
                settled.run(rule)
        if not settled.call("rebalance_due"):
            assert settled.call("settled") is True
        for position, target in TARGETS.items():
            assert settled.weight(position) == pytest.approx(target, abs=0.05)
    assert settled.state()["idle_weth"] == 0


def test_no_allowance_is_left_behind(settled: Deployed) -> None:
    world = settled.world
    world.set_price("WETH", 1_400)
    settled.accept_prices()
    settled.run("deleverage_aave")
    settled.run("rebalance")
    for token in (world.usdc, world.weth):
        for spender in (world.aave.pool, world.save, world.uniswap.router):
            assert token.contract.call("allowance", settled, spender) == 0


def test_a_swap_below_the_oracle_by_more_than_the_slippage_reverts(carry: Deployed) -> None:
    carry.deposit(carry.world.users[0], 100_000 * USDC)
    carry.world.set_price("WETH", 1_980, arbitrage=False)  # the pool still asks 2,000
    assert reason(carry.run, "rebalance") == "Too little received"


def test_emergency_exit_sells_everything_and_all_redeem(settled: Deployed) -> None:
    world, users = settled.world, settled.world.users
    nav = settled.state()["nav"]
    receipt = settled.contract.send("emergency_exit", sender=settled.guardian)
    left = receipt.event("Exited")["assets"]
    assert left * 10**12 == pytest.approx(nav, rel=0.003)
    assert settled.call("mode") == 2
    assert world.aave.account(settled.address).health == 2**256 - 1
    paid = 0
    for user in users[:2]:
        shares = settled.call("balanceOf", user)
        assert settled.call("maxRedeem", user) == shares
        paid += settled.contract.send("redeem", shares, user, user, sender=user).value
    assert settled.call("totalSupply") == 0
    assert left - paid == world.usdc.balance(settled.address) <= 2


def test_the_exit_needs_no_price_of_what_is_not_sold(settled: Deployed) -> None:
    """After the exit nothing is priced: the feeds may die."""
    user = settled.world.users[0]
    settled.contract.send("emergency_exit", sender=settled.owner)
    settled.world.warp(10 * 86_400)
    shares = settled.call("balanceOf", user)
    assert settled.call("totalAssets") == settled.world.usdc.balance(settled.address)
    assert settled.contract.send("redeem", shares, user, user, sender=user).value > 0


def test_harvest_reports_yield_and_loss_but_not_what_was_moved(settled: Deployed) -> None:
    world = settled.world
    first = settled.run("harvest_save").event("Harvested")
    assert (first["position"], first["gain"]) == ("save", 0)
    assert first["loss"] <= 2  # the venue's rounding
    assert reason(settled.run, "harvest_save") == "rule: not due"
    world.warp(86_400, refresh=True)
    world.save.gain(world.save.total_assets() // 100)
    second = settled.run("harvest_save").event("Harvested")
    assert second["gain"] == pytest.approx(first["assets"] / 100, rel=1e-6)
    settled.deposit(world.users[2], 150_000 * USDC)
    settled.run("rebalance")  # doubles the position
    world.warp(86_400, refresh=True)
    world.save.lose(world.save.total_assets() // 200)
    third = settled.run("harvest_save").event("Harvested")
    assert third["assets"] > 1.9 * second["assets"]
    assert third["gain"] == 0
    assert third["loss"] == pytest.approx(third["assets"] / 199, rel=1e-3)


def test_freeze_on_a_stale_price_works_without_one(settled: Deployed) -> None:
    world = settled.world
    assert settled.call("freeze_when_due_due") is False
    assert reason(settled.run, "freeze_when_due") == "rule: not due"
    world.warp(3_601)
    assert settled.call("freeze_when_due_due") is True
    assert settled.call("oracle_age", world.weth) == 3_601
    assert reason(settled.call, "state") == "oracle: stale price"
    settled.run("freeze_when_due")
    assert settled.call("mode") == 1
    assert settled.call("freeze_when_due_due") is False


def test_while_a_price_is_stale_nothing_is_due_and_nothing_reverts_that_must_not(settled: Deployed) -> None:
    user = settled.world.users[0]
    settled.world.warp(3_601)
    for view in ("rebalance_due", "deleverage_aave_due", "settled"):
        assert settled.call(view) is False
    for view in ("maxDeposit", "maxMint", "maxWithdraw", "maxRedeem"):
        assert settled.call(view, user) == 0
    settled.world.usdc.provide(user, settled.contract, USDC)
    assert reason(settled.contract.send, "deposit", USDC, user, sender=user) == "oracle: stale price"
    assert reason(settled.contract.send, "withdraw", USDC, user, user, sender=user) == "oracle: stale price"


def test_health_of_an_empty_account_is_the_largest_number(carry: Deployed) -> None:
    assert carry.call("health_aave") == 2**256 - 1
