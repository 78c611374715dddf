"""What others do in the pool that a vault provides liquidity in, and at its position."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from differential.market import range_pool
from differential.pair import Pair
from stratc_compiler.interpret import Reverted


@dataclass(frozen=True)
class TradeInPool:
    """Somebody sells tokens there, and pays fees to all who provide; the pool is off the feeds then."""

    token: str
    whole: int

    def apply(self, pair: Pair) -> None:
        pool, token = range_pool(pair.world, pair.machine.vault), pair.world.token(self.token)
        trader, amount = pair.world.arbitrageur, token.units(self.whole)
        token.provide(trader, pair.world.uniswap.router, amount)
        pair.both(
            "trade in the pool",
            lambda: pair.market.liquidity.sell(token.symbol, amount),
            lambda: pool.swap(trader, token, amount).value,
        )


@dataclass(frozen=True)
class MovePool:
    """Somebody trades until the pool's price is `millionths` of what it was, whatever the feeds say."""

    millionths: int

    def apply(self, pair: Pair) -> None:
        pool = range_pool(pair.world, pair.machine.vault)
        price = pool.price()
        if 50 <= price <= 100_000:
            pool.move_to(price * Fraction(self.millionths, 10**6), pair.world.arbitrageur)
            pair.follow()
        pair.tally.done["move the pool"] += 1


@dataclass(frozen=True)
class PresentLiquidity:
    """Somebody adds to the vault's position, whose number everybody knows."""

    dollars: int

    def apply(self, pair: Pair) -> None:
        mine, manager, whale = pair.market.liquidity, pair.world.uniswap.positions, pair.world.whale
        if not mine.number:
            return
        pool = range_pool(pair.world, pair.machine.vault)
        tokens = (pool.base, pool.quote) if pool.base_is_token0 else (pool.quote, pool.base)
        desired = tuple(token.units(self.dollars) for token in tokens)
        for token, amount in zip(tokens, desired, strict=True):
            token.provide(whale, manager, amount)
        params = (mine.number, *desired, 0, 0, 2**63)

        def booked() -> None:
            kept = pair.market.snapshot()
            try:
                mine.books.increase(mine.number, (desired[0], desired[1]))
            except Reverted:
                pair.market.restore(kept)
                raise

        def called() -> None:
            manager.send("increaseLiquidity", params, sender=whale)

        pair.both("present liquidity", booked, called)


OperationInPool = TradeInPool | MovePool | PresentLiquidity
