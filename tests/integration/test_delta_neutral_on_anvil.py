"""Liquidity whose ether is hedged, and its keeper's process: ether rises by a fifth, or falls by a sixth, in one round.

Either time one rebalance brings back weights and delta, and then the storm that this is freezes the vault.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from integration.command import Built, built_by_command
from integration.keeping import kept, moved_within_a_round
from lab.world import World
from vyper_target.vaults import EXAMPLES, Deployed

pytestmark = [pytest.mark.anvil, pytest.mark.long, pytest.mark.timeout(900)]

BAND = Fraction(3, 100)


@pytest.fixture(scope="module")
def neutral(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """examples/delta_neutral.strat, proved and built."""
    return Built(built_by_command(EXAMPLES / "delta_neutral.strat", tmp_path_factory.mktemp("built")), "delta_neutral")


@pytest.mark.parametrize("usd", [2_400, 1_680])
def test_a_keeper_hedges_again_and_freezes(perp_chain: World, neutral: Built, tmp_path: Path, usd: int) -> None:
    with kept(perp_chain, neutral, tmp_path, "delta(WETH)") as (vault, diary, keeper):
        diary.does(keeper, "harvest_pool", "rebalance")
        assert abs(delta(vault)) <= BAND
        moved_within_a_round(vault, keeper, usd)
        before = delta(vault)
        assert abs(before) > BAND
        diary.does(keeper, "rebalance", "freeze_when_due")
        after = delta(vault)
        print(f"ether at {usd}: delta {float(before):.4%}, then {float(after):.4%}")
        assert abs(after) <= BAND
        assert vault.call("mode") == 1


def delta(vault: Deployed) -> Fraction:
    """Of nav: the ether in the range as the vault reads it, less what Perp's own books say is short."""
    world, nav = vault.world, vault.state()["nav"]
    short = -world.perp.position(vault.address).size * world.price("WETH")
    told = Fraction(vault.call("delta_weth"), nav)
    assert short > 0
    assert told == pytest.approx(float((vault.state()["long_delta_weth"] - short) / nav), abs=1e-6)
    return told
