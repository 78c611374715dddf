"""Liquidity in a range of Uniswap's own pool and its keeper's process: falls by a fifth, then rallies by a fifth.

A range falls by less than ether, so one such step from the targets leaves all weights inside their bands and the
keeper has only to begin the next round. The third fall in a row takes the range below its band, the third rally after
that above it; either time one rebalance mends it. What the position holds is read from the position manager and the
pool, and valued by the feeds.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import pytest

from integration.command import Built, built_by_command
from integration.keeping import Diary, KeeperProcess, kept, moved_within_a_round
from lab.chain import AnvilChain
from lab.world import World, build_world
from vyper_target.vaults import EXAMPLES, USDC, Deployed

pytestmark = [pytest.mark.anvil, pytest.mark.long]

HOUR, MINUTES = 3_600, 600
STEPS = (*((fall, "4/5") for fall in (False, False, True)), *((rally, "6/5") for rally in (False, False, True)))
"""By how much ether moves in each round, and whether that takes the range out of its band."""


def worth(vault: Deployed) -> tuple[Fraction, Fraction]:
    """What the range and what is idle are worth in dollars: at the price of the feed, whatever the pool says."""
    world = vault.world
    lower, upper, liquidity = world.uniswap.positions.call("positions", vault.call("position_pool"))[5:8]
    first = world.pool.base_is_token0
    price = float(world.price("WETH") / world.price("USDC")) * 10**6 / 10**18
    ends = [1.0001 ** (tick if first else -tick) for tick in (lower, upper)]
    low, high = sorted(ends)
    at = min(max(price, low), high)
    ether, dollars = liquidity * (at**-0.5 - high**-0.5), liquidity * (at**0.5 - low**0.5)
    in_range = Fraction(ether * price + dollars) / USDC * world.price("USDC")
    return in_range, Fraction(world.usdc.balance(vault.address), USDC) * world.price("USDC")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """examples/fee_range.strat, proved and built."""
    return Built(built_by_command(EXAMPLES / "fee_range.strat", tmp_path_factory.mktemp("built")), "fee_range")


@pytest.fixture
def world() -> Iterator[World]:
    """A chain of its own."""
    with AnvilChain() as chain:
        yield build_world(chain)


def test_a_keeper_brings_a_range_back_from_either_side(world: World, built: Built, tmp_path: Path) -> None:
    with kept(world, built, tmp_path, "harvest pool") as (vault, diary, keeper):
        diary.does(keeper, "harvest_pool", "rebalance")
        check(vault)
        for due, factor in STEPS:
            moved_within_a_round(vault, keeper, vault.world.price("WETH") * Fraction(factor))
            before = worth(vault)
            if due:
                diary.does(keeper, "rebalance")
                assert not Fraction(42, 100) <= before[0] / sum(before) <= Fraction(58, 100)
                # What is taken out brings along all fees, which nav had left out.
                assert sum(before) * Fraction(997, 1_000) <= sum(worth(vault)) <= sum(before) * Fraction(1_002, 1_000)
            print(f"ether at {float(world.price('WETH')):.2f}: range {told(before)}, then {told(worth(vault))}")
            check(vault)
            end_of_round(vault, diary, keeper, HOUR if due else MINUTES)
        fees(vault, diary, keeper)


def end_of_round(vault: Deployed, diary: Diary, keeper: KeeperProcess, seconds: int = HOUR) -> None:
    """So much later; a rebalance has begun a round of its own."""
    with keeper.between_two_looks():
        vault.world.warp(seconds, refresh=True)
    diary.does(keeper, "settle")


def fees(vault: Deployed, diary: Diary, keeper: KeeperProcess) -> None:
    """A day after the first harvest; others have traded both ways, so that there is ether to be sold."""
    world = vault.world
    with keeper.between_two_looks():
        for token, whole in ((world.weth, 10_000), (world.usdc, 15_000_000)):
            token.provide(world.arbitrageur, world.uniswap.router, token.units(whole))
            world.pool.swap(world.arbitrageur, token, token.units(whole))
        world.arbitrage()
    while world.chain.timestamp() + HOUR < vault.call("harvest_pool_last_run") + 24 * HOUR:
        end_of_round(vault, diary, keeper)
    before = world.usdc.balance(vault.address)
    with keeper.between_two_looks():
        world.warp(HOUR, refresh=True)
    diary.does(keeper, "harvest_pool")
    assert world.usdc.balance(vault.address) > before
    assert world.weth.balance(vault.address) == 0


def check(vault: Deployed) -> None:
    """Where the strategy wants it, by what is on chain."""
    in_range, idle = worth(vault)
    nav = in_range + idle
    assert Fraction(42, 100) <= in_range / nav <= Fraction(58, 100)
    assert Fraction(40, 100) <= idle / nav <= Fraction(60, 100)
    assert vault.call("settled")
    assert vault.call("totalAssets") == pytest.approx(float(nav * USDC), rel=1e-7)


def told(one: tuple[Fraction, Fraction]) -> str:
    return f"{float(one[0] / sum(one)):.4%} of {float(sum(one)):,.2f} USD"
