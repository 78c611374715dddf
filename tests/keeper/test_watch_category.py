"""The watch over a loan in a category of Aave's assets (eMode): what governance changes is seen, on 3.0 and 3.2."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from keeper.watching import Watching, watched_from_a_round
from lab.aave import V30, V32, ZERO, Generation
from lab.chain import AnvilChain
from lab.world import CATEGORY, CATEGORY_LTV_BPS, CATEGORY_THRESHOLD_BPS, World, build_world
from vyper_target.vaults import example

pytestmark = [pytest.mark.anvil, pytest.mark.long]

ALARM, OVER = [("alarm", "parameters(aave)")], [("alarm_over", "parameters(aave)")]


@pytest.fixture(params=[V30, V32], ids=["3.0", "3.2"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    generation: Generation = request.param
    with AnvilChain() as chain:
        yield build_world(chain, generation)


def watched(world: World, folder: Path) -> Watching:
    """The watch over a vault of 150,000 USDC that has just begun a round."""
    # Without collateral its account has no threshold, which is no alarm.
    return watched_from_a_round(world, folder, example("category"), "rebalance", "harvest_save")[1]


def test_what_governance_does_to_the_category_is_an_alarm(world: World, tmp_path: Path) -> None:
    watching, lab, tokens = watched(world, tmp_path), world.aave, [world.weth, world.usdc]
    for change in ((-1, 0), (0, -1)):
        lab.set_category(CATEGORY, CATEGORY_LTV_BPS + change[0], CATEGORY_THRESHOLD_BPS + change[1], tokens, tokens)
        assert watching.says() == ALARM
        lab.set_category(CATEGORY, CATEGORY_LTV_BPS, CATEGORY_THRESHOLD_BPS, tokens, tokens)
        assert watching.says() == OVER


def test_collateral_that_is_taken_out_of_the_category_is_an_alarm(world: World, tmp_path: Path) -> None:
    watching, lab = watched(world, tmp_path), world.aave
    if lab.generation.has_bitmaps:
        lab.configure("setAssetCollateralInEMode", world.weth, CATEGORY, False)
    else:
        lab.configure("setAssetEModeCategory", world.weth, 0)
    assert watching.says() == ALARM


def test_a_category_that_is_given_a_price_of_its_own_is_an_alarm(anvil_world: World, tmp_path: Path) -> None:
    """Of 3.0: later versions have no such thing."""
    watching, risk = watched(anvil_world, tmp_path), (CATEGORY_LTV_BPS, CATEGORY_THRESHOLD_BPS, 10_100)
    lab, source = anvil_world.aave, anvil_world.feeds["WETH"].contract
    lab.configure("setEModeCategory", CATEGORY, *risk, source, "priced")
    assert watching.says() == [("unmeasured", "parameters(aave)")]  # Aave cannot value the account at all
    lab.oracle.send("setAssetSources", [source.address], [source.address], sender=lab.admin)
    assert watching.says() == [*ALARM, ("measured", "parameters(aave)")]
    lab.configure("setEModeCategory", CATEGORY, *risk, ZERO, "lab")
    assert watching.says() == OVER
