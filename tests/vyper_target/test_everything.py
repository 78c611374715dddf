"""The kinds of trigger and action that the examples leave out: in one vault, and in a carry that runs by the clock."""

from __future__ import annotations

import pytest

from lab.chain import Reverted
from lab.erc4626 import Erc4626Lab, deploy_erc4626
from lab.world import World
from vyper_target.probes import HERE
from vyper_target.vaults import EXAMPLES, USDC, Deployed, deploy, proved

pytestmark = pytest.mark.long
"""Two vaults that only these tests compile."""

HALF_A_DAY = 43_200


@pytest.fixture
def second(revm_world: World) -> Erc4626Lab:
    """Another savings vault over the same token."""
    return deploy_erc4626(revm_world.chain, revm_world.admin, revm_world.usdc)


@pytest.fixture
def vault(revm_world: World, second: Erc4626Lab) -> Deployed:
    text = (HERE / "everything.strat").read_text(encoding="utf-8")
    deployed = deploy(revm_world, proved(text, "everything.strat"), venue_save2=second)
    deployed.deposit(revm_world.users[0], 100_000 * USDC)
    return deployed


@pytest.fixture
def clockwork(revm_world: World) -> Deployed:
    """The carry, rebalanced and marked by the clock: both at once with the rest is more code than a chain accepts."""
    text = (EXAMPLES / "eth_carry.strat").read_text(encoding="utf-8")
    text = text.replace("when weights outside band do rebalance", "every 12h do rebalance")
    text = text.replace("do harvest save", "do harvest aave")
    deployed = deploy(revm_world, proved(text, "clockwork.strat"))
    deployed.deposit(revm_world.users[0], 100_000 * USDC)
    deployed.run("rebalance")
    return deployed


def test_what_is_counted_as_two_must_be_two(revm_world: World) -> None:
    """One savings vault bound to two names would count every deposit twice."""
    text = (HERE / "everything.strat").read_text(encoding="utf-8")
    with pytest.raises(Reverted, match="save is save2"):
        deploy(revm_world, proved(text, "everything.strat"), venue_save2=revm_world.save)


SHARES = """
strategy Shares {
    base USDC
    token USDC  { decimals: 6, price: chainlink("USDC/USD", heartbeat=24h, deviation=0.25%) }
    token SHARE { decimals: 6, price: chainlink("SHARE/USD", heartbeat=24h, deviation=0.25%) }
    venue save = erc4626(asset=USDC)
    venue dex  = uniswap_v3(SHARE/USDC, fee=0.05%)
    assume { keeper every 1h; slippage(dex) <= 1%; price(USDC) stays 0.98 .. 1.02; price(SHARE) stays 0.98 .. 1.02 }
    allocate { save: 40%, idle(SHARE): 20%, idle(USDC): 40% }
}
"""


def test_a_token_that_stands_for_a_position_is_no_token_beside_it(revm_world: World) -> None:
    """Shares of the savings vault that lie there as a token are what the savings vault is read by."""
    with pytest.raises(Reverted, match="SHARE is save"):
        deploy(
            revm_world,
            proved(SHARES, "shares.strat"),
            token_share=revm_world.save,
            feed_share=revm_world.feeds["USDC"],
        )


def refusal(vault: Deployed, rule: str) -> str:
    with pytest.raises(Reverted) as caught:
        vault.run(rule)
    return caught.value.reason


def test_a_rule_on_a_timer_runs_once_a_period(vault: Deployed) -> None:
    assert vault.call("rebalance_due") is True
    vault.run("rebalance")
    assert vault.call("rebalance_last_run") == vault.world.chain.timestamp()
    assert vault.call("rebalance_due") is False
    assert refusal(vault, "rebalance") == "rule: not due"
    vault.world.warp(HALF_A_DAY - 1, refresh=True)
    assert vault.call("rebalance_due") is False
    vault.world.warp(1, refresh=True)
    vault.run("rebalance")


def test_a_token_besides_the_base_is_bought_and_held(vault: Deployed) -> None:
    vault.run("rebalance")
    assert vault.weight("idle_weth") == pytest.approx(0.10, abs=0.001)
    assert vault.weight("aave_collateral_weth") == pytest.approx(0.60, abs=0.001)


def test_a_rule_on_a_timer_waits_for_those_of_higher_priority(clockwork: Deployed) -> None:
    clockwork.world.warp(HALF_A_DAY, refresh=True)
    assert clockwork.call("rebalance_due") is True
    clockwork.world.set_price("WETH", 1_150)
    clockwork.accept_prices()
    assert clockwork.call("deleverage_aave_due") is True
    assert clockwork.call("rebalance_due") is False
    assert refusal(clockwork, "rebalance") == "rule: deleverage_aave comes first"


def test_a_rule_may_exit(vault: Deployed) -> None:
    vault.run("rebalance")
    assert vault.call("exit_when_due_due") is False
    assert refusal(vault, "exit_when_due") == "rule: not due"
    vault.world.set_price("WETH", 900)
    assert vault.call("exit_when_due_due") is True
    vault.run("exit_when_due")
    assert vault.call("mode") == 2
    assert vault.world.usdc.balance(vault.address) > 55_000 * USDC


def test_a_rule_may_freeze_on_a_condition(vault: Deployed, second: Erc4626Lab) -> None:
    vault.run("rebalance")
    assert refusal(vault, "freeze_when_due") == "rule: not due"
    second.gain(8 * second.total_assets())
    assert vault.call("freeze_when_due_due") is True
    vault.run("freeze_when_due")
    assert vault.call("mode") == 1


def test_harvest_of_a_venue_with_debt_counts_interest_as_a_loss(clockwork: Deployed) -> None:
    owed = clockwork.state()["aave_debt_usdc"]
    clockwork.world.warp(30 * 86_400, refresh=True)
    collateral, debt = clockwork.run("harvest_aave").events("Harvested")
    assert (collateral["position"], debt["position"]) == ("aave.collateral(WETH)", "aave.debt(USDC)")
    assert debt["gain"] == 0
    assert debt["loss"] == pytest.approx(clockwork.state()["aave_debt_usdc"] - owed, rel=0.01)


def test_without_an_assumption_on_withdrawals_no_round_limits_them(vault: Deployed) -> None:
    vault.run("rebalance")
    if vault.call("settled"):
        vault.contract.send("settle")
    assert vault.call("round_allowance") == 2**256 - 1


def test_a_venue_that_charges_for_entry_is_not_entered(vault: Deployed, second: Erc4626Lab) -> None:
    """An empty venue whose share price was inflated: the deposit would be lost to whoever did it."""
    user, usdc = vault.world.users[1], vault.world.usdc
    second.seed(user, 1)
    usdc.mint(second.address, 15_000 * USDC)
    assert refusal(vault, "rebalance") == "erc4626: deposit lost value"
