"""A day of random prices in the life of a range and of a short: a look every hour, compared to the wei at each step."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import pytest

from differential.operations import Deposit, Keep, Move, Operation, Settle, SettleFunding, TradeInPool, Wait, Withdraw
from differential.pair import pair_up
from differential.story import PROBE
from lab.world import World
from vyper_target.vaults import USDC, example

pytestmark = pytest.mark.long

HOURS = 24


def a_day(name: str, seed: int) -> Iterator[Operation]:
    """Each hour the price goes somewhere within a twelfth, others trade, somebody comes or leaves, the keeper looks."""
    draw = Random(seed)
    yield from (Deposit(0, 100_000 * USDC), Deposit(1, 50_000 * USDC + 1), Keep())
    for _ in range(HOURS):
        yield Wait(3_540)
        yield Move("WETH", draw.randint(920, 1_085))
        yield Wait(60)
        if name == "fee_range":
            yield TradeInPool(draw.choice(("WETH", "USDC")), draw.randint(1, 2_000))
            yield Move("WETH", 1_000)
        else:
            yield SettleFunding()
        yield draw.choice((Deposit(2, draw.randint(1, 10_000 * USDC)), Withdraw(0, 0, draw.randint(1, 20))))
        yield Keep()
        yield Settle()


def lived(world: World, name: str, seed: int) -> None:
    pair = pair_up(world, example(name))
    navs = []
    for step in a_day(name, seed):
        step.apply(pair)
        pair.compare(PROBE, pair.users[0])
        navs.append(pair.chain.state()["nav"])
    print(f"{name}, seed {seed}: nav {min(navs) / 10**18:,.2f} .. {max(navs) / 10**18:,.2f}\n{pair.tally.told()}")
    assert pair.tally.done["rebalance"] >= 2
    assert pair.tally.done["settle"] >= 12


@pytest.mark.parametrize("seed", [1, 2])
def test_a_day_of_a_range(revm_world: World, seed: int) -> None:
    lived(revm_world, "fee_range", seed)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_day_of_a_short(perp_world: World, seed: int) -> None:
    lived(perp_world, "short_ether", seed)
