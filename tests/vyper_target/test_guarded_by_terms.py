"""A vault of which no move of a price is assumed is guarded by its lender's terms alone."""

from __future__ import annotations

import pytest

from lab.chain import Reverted
from lab.world import World
from vyper_target.vaults import deploy, example, proved

CARRY = example("eth_carry").verification.source.text
STILL = CARRY.replace("price(WETH) moves -20% .. +20%", "price(WETH) stays 1_900 .. 2_100")


@pytest.mark.long
def test_lower_terms_hold_up_deposits_and_what_trades(revm_world: World) -> None:
    vault = deploy(revm_world, proved(STILL, "still.strat"))
    whale = revm_world.whale
    vault.deposit(whale, 100_000 * 10**6)
    assert vault.call("rebalance_due")
    assert not vault.call("guarded")
    revm_world.aave.set_collateral(revm_world.weth, 8_000, 8_200)
    assert vault.call("guarded")
    assert not vault.call("rebalance_due")
    with pytest.raises(Reverted, match="mode: guarded"):
        vault.run("rebalance")
    with pytest.raises(Reverted, match="mode: guarded"):
        vault.deposit(whale, 10**6)
    revm_world.aave.set_collateral(revm_world.weth, 8_000, 8_250)
    vault.run("rebalance")
    assert vault.call("settled")
