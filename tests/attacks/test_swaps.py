"""Sandwiches: the attacker trades before the keeper's transaction and after it."""

from __future__ import annotations

from fractions import Fraction

import pytest

from attacks.targets import NO_CONSERVATION, NO_LEAST_PRICE, true_assets, vault, without
from lab.chain import Reverted
from lab.world import World
from vyper_target.vaults import USDC, Deployed

PAR = {"USDC": Fraction(1), "WETH": Fraction(2_000)}
MILLION = 10**6 * USDC
SLIPPAGE = Fraction(30, 10_000)
"""Of the strategy's assumption, which the contract enforces of every swap."""


def sandwich(target: Deployed, pushed: int) -> tuple[Fraction, Fraction]:
    """Buy for `pushed` dollars before the vault buys, sell after it: (what the vault lost, what the attacker earned).
    Raises Reverted where the vault does not buy."""
    world, attacker = target.world, target.world.users[3]
    world.usdc.provide(attacker, world.uniswap.router, pushed)
    world.weth.approve(attacker, world.uniswap.router)
    before = true_assets(target, PAR)
    world.pool.swap(attacker, world.usdc, pushed)
    target.run("rebalance")
    world.pool.swap(attacker, world.weth, world.weth.balance(attacker))
    return before - true_assets(target, PAR), Fraction(world.usdc.balance(attacker) - pushed)


def deposited(target: Deployed, assets: int) -> Deployed:
    target.deposit(target.world.users[0], assets)
    return target


@pytest.mark.parametrize("pushed", [100_000, 500_000, 800_000])
def test_sandwich(revm_world: World, pushed: int) -> None:
    """All that can be taken from a swap is the slippage that the strategy allows of it."""
    target = deposited(vault(revm_world, "eth_carry"), MILLION)
    bought = MILLION * 80 // 100
    lost, earned = sandwich(target, pushed * USDC)
    assert lost <= bought * SLIPPAGE + 4
    assert 0 < earned <= lost


@pytest.mark.parametrize("pushed", [10**6, 10**7, 10**8])
def test_sandwich_that_takes_more(revm_world: World, pushed: int) -> None:
    """A pool that is worse than that sells nothing to the vault, and the attacker has paid two fees."""
    target = deposited(vault(revm_world, "eth_carry"), MILLION)
    before = true_assets(target, PAR)
    with pytest.raises(Reverted, match="Too little received"):
        sandwich(target, pushed * USDC)
    attacker = revm_world.users[3]
    revm_world.pool.swap(attacker, revm_world.weth, revm_world.weth.balance(attacker))
    assert revm_world.usdc.balance(attacker) < pushed * USDC
    assert true_assets(target, PAR) == before


@pytest.mark.parametrize("pushed_to", [1_000, 1_980, 1_998, 2_000])
def test_sandwich_of_the_exit(revm_world: World, pushed_to: int) -> None:
    """The exit sells under the same bound: the guardian's emergency is no chance for whoever waits for it."""
    target = deposited(vault(revm_world, "eth_carry"), MILLION)
    target.run("rebalance")
    before = true_assets(target, PAR)
    sold = before * 80 // 100
    revm_world.pool.move_to(pushed_to, revm_world.arbitrageur)
    try:
        target.contract.send("emergency_exit", sender=target.guardian)
    except Reverted as refused:
        if refused.reason != "Too little received" or pushed_to > 1_990:
            raise
    assert before - true_assets(target, PAR) <= sold * SLIPPAGE + 4


@pytest.mark.long
def test_sandwich_robs_a_vault_that_takes_any_price(revm_world: World) -> None:
    target = deposited(without(revm_world, "eth_carry", (*NO_LEAST_PRICE, *NO_CONSERVATION)), 2 * MILLION)
    lost, earned = sandwich(target, 10**8 * USDC)
    assert lost > 2 * MILLION * 8 // 10 * 15 // 100  # of what it bought: the pool was a fifth too dear
    assert earned > 100_000 * USDC
