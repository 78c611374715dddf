"""The loops that are refuted, on Aave's own contracts: an hour that was assumed liquidates them, mended not.

Each is taken as proved, deployed and brought to the edge of its bands: prices fall a little, and somebody deposits. The
vault calls that settled; then comes the hour of the scenario.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import pytest

from lab.aave import V32
from lab.artifacts import HERE, vyper_artifact
from lab.chain import RevmChain
from lab.feed import deploy_feed
from lab.interface import Reverted
from lab.tokens import Token
from lab.world import World, build_world
from refuted.broken import FOLDER, mended
from vyper_target.staked import WHOLE, StakedToken, deposit_weth, lend_on_aave, staked_token
from vyper_target.vaults import Deployed, deploy, proved

pytestmark = pytest.mark.long

HOUR = 3_600
NOT_BELOW_ONE = "45"
"""Aave's HEALTH_FACTOR_NOT_BELOW_THRESHOLD."""


def text_of(name: str, is_mended: bool) -> str:
    path = FOLDER / f"{name}.strat"
    return mended(path) if is_mended else path.read_text(encoding="utf-8")


def liquidation(vault: Deployed, collateral: Token, debt: Token) -> str:
    """Why nobody can liquidate the vault at Aave; empty where somebody does."""
    world = vault.world
    debt.provide(world.arbitrageur, world.aave.pool, world.aave.owed(vault.address, debt))
    before = world.aave.supplied(vault.address, collateral)
    try:
        world.aave.liquidate(world.arbitrageur, vault.address, collateral, debt)
    except Reverted as refused:
        return refused.reason
    assert world.aave.supplied(vault.address, collateral) < before
    return ""


# ── loops of a staked token ────────────────────────────────────────────────────────────────


@dataclass
class StakedLoop:
    """A loop at work, and the market of its collateral."""

    vault: Deployed
    market: StakedToken

    def give_way(self, part: str) -> None:
        """The peg, to this part of what it was, and an hour in which nothing else happens."""
        self.tell(part)
        self.vault.world.warp(HOUR, refresh=True)
        self.market.feed.refresh()

    def tell(self, part: str) -> None:
        self.market.tell(self.market.feed.price() * Fraction(part))

    def settle(self) -> None:
        """Somebody deposits, as little as leaves it settled, and the next round begins."""
        deposits = 0
        while not self.vault.call("settled") and deposits < 50:
            deposit_weth(self.vault, self.vault.world.users[1], WHOLE // 50)
            deposits += 1
        assert self.vault.call("settled")
        self.vault.contract.send("settle", sender=self.vault.keeper)

    def misread(self, part: Fraction) -> None:
        """Aave's own oracle reads this part of what the market says, which does not move."""
        world, chain = self.vault.world, self.vault.world.chain
        ratio = deploy_feed(chain, world.admin, "misread", self.market.feed.price() * part, 18)
        told = vyper_artifact(HERE / "product_feed.vy")
        source = chain.deploy_artifact(told, ratio.address, world.feeds["WETH"].address, sender=world.admin)
        world.aave.oracle.send("setAssetSources", [self.market.token.address], [source.address], sender=world.admin)

    def liquidation(self) -> str:
        return liquidation(self.vault, self.market.token, self.vault.world.weth)


def staked_loop(text: str) -> StakedLoop:
    world = build_world(RevmChain(), V32)
    market = staked_token(world, fee=100)
    lend_on_aave(market, 9_300, 9_500)
    vault = deploy(world, proved(text), **market.addresses)
    deposit_weth(vault, world.users[0], 10 * WHOLE)
    vault.run("rebalance")
    return StakedLoop(vault, market)


def depeg(loop: StakedLoop) -> None:
    """A half of a percent and then, from a settled state, 4%: `loop_depeg` has a health of 1.039 before it."""
    loop.give_way("0.995")
    loop.settle()
    loop.tell("0.9600000001")


def misread(loop: StakedLoop) -> None:
    """What was 2.85% too low in March 2026, where two hours of a peg that gives way have left a health of 1.027."""
    for _ in range(2):
        loop.give_way("0.9965")
        loop.settle()
    loop.misread(1 - Fraction(285, 10_000))


@pytest.mark.parametrize(("name", "hour"), [("loop_depeg", depeg), ("misread", misread)])
@pytest.mark.parametrize("is_mended", [False, True])
def test_a_loop_on_a_peg(name: str, hour: Callable[[StakedLoop], None], is_mended: bool) -> None:
    loop = staked_loop(text_of(name, is_mended))
    assert loop.liquidation() == NOT_BELOW_ONE
    hour(loop)
    assert loop.liquidation() == (NOT_BELOW_ONE if is_mended else "")


# ── a vote ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("is_lowered", [False, True])
def test_a_lowered_threshold(revm_world: World, is_lowered: bool) -> None:
    """The loop that was proved for 82.5% outlives the 15% that were assumed, but not where a vote has left it 70%."""
    world = revm_world
    text = text_of("lowered_threshold", True).replace("ltv=68%", "ltv=80%")
    vault = deploy(world, proved(text))
    vault.deposit(world.users[0], 10**6 * 10**6)
    vault.run("rebalance")
    world.set_price("WETH", world.price("WETH") * Fraction("0.93"))
    vault.deposit(world.users[1], 30_000 * 10**6)
    assert vault.call("settled")
    world.warp(HOUR, refresh=True)
    vault.contract.send("settle", sender=vault.keeper)
    if is_lowered:
        world.aave.set_collateral(world.weth, 6_800, 7_000)
    assert liquidation(vault, world.weth, world.usdc) == NOT_BELOW_ONE
    world.set_price("WETH", world.price("WETH") * Fraction("0.8500001"))
    assert liquidation(vault, world.weth, world.usdc) == ("" if is_lowered else NOT_BELOW_ONE)
