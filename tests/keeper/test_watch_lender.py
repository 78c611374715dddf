"""The watch over dollars that are lent out at Morpho: what could be drawn is what Morpho itself would let go."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from keeper.watching import Watching
from lab.chain import CHAIN_ID, AnvilChain
from lab.chain import Reverted as ChainReverted
from lab.world import World, with_morpho
from stratc_compiler.assumptions import guarded_assumptions
from stratc_targets.keeper.config import bind
from stratc_targets.keeper.emit import emit_keeper
from vyper_target.vaults import USDC, Deployed, deploy, example, files

pytestmark = pytest.mark.anvil


@pytest.fixture
def watched(anvil_world: World, tmp_path: Path) -> tuple[Deployed, Watching]:
    """A vault of 150,000 USDC that has just begun a round, and the watch over it."""
    assert isinstance(anvil_world.chain, AnvilChain)
    world, given = with_morpho(anvil_world), example("lender")
    given = replace(given, verification=replace(given.verification, assumptions=guarded_assumptions(given.vault)))
    emitted, vault = files(given), deploy(world, given)
    codes = json.loads(emitted["abi.json"]), emitted["runtime.hex"].strip(), emitted["actions.runtime.hex"].strip()
    document = json.loads(emit_keeper(given, *codes).text)
    watching = Watching(tmp_path, anvil_world.chain.url, bind(document, CHAIN_ID, vault.address))
    assert watching.says() == [("watching", None)]
    vault.deposit(world.users[0], 150_000 * USDC)
    vault.run("rebalance")
    vault.contract.send("settle")
    assert watching.says() == []
    return vault, watching


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
