"""A loop and its keeper's process: up from cash, and down again when ETH falls, each in one transaction.

ETH falls by the whole assumed 15% in one step. Nothing that is idle repays the loan: Aave lends, takes its loan back,
and says before and after what the vault's health is. All states on the way are the exact machine's, to the wei.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from integration.command import Built, stratc
from integration.past import call_at, flash_loans
from integration.test_carry_on_anvil import HOUR, Life, kept
from lab.chain import AnvilChain
from lab.world import World
from vyper_target.vaults import USD

pytestmark = [pytest.mark.anvil, pytest.mark.long]


@pytest.fixture(scope="module")
def loop(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """examples/eth_loop.strat, proved and built."""
    out = tmp_path_factory.mktemp("built")
    stratc("build", "examples/eth_loop.strat", "--out", out, status=0)
    return Built(out / "EthLoop", "eth_loop")


def test_a_keeper_takes_a_loop_up_and_down(anvil_world: World, loop: Built, tmp_path: Path) -> None:
    chain = anvil_world.chain
    assert isinstance(chain, AnvilChain)
    with kept(anvil_world, chain, loop, tmp_path) as life:
        (up,) = life.keeper_does("rebalance")
        assert 148 <= up.aave.health * 100 // USD <= 149
        life.world.arbitrage()
        life.end_round()
        fall(life)
        assert life.keeper.terminate() == 0, life.keeper.log()


def fall(life: Life) -> None:
    """-15% at once, a minute before the round is over."""
    life.world.warp(HOUR - 60, refresh=True)
    idle = life.vault.state()["idle_usdc"]
    life.eth(1_700)
    assert 125 <= life.world.aave.account(life.vault.address).health * 100 // USD <= 127
    down, _ = life.keeper_does("deleverage_aave", "rebalance")
    print(f"health after the deleverage: Aave {down.aave.health}, model {down.model_health}")
    assert down.aave.health >= 15 * USD // 10 - USD // 10**6
    chain, world = life.follower.chain, life.world
    assert flash_loans(chain, down.block, world.aave.pool) == 1
    assert call_at(chain, down.block, world.usdc.contract, "balanceOf", life.vault.address) >= idle
    life.end_round(60)
