"""A loop and its keeper's process: up from cash, and down again when ETH falls, each in one transaction.

ETH falls by the whole assumed 15% in one step. Nothing that is idle repays the loan: Aave lends, takes its loan back,
and says before and after what the vault's health is. All states on the way are the exact machine's, to the wei.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from eth_utils.crypto import keccak

from integration.command import Built, stratc
from integration.test_carry_on_anvil import HOUR, Life, kept
from lab.chain import AnvilChain
from lab.world import World
from vyper_target.vaults import USD

pytestmark = pytest.mark.anvil

FLASH_LOAN = "FlashLoan(address,address,address,uint256,uint8,uint256,uint16)"


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
    assert borrowed_by_flash(life, down.block) == 1
    assert balance_at(life, down.block) >= idle
    life.end_round(60)


def borrowed_by_flash(life: Life, block: int) -> int:
    """How many flash loans Aave has given the vault in a block."""
    where = {"address": life.world.aave.pool.address, "fromBlock": hex(block), "toBlock": hex(block)}
    where["topics"] = ["0x" + keccak(text=FLASH_LOAN).hex()]
    return len(life.follower.chain.rpc("eth_getLogs", where))


def balance_at(life: Life, block: int) -> int:
    usdc = life.world.usdc.contract
    function = usdc.abi.function("balanceOf", 1)
    call = {"to": usdc.address, "data": "0x" + function.encode([life.vault.address]).hex()}
    return int(life.follower.chain.rpc("eth_call", call, hex(block)), 16)
