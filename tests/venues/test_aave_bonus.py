"""What a liquidator takes at Aave, beside the most that the model allows him."""

from __future__ import annotations

from fractions import Fraction

import pytest

from lab.chain import Reverted
from lab.world import World
from stratc_targets.venues.aave_v3.exact import WAD
from venues.test_aave_v3 import MODEL, loan


def test_a_liquidator_takes_no_more_than_the_model_says(revm_world: World) -> None:
    """The loan of the measured fixture: half of it is closed for 5% more collateral."""
    account, world = loan(revm_world), revm_world
    account.outside("price", "WETH", 990 * WAD // account.books.data().health)
    usdc, weth = account.reserve("USDC"), account.reserve("WETH")
    before = weth.supplied * weth.price * 10**6, usdc.owed * usdc.price * 10**18
    world.usdc.provide(world.arbitrageur, world.aave.pool, usdc.owed)
    event = world.aave.liquidate(world.arbitrageur, account.me, world.weth, world.usdc).event("LiquidationCall")
    taken = event["liquidatedCollateralAmount"] * weth.price * 10**6
    repaid = event["debtToCover"] * usdc.price * 10**18
    assert taken < before[0]
    assert repaid <= before[1]
    assert float(Fraction(taken, repaid)) == pytest.approx(1.05, abs=1e-6)
    assert Fraction(taken, repaid) <= MODEL.seized == 1 / Fraction(825, 1000)


def test_governance_cannot_raise_the_bonus_beyond_the_models_bound(revm_world: World) -> None:
    lab, weth = revm_world.aave, revm_world.weth
    most = int(MODEL.seized * 10_000)
    lab.set_collateral(weth, 8_000, 8_250, most)
    with pytest.raises(Reverted, match="20"):
        lab.set_collateral(weth, 8_000, 8_250, most + 1)
