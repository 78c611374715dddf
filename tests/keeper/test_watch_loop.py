"""The watch over a vault that borrows by flash loans: whether its lender would lend what is owed, on the terms that
were proved."""

from __future__ import annotations

from pathlib import Path

import pytest

from keeper.watching import Watching, watched_from_a_round
from lab.world import World, with_lending_pool, with_morpho
from vyper_target.vaults import USDC, Deployed, example

pytestmark = pytest.mark.anvil

LENT = ("alarm", "flash(aave)")
OVER = ("alarm_over", "flash(aave)")


def watched(world: World, folder: Path, name: str = "eth_loop") -> tuple[Deployed, Watching]:
    """A loop that owes 150,000 USDC, at the beginning of a round."""
    return watched_from_a_round(world, folder, example(name), "rebalance")


def test_a_lender_that_lends_no_more(anvil_world: World, tmp_path: Path) -> None:
    """Each of the terms by itself, and the reserve down to what is owed and one unit below."""
    vault, watching = watched(anvil_world, tmp_path)
    lab, usdc = anvil_world.aave, anvil_world.usdc
    lab.set_flash_premium(6)
    assert watching.says() == [LENT]
    lab.set_flash_premium(4)
    assert watching.says() == [OVER]
    lab.lend_by_flash(usdc, False)
    assert watching.says() == [LENT]
    lab.lend_by_flash(usdc)
    assert watching.says() == [OVER]
    lab.pause(usdc)
    assert LENT in watching.says()
    lab.pause(usdc, False)
    assert OVER in watching.says()
    there = usdc.balance(lab.reserve(usdc).a_token.address)
    owed = lab.owed(vault.address, usdc)
    lab.withdraw(anvil_world.whale, usdc, there - owed - 1_000)
    assert LENT not in watching.says()  # but that nothing is left to borrow
    lab.withdraw(anvil_world.whale, usdc, 2_000)
    assert watching.says() == [LENT]
    lab.seed(anvil_world.whale, usdc, 1_000 * USDC)
    assert OVER in watching.says()


@pytest.mark.long
def test_a_lender_without_terms(anvil_world: World, tmp_path: Path) -> None:
    """Morpho lends what lies there of a token: less than what is owed is an alarm."""
    world = with_morpho(anvil_world)
    vault, watching = watched(world, tmp_path, "blue_loop")
    usdc, morpho, owed = world.usdc, world.morpho, world.aave.owed(vault.address, world.usdc)
    morpho.pledge(world.whale, 10**24)
    morpho.borrow(world.whale, usdc.balance(morpho.address) - owed - 1_000)
    assert watching.says() == []
    morpho.borrow(world.whale, 2_000)
    assert watching.says() == [("alarm", "flash(blue)")]
    morpho.repay(world.whale, 2_000)
    assert watching.says() == [("alarm_over", "flash(blue)")]


@pytest.mark.long
def test_a_pool_that_lends(anvil_world: World, tmp_path: Path) -> None:
    """A pool lends what lies there of a token: less than what is owed is an alarm, and so is no liquidity at all."""
    world = with_lending_pool(anvil_world)
    pool, whale, alarm = world.lending, world.whale, ("alarm", "flash(pool)")
    assert pool is not None
    _, watching = watched(world, tmp_path, "pool_loop")
    assert watching.says() == []
    position = pool.remove_liquidity(whale)  # and leave it lying there
    assert watching.says() == [alarm]
    pool.add_liquidity(whale, world.weth.units(10), world.usdc.units(20_000))
    assert watching.says() == [("alarm_over", "flash(pool)")]
    pool.collect(whale, position)  # what stays there is less than is owed
    assert watching.says() == [alarm]
