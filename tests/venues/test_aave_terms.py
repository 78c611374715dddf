"""What governance does to the terms of collateral, as the adapter reads it: of a reserve and of a category."""

from __future__ import annotations

import pytest

from lab.aave import V32, ZERO
from lab.revm import RevmChain
from lab.world import CATEGORY, CATEGORY_LTV_BPS, CATEGORY_THRESHOLD_BPS, World, build_world
from venues.probes import probe


@pytest.mark.parametrize(
    ("ltv", "threshold", "short"),
    [
        (8_000, 8_250, 0),
        (8_100, 8_300, 0),
        (7_999, 8_250, 1),
        (8_000, 8_240, 10),
        (7_900, 8_200, 150),
        (0, 8_250, 8_000),
    ],
)
def test_a_reserves_terms_fall_short_by_what_they_were_lowered(
    revm_world: World, ltv: int, threshold: int, short: int
) -> None:
    lab, weth = revm_world.aave, revm_world.weth
    lab.set_collateral(weth, ltv, threshold)
    assert probe(revm_world.chain).call("aave_shortfall", lab.pool, weth, 8_000, 8_250) == short


def test_a_categorys_terms_and_all_that_takes_an_account_out_of_them(revm_world: World) -> None:
    for world in (revm_world, build_world(RevmChain(), V32)):
        lab, weth, tokens = world.aave, world.weth, [world.weth, world.usdc]
        account = probe(world.chain)
        stated = (CATEGORY_LTV_BPS, CATEGORY_THRESHOLD_BPS)

        def short() -> int:
            return int(account.call("aave_category_shortfall", lab.pool, CATEGORY, weth, *stated))  # noqa: B023

        assert short() == CATEGORY_THRESHOLD_BPS  # not entered
        account.send("aave_enter_category", lab.pool, CATEGORY)
        assert short() == 0
        lab.set_category(CATEGORY, CATEGORY_LTV_BPS - 30, CATEGORY_THRESHOLD_BPS - 4, tokens, tokens)
        assert short() == 34
        lab.set_category(CATEGORY, CATEGORY_LTV_BPS + 10, CATEGORY_THRESHOLD_BPS + 10, tokens, tokens)
        assert short() == 0
        if lab.generation.has_bitmaps:
            lab.configure("setAssetCollateralInEMode", weth, CATEGORY, False)
        else:
            source = world.feeds["WETH"].contract
            lab.configure("setEModeCategory", CATEGORY, *stated, 10_100, source, "priced")
            assert short() == CATEGORY_THRESHOLD_BPS  # a price of its own
            lab.configure("setEModeCategory", CATEGORY, *stated, 10_100, ZERO, "lab")
            assert short() == 0
            lab.configure("setAssetEModeCategory", weth, 0)
        assert short() == CATEGORY_THRESHOLD_BPS
