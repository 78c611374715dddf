"""The life of one vault from deployment to the last redemption, in process and on anvil."""

from __future__ import annotations

import pytest

from lab.chain import Reverted
from lab.world import World
from vyper_target.vaults import USD, USDC, deploy, example

BLOCK_GAS = 30_000_000


def test_eth_carry_from_deployment_to_the_last_redemption(world: World) -> None:
    vault = deploy(world, example("eth_carry"))
    alice, bob = world.users[:2]
    receipts = {"deposit": vault.deposit(alice, 100_000 * USDC)}
    vault.deposit(bob, 50_000 * USDC)
    receipts["rebalance"] = vault.run("rebalance")
    assert vault.call("settled") is True

    world.warp(3_600, refresh=True)
    world.set_price("WETH", 1_440)
    receipts["deleverage_aave"] = vault.run("deleverage_aave")
    assert world.aave.account(vault.address).health / USD == pytest.approx(1.80, abs=1e-6)

    world.warp(3_600, refresh=True)
    world.set_price("WETH", 2_300)
    receipts["rebalance again"] = vault.run("rebalance")
    assert vault.call("settled") is True

    most = vault.call("maxWithdraw", alice)
    assert most == vault.call("round_assets") // 20
    receipts["withdraw"] = vault.contract.send("withdraw", most, alice, alice, sender=alice)
    with pytest.raises(Reverted, match="withdraw: round limit"):
        vault.contract.send("withdraw", 1, alice, alice, sender=alice)

    receipts["emergency_exit"] = vault.contract.send("emergency_exit", sender=vault.guardian)
    for user in (alice, bob):
        vault.contract.send("redeem", vault.call("balanceOf", user), user, user, sender=user)
    assert vault.call("totalSupply") == 0
    assert world.usdc.balance(vault.address) <= 2
    assert world.usdc.balance(alice) / world.usdc.balance(bob) == pytest.approx(2, rel=1e-3)

    for name, receipt in receipts.items():  # gas is known on anvil only
        assert receipt.gas_used is None or receipt.gas_used < BLOCK_GAS / 10, name
