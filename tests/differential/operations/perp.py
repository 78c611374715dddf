"""What may happen at Perp v2 to a vault that is short there: by others in its market, by its owner, by liquidators."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from differential.pair import Pair, outcome
from lab.chain import Reverted as ChainReverted
from lab.perp import FULL_RANGE, ONE
from lab.uniswap import NEVER

_PLENTY = 10**15  # of a liquidator's margin, in units of the dollar


@dataclass(frozen=True)
class PoolApart:
    """Others trade the market's pool to this part (permille) of what the feed says, as far as they are let."""

    permille: int

    def apply(self, pair: Pair) -> None:
        target = pair.world.price("WETH") * Fraction(self.permille, 1_000)
        outcome(lambda: pair.world.perp.move_to(target, pair.world.arbitrageur), ChainReverted)
        pair.others_traded()
        pair.tally.done["pool apart"] += 1


@dataclass(frozen=True)
class SettleFunding:
    """Anybody settles the market's funding."""

    def apply(self, pair: Pair) -> None:
        pair.others_traded()
        pair.tally.done["settle funding"] += 1


@dataclass(frozen=True)
class Penalty:
    """Perp's owner sets what a liquidation costs, in millionths."""

    millionths: int

    def apply(self, pair: Pair) -> None:
        lab = pair.world.perp
        lab.config.send("setLiquidationPenaltyRatio", self.millionths, sender=lab.admin)
        pair.market.account.books.penalty = self.millionths
        pair.tally.done["penalty"] += 1


@dataclass(frozen=True)
class Pause:
    """Perp's owner stops the whole house, or lets it go on."""

    paused: bool = True

    def apply(self, pair: Pair) -> None:
        lab = pair.world.perp
        lab.house.send("pause" if self.paused else "unpause", sender=lab.admin)
        pair.market.account.stopped = self.paused
        pair.tally.done["pause" if self.paused else "unpause"] += 1


@dataclass(frozen=True)
class PauseMarket:
    """Perp's owner stops the market: its index stands still, nobody trades, and nobody is liquidated."""

    def apply(self, pair: Pair) -> None:
        pair.world.perp.base.contract.send("pause", sender=pair.world.perp.admin)
        pair.others_traded()
        pair.tally.done["pause market"] += 1


@dataclass(frozen=True)
class CloseMarket:
    """Perp's owner closes a market that he has paused, at a price in dollars that he names."""

    price: int

    def apply(self, pair: Pair) -> None:
        lab = pair.world.perp
        lab.base.contract.send("close(uint256)", self.price * 10**18, sender=lab.admin)
        pair.others_traded()
        pair.tally.done["close market"] += 1


@dataclass(frozen=True)
class QuitMarket:
    """Somebody has the vault's position settled at the price that the market was closed at."""

    def apply(self, pair: Pair) -> None:
        lab, books, vault = pair.world.perp, pair.market.account.books, pair.chain.address
        price = int(lab.base.contract.call("getClosedPrice"))
        pair.beside(
            "quit market",
            lambda: books.quit(vault, price),
            lambda: lab.house.send("quitMarket", vault, lab.base, sender=pair.users[2]),
        )


@dataclass(frozen=True)
class MakersLeave:
    """Somebody goes short of far more than the vault; makers take out liquidity and margin, as far as they may."""

    def apply(self, pair: Pair) -> None:
        world, lab = pair.world, pair.world.perp
        lab.deposit(pair.world.admin, 10**12)
        lab.short(pair.world.admin, 400 * ONE)
        ticks = (-FULL_RANGE, FULL_RANGE, lab.pool.contract.call("liquidity"))
        lab.house.send("removeLiquidity", (lab.base, *ticks, 0, 0, NEVER), sender=world.whale)
        for maker in (world.whale, world.arbitrageur):
            lab.withdraw(maker, lab.free(maker))
        pair.others_traded()
        pair.tally.done["makers leave"] += 1


@dataclass(frozen=True)
class HouseHas:
    """Who was short of more is settled in the closed market, and takes all money but this; or the makers bring some."""

    money: int

    def apply(self, pair: Pair) -> None:
        lab, user = pair.world.perp, pair.world.admin
        lab.house.send("quitMarket", user, lab.base, sender=user)
        if (more := pair.market.account.there - self.money) > 0:
            lab.withdraw(user, more)
        else:
            lab.deposit(pair.world.whale, -more)
        pair.tally.done["house has"] += 1


@dataclass(frozen=True)
class LiquidateAtPerp:
    """Somebody takes over as much of the short as he may, if he may."""

    def apply(self, pair: Pair) -> None:
        lab, account, user = pair.world.perp, pair.market.account, pair.users[2]
        lab.deposit(user, _PLENTY)
        account.books.deposit(user, _PLENTY)
        account.books.purse = pair.world.usdc.balance(lab.insurance.address)
        vault = pair.chain.address
        pair.beside(
            "liquidate at perp",
            lambda: account.books.liquidate(user, vault),
            lambda: lab.liquidate(user, vault),
        )


OperationAtPerp = (
    PoolApart
    | SettleFunding
    | Penalty
    | Pause
    | PauseMarket
    | CloseMarket
    | QuitMarket
    | MakersLeave
    | HouseHas
    | LiquidateAtPerp
)
