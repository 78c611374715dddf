"""A treasury's loan against two collaterals, and its keeper's process: ether and bitcoin fall in one hour.

By all that is assumed of each, 20% and 15%, from the targets: a health of 1.88 becomes 1.54, and the deleverage is due
below 1.60. Aave lends the dollars, ether alone is sold for them, and Aave says before and after what the health is. All
states on the way are the exact machine's, to the wei.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from integration.command import Built, stratc
from integration.past import call_at, flash_loans
from integration.test_carry_on_anvil import HOUR, Life, kept
from lab.chain import AnvilChain
from lab.world import World, with_bitcoin
from vyper_target.vaults import USD

pytestmark = [pytest.mark.anvil, pytest.mark.long]

GOAL = 18 * USD // 10
A_BASIS_POINT = USD // 1_000
"""Aave cuts the average threshold of several collaterals to basis points: of the health that is less than this."""


@pytest.fixture(scope="module")
def loan(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """examples/treasury_loan.strat, proved and built."""
    out = tmp_path_factory.mktemp("built")
    stratc("build", "examples/treasury_loan.strat", "--out", out, status=0)
    return Built(out / "TreasuryLoan", "treasury_loan")


def test_a_keeper_saves_a_loan_against_two_collaterals(anvil_world: World, loan: Built, tmp_path: Path) -> None:
    chain = anvil_world.chain
    assert isinstance(chain, AnvilChain)
    with kept(with_bitcoin(anvil_world), chain, loan, tmp_path) as life:
        (up,) = life.keeper_does("rebalance")
        assert 187 <= up.aave.health * 100 // USD <= 189
        life.world.arbitrage()
        life.end_round()
        fall(life, chain)
        asked = ("--config", tmp_path / "keeper.json", "--rpc", chain.url)
        assert "health(aave)" in stratc("status", *asked, status=0)
        assert life.keeper.terminate() == 0, life.keeper.log()
    past = stratc("keeper", "audit", *asked, "--from-block", "0", status=0)
    assert past.endswith(" 0 unclear, 0 not allowed\n")


def fall(life: Life, chain: AnvilChain) -> None:
    """Both at once, a minute before the round is over; bitcoin first, which alone makes nothing due."""
    world, me = life.world, life.vault.address
    world.warp(HOUR - 60, refresh=True)
    world.pool_of("WBTC", "USDC").move_to(51_000, world.arbitrageur)
    world.set_price("WBTC", 51_000, arbitrage=False)
    life.eth(1_600)
    down, _ = life.keeper_does("deleverage_aave", "rebalance")
    print(f"health after the deleverage: Aave {down.aave.health}, model {down.model_health}")
    assert abs(down.model_health - GOAL) < USD // 10**5
    assert abs(down.aave.health - GOAL) < A_BASIS_POINT
    assert flash_loans(chain, down.block, world.aave.pool) == 1
    sold = {}
    for symbol in ("WETH", "WBTC"):
        receipt = world.aave.reserve(world.token(symbol)).a_token
        before, after = (call_at(chain, block, receipt, "balanceOf", me) for block in (down.block - 1, down.block))
        sold[symbol] = after < before
    assert sold == {"WETH": True, "WBTC": False}
    life.end_round(60)
