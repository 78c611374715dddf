"""The watch over fees that wait in a range of Uniswap's own pool: what it measures is what a harvest then brings."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from keeper.watching import watched_from_a_round
from lab.chain import AnvilChain
from lab.world import World, build_world
from stratc_targets.keeper.overview import used_up
from vyper_target.vaults import USD, example

pytestmark = [pytest.mark.anvil, pytest.mark.long]

ASSUMED = "fees(pool)"


def trade(world: World) -> None:
    """Others trade there and back, in both tokens."""
    for token, whole in ((world.weth, 25_000), (world.usdc, 50_000_000)):
        token.provide(world.arbitrageur, world.uniswap.router, token.units(whole))
        world.pool.swap(world.arbitrageur, token, token.units(whole))
    world.arbitrage()


def test_what_waits_is_what_a_harvest_brings(tmp_path: Path) -> None:
    with AnvilChain() as chain:
        world = build_world(chain)
        vault, watching = watched_from_a_round(world, tmp_path, example("fee_range"), "rebalance")
        assert watching.measured(ASSUMED).value == 0
        trade(world)
        assert watching.says() == []
        measured = watching.measured(ASSUMED)
        assert measured.value is not None
        share = used_up(measured)
        assert isinstance(share, Fraction)
        assert 0 < share < 1
        # Had half of it been assumed, that would be an alarm.
        (alarm,) = (one for one in watching.document["alarms"] if one["id"] == ASSUMED)
        assert Fraction(alarm["measure"]["high"]) == Fraction(1, 100)
        alarm["measure"]["high"] = f"{float(measured.value / 2):.18f}"
        watching.start()
        assert ("alarm", ASSUMED) in watching.says()
        worth = vault.state()["value_pool"]
        nav = vault.state()["nav"]
        vault.run("harvest_pool")  # sells the ether for at most 0.30% less
        brought = Fraction(vault.state()["nav"] - nav)
        assert abs(brought / (measured.value * worth) - 1) <= Fraction(4, 1_000)
        assert brought > USD
        assert watching.says() == [("alarm_over", ASSUMED)]
        left = watching.measured(ASSUMED).value
        assert left is not None
        assert left < Fraction(1, 10**9)  # of the harvest's own sale in the same pool
