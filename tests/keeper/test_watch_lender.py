"""The watch over dollars that are lent out at Morpho: what could be drawn is what Morpho itself would let go."""

from __future__ import annotations

from pathlib import Path

import pytest

from keeper.watching import Watching, watched_from_a_round
from lab.chain import Reverted as ChainReverted
from lab.world import World, with_morpho
from vyper_target.vaults import USDC, Deployed, example

pytestmark = pytest.mark.anvil


@pytest.fixture
def watched(anvil_world: World, tmp_path: Path) -> tuple[Deployed, Watching]:
    """A vault of 150,000 USDC that has just begun a round, and the watch over it."""
    return watched_from_a_round(with_morpho(anvil_world), tmp_path, example("lender"), "rebalance")


def test_what_others_borrow_cannot_be_drawn(watched: tuple[Deployed, Watching]) -> None:
    vault, watching = watched
    world, lab = vault.world, vault.world.morpho
    world.morpho.pledge(world.whale, 10**24)
    (lent,) = (one for one in watching.positions if one.name == "blue.supply(USDC)")
    assert lent.payable is not None
    market = lab.market()
    free = market.supply_assets - market.borrow_assets
    assert watching.ask(lent.payable) == free
    lab.borrow(world.whale, free - 20_000 * USDC)  # less than 30% of 90,000
    assert watching.ask(lent.payable) == 20_000 * USDC
    assert watching.says() == [("alarm", "liquidity(blue)")]
    with pytest.raises(ChainReverted, match="insufficient liquidity"):
        lab.withdraw(world.whale, 20_000 * USDC + 1)
    lab.repay(world.whale, 10_000 * USDC)
    assert watching.says() == [("alarm_over", "liquidity(blue)")]
