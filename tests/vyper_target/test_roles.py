"""Who may do what, in which mode."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from lab.chain import Reverted
from lab.world import World
from vyper_target.vaults import USDC, Deployed, deploy, example

RULES = ["deleverage_aave", "rebalance", "harvest_save", "freeze_when_due"]


def refused(carry: Deployed, fn: str, *args: object, sender: str) -> str:
    with pytest.raises(Reverted) as caught:
        carry.contract.send(fn, *args, sender=sender)
    return caught.value.reason


def filled(carry: Deployed) -> Deployed:
    carry.deposit(carry.world.users[0], 100_000 * USDC)
    carry.run("rebalance")
    return carry


@pytest.mark.parametrize("rule", RULES)
def test_rules_are_the_keepers_and_the_owners(carry: Deployed, rule: str) -> None:
    for stranger in (carry.world.users[0], carry.guardian):
        assert refused(carry, rule, sender=stranger) == "roles: keeper only"


def test_the_owner_may_run_rules_that_are_due(carry: Deployed) -> None:
    carry.deposit(carry.world.users[0], 100_000 * USDC)
    carry.contract.send("rebalance", sender=carry.owner)
    assert refused(carry, "rebalance", sender=carry.owner) == "rule: not due"


@pytest.mark.parametrize(
    ("fn", "reason"),
    [
        ("freeze", "roles: guardian only"),
        ("emergency_exit", "roles: guardian only"),
        ("unfreeze", "roles: owner only"),
        ("accept_ownership", "roles: not offered"),
    ],
)
def test_strangers_and_the_keeper_are_refused(carry: Deployed, fn: str, reason: str) -> None:
    for stranger in (carry.world.users[0], carry.keeper):
        assert refused(carry, fn, sender=stranger) == reason


@pytest.mark.parametrize("fn", ["set_keeper", "set_guardian", "transfer_ownership"])
def test_only_the_owner_appoints(carry: Deployed, fn: str) -> None:
    for stranger in (carry.world.users[0], carry.keeper, carry.guardian):
        assert refused(carry, fn, stranger, sender=stranger) == "roles: owner only"


def test_appointments_take_effect(carry: Deployed) -> None:
    user = carry.world.users[3]
    carry.deposit(user, 100_000 * USDC)
    carry.contract.send("set_keeper", user, sender=carry.owner)
    assert refused(carry, "rebalance", sender=carry.keeper) == "roles: keeper only"
    carry.contract.send("rebalance", sender=user)
    carry.contract.send("set_guardian", user, sender=carry.owner)
    carry.contract.send("freeze", sender=user)


def test_ownership_passes_in_two_steps(carry: Deployed) -> None:
    heir = carry.world.users[3]
    carry.contract.send("transfer_ownership", heir, sender=carry.owner)
    assert carry.call("owner") == carry.owner
    assert refused(carry, "accept_ownership", sender=carry.owner) == "roles: not offered"
    carry.contract.send("accept_ownership", sender=heir)
    assert carry.call("owner") == heir
    assert refused(carry, "set_keeper", heir, sender=carry.owner) == "roles: owner only"
    assert refused(carry, "accept_ownership", sender=heir) == "roles: not offered"


def test_a_frozen_vault_takes_no_deposits_and_no_risk(carry: Deployed) -> None:
    user = filled(carry).world.users[0]
    carry.contract.send("freeze", sender=carry.guardian)
    carry.world.usdc.provide(user, carry.contract, USDC)
    assert carry.call("maxDeposit", user) == carry.call("maxMint", user) == 0
    assert refused(carry, "deposit", USDC, user, sender=user) == "mode: not open"
    assert refused(carry, "mint", USDC, user, sender=user) == "mode: not open"
    assert refused(carry, "rebalance", sender=carry.keeper) == "mode: not open"
    assert refused(carry, "freeze", sender=carry.guardian) == "mode: not open"
    carry.contract.send("withdraw", USDC, user, user, sender=user)


def test_a_frozen_vault_still_reduces_risk(carry: Deployed) -> None:
    filled(carry).contract.send("freeze", sender=carry.guardian)
    carry.world.set_price("WETH", 1_400)
    assert carry.call("deleverage_aave_due") is True
    carry.run("deleverage_aave")
    assert carry.call("health_aave") == pytest.approx(1.8 * 10**18, rel=1e-6)


def test_only_the_owner_opens_a_frozen_vault(carry: Deployed) -> None:
    assert refused(carry, "unfreeze", sender=carry.owner) == "mode: not frozen"
    carry.contract.send("freeze", sender=carry.owner)
    assert refused(carry, "unfreeze", sender=carry.guardian) == "roles: owner only"
    carry.contract.send("unfreeze", sender=carry.owner)
    assert carry.call("mode") == 0


@pytest.mark.parametrize("frozen", [False, True])
def test_an_exited_vault_only_redeems(carry: Deployed, frozen: bool) -> None:
    user = filled(carry).world.users[0]
    if frozen:
        carry.contract.send("freeze", sender=carry.guardian)
    carry.contract.send("emergency_exit", sender=carry.guardian)
    carry.world.usdc.provide(user, carry.contract, USDC)
    assert carry.call("maxDeposit", user) == 0
    assert refused(carry, "deposit", USDC, user, sender=user) == "mode: not open"
    assert refused(carry, "rebalance", sender=carry.keeper) == "mode: not open"
    assert refused(carry, "deleverage_aave", sender=carry.keeper) == "mode: exited"
    assert refused(carry, "freeze", sender=carry.guardian) == "mode: not open"
    assert refused(carry, "unfreeze", sender=carry.owner) == "mode: not frozen"
    assert carry.call("maxRedeem", user) == carry.call("balanceOf", user)


# ── deployment ─────────────────────────────────────────────────────────────────────────────


def test_a_vault_without_an_owner_cannot_be_made(revm_world: World) -> None:
    with pytest.raises(Reverted, match="roles: no owner"):
        deploy(revm_world, example("eth_carry"), owner_="0x" + "00" * 20)


WRONG: list[tuple[str, Callable[[World], object], str]] = [
    ("token_usdc", lambda world: world.weth, "decimals of USDC"),
    ("token_weth", lambda world: world.usdc, "decimals of WETH"),
    ("feed_weth", lambda world: world.weth, "oracle: no answer"),
    ("venue_save", lambda world: world.usdc, "USDC is save"),
    ("venue_save", lambda world: world.feeds["USDC"], ""),
    ("venue_aave", lambda world: world.save, ""),
    ("venue_dex", lambda world: world.save, ""),
]


@pytest.mark.parametrize(("parameter", "wrong", "reason"), WRONG, ids=[f"{one[0]} {one[2]}".strip() for one in WRONG])
def test_a_vault_with_a_wrong_address_cannot_be_made(
    revm_world: World, parameter: str, wrong: Callable[[World], object], reason: str
) -> None:
    with pytest.raises(Reverted) as caught:
        deploy(revm_world, example("eth_carry"), **{parameter: wrong(revm_world)})
    assert caught.value.reason == reason


def test_a_vault_cannot_be_made_where_aave_sees_another_risk(revm_world: World) -> None:
    configurator, weth = revm_world.aave.configurator, revm_world.weth
    configurator.send("configureReserveAsCollateral", weth, 7_900, 8_250, 10_500)
    with pytest.raises(Reverted, match="aave_v3: loan-to-value differs"):
        deploy(revm_world, example("eth_carry"))
    configurator.send("configureReserveAsCollateral", weth, 8_000, 8_100, 10_500)
    with pytest.raises(Reverted, match="aave_v3: liquidation threshold differs"):
        deploy(revm_world, example("eth_carry"))
