"""What may happen at Perp v2 to a vault that is short there: by others in its market, by its owner, by liquidators."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from differential.pair import Pair, outcome
from lab.chain import Reverted as ChainReverted

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


OperationAtPerp = PoolApart | SettleFunding | Penalty | Pause | PauseMarket | CloseMarket | QuitMarket | LiquidateAtPerp
