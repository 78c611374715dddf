"""What others do to the venues that the vault uses."""

from __future__ import annotations

from dataclasses import dataclass

from differential.market import lending_pool
from differential.pair import Pair
from lab.chain import Reverted as ChainReverted


@dataclass(frozen=True)
class Save:
    """The savings vault gains, loses (millionths of its assets), or lends out all but a part."""

    kind: str  # gain, lose, lend
    millionths: int

    def apply(self, pair: Pair) -> None:
        save, books = pair.world.save, pair.market.save
        amount = books.total_assets * self.millionths // 10**6
        if self.kind == "gain":
            save.gain(amount)
            books.total_assets += amount
        elif self.kind == "lose":
            save.lose(amount)
            books.total_assets -= amount
        else:
            save.limit_liquidity(amount)
            books.lent_out = books.total_assets - amount
        pair.tally.done[f"save: {self.kind}"] += 1


@dataclass(frozen=True)
class Whale:
    """Somebody else borrows from Aave what is there (permille), or repays: rates and liquidity move."""

    token: str
    permille: int

    def apply(self, pair: Pair) -> None:
        token, lab, whale = pair.world.token(self.token), pair.world.aave, pair.world.whale
        reserve = pair.market.aave.reserves[self.token]
        amount = reserve.available * self.permille // 1_000
        try:
            lab.borrow(whale, token, amount)
        except ChainReverted:
            return
        reserve.available -= amount
        pair.tally.done["whale borrows"] += 1


@dataclass(frozen=True)
class WhaleRepays:
    token: str

    def apply(self, pair: Pair) -> None:
        token, lab, whale = pair.world.token(self.token), pair.world.aave, pair.world.whale
        owed, reserve = lab.owed(whale, token), pair.market.aave.reserves[self.token]
        if owed and not reserve.paused:
            token.provide(whale, lab.pool, owed)
            reserve.available += int(lab.repay(whale, token).value)
            pair.tally.done["whale repays"] += 1


@dataclass(frozen=True)
class Rate:
    """Governance makes debts dearer: so many percent a year when all of a token is lent out."""

    token: str
    percent: int

    def apply(self, pair: Pair) -> None:
        pair.world.aave.set_rate(pair.world.token(self.token), self.percent)
        pair.tally.done["rate"] += 1


@dataclass(frozen=True)
class FlashLoans:
    """Aave's governance lends a token by flash loans or does not, at this premium."""

    token: str
    on: bool
    premium_bps: int = 5

    def apply(self, pair: Pair) -> None:
        lab, books = pair.world.aave, pair.market.aave
        lab.lend_by_flash(pair.world.token(self.token), self.on)
        lab.set_flash_premium(self.premium_bps)
        books.reserves[self.token].lends_by_flash = self.on
        books.flash_premium = self.premium_bps
        pair.tally.done["flash loans turned"] += 1


@dataclass(frozen=True)
class DrainPool:
    """All that lies in the lending pool at its price is taken out, but not collected; or put `back`."""

    back: bool = False

    def apply(self, pair: Pair) -> None:
        pool, whale = pair.world.lending, pair.world.whale
        assert pool is not None
        if self.back:
            pool.add_liquidity(whale, pool.base.units(50_000), pool.quote.units(100_000_000))
        else:
            pool.remove_liquidity(whale)
        # What others do there is the environment's.
        pair.market.pool = lending_pool(pool)
        pair.tally.done["pool turned"] += 1


@dataclass(frozen=True)
class Flag:
    """Aave freezes or pauses a reserve, or lifts that."""

    kind: str  # freeze, pause
    token: str
    on: bool

    def apply(self, pair: Pair) -> None:
        getattr(pair.world.aave, self.kind)(pair.world.token(self.token), self.on)
        reserve = pair.market.aave.reserves[self.token]
        if self.kind == "freeze":
            reserve.frozen = self.on
        else:
            reserve.paused = self.on
        pair.tally.done["reserve flags"] += 1


@dataclass(frozen=True)
class Terms:
    """Aave's governance changes what a token counts for as collateral, in basis points."""

    token: str
    ltv: int
    threshold: int

    def apply(self, pair: Pair) -> None:
        pair.world.aave.set_collateral(pair.world.token(self.token), self.ltv, self.threshold)
        reserve = pair.market.aave.reserves[self.token]
        reserve.ltv, reserve.threshold = self.ltv, self.threshold
        pair.tally.done["terms"] += 1
