"""Somebody liquidates the vault's loan, or brings it to where one may."""

from __future__ import annotations

from dataclasses import dataclass

from differential.operations.prices import Move
from differential.pair import Disagreement, Pair
from lab.chain import Reverted as ChainReverted
from stratc_compiler.interpret import Reverted


@dataclass(frozen=True)
class Liquidate:
    """Somebody tries; a success tells how much."""

    permille: int

    def apply(self, pair: Pair) -> None:
        world, vault = pair.world, pair.chain.address
        owed = pair.market.aave.reserves["USDC"].owed * self.permille // 1_000
        world.usdc.provide(world.arbitrageur, world.aave.pool, owed)
        try:
            receipt = world.aave.liquidate(world.arbitrageur, vault, world.weth, world.usdc, owed)
        except ChainReverted as reverted:
            if _can_be_liquidated(pair) and reverted.reason not in _NOT_NOW:
                raise Disagreement(f"not liquidated: {reverted.reason}") from reverted
            pair.tally.reverted["liquidate"] += 1
            return
        event = receipt.event("LiquidationCall")
        seized, repaid = event["liquidatedCollateralAmount"], event["debtToCover"]
        pair.market.aave.liquidated("WETH", seized, "USDC", repaid)
        pair.tally.done["liquidate"] += 1


_NOT_NOW = {"25", "26", "29", "46", "SafeMath: subtraction overflow", "Panic(0x11)"}
"""Aave's reasons that are not about health: sizes that round to nothing, nothing to repay, a paused reserve, collateral
of which an earlier liquidation left nothing, collateral that is lent out (the last two: in the token, or already in the
interest rate's strategy)."""


def _can_be_liquidated(pair: Pair) -> bool:
    try:
        return pair.market.aave.data().health < 10**18
    except Reverted:
        return False


@dataclass(frozen=True)
class Crash:
    """WETH falls to where the health factor is about this (permille), and somebody liquidates a part."""

    permille: int

    def apply(self, pair: Pair) -> None:
        if pair.market.aave.reserves["USDC"].is_borrowed and all(map(pair.market.usable, pair.market.feeds)):
            Move("WETH", self.permille * 10**18 // max(pair.market.aave.data().health, 1)).apply(pair)
            Liquidate(300).apply(pair)
