"""One Uniswap v3 pool in exact integers: price, ticks, liquidity, swaps and the fees that they leave.

Sources: v3-core 1.0.1 `UniswapV3Pool`, `Tick`, `Position`, `TickBitmap`. Not modelled: the pool's own oracle, flash
loans, swaps for an exact output. Growth of fees is per unit of liquidity, in 2^-128, and wraps at 2^256 as there.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from stratc_compiler.expr import Rounding
from stratc_compiler.interpret import Reverted, mul_div
from stratc_targets.venues.uniswap_v3_lp.amounts import WORD, amount0_between, amount1_between
from stratc_targets.venues.uniswap_v3_lp.swaps import swap_step
from stratc_targets.venues.uniswap_v3_lp.ticks import (
    MAX_ROOT,
    MAX_TICK,
    MIN_ROOT,
    MIN_TICK,
    root_at_tick,
    tick_at_root,
)

Q128 = 2**128
Both = tuple[int, int]
"""Of token0 and of token1."""

SPACING = {100: 1, 500: 10, 3_000: 60, 10_000: 200}
"""Between ticks that can be used, by the pool's fee in millionths."""


def grown(later: Both, earlier: Both) -> Both:
    return (later[0] - earlier[0]) % WORD, (later[1] - earlier[1]) % WORD


def fees(growth: Both, liquidity: int) -> Both:
    """What so much growth comes to, rounded down, in 128 bits."""
    first, second = (mul_div(one, liquidity, Q128, Rounding.DOWN) % Q128 for one in growth)
    return first, second


def plus(one: Both, other: Both) -> Both:
    return one[0] + other[0], one[1] + other[1]


def lesser(one: Both, other: Both) -> Both:
    """Of each token the smaller amount of the two."""
    return min(one[0], other[0]), min(one[1], other[1])


@dataclass(slots=True)
class Tick:
    """A tick that positions end at. `outside` is the growth of fees on its side away from the price."""

    gross: int = 0
    net: int = 0
    outside: Both = (0, 0)


@dataclass(slots=True)
class Share:
    """The liquidity of one owner over one range, as the pool books it."""

    liquidity: int = 0
    inside: Both = (0, 0)
    owed: Both = (0, 0)


@dataclass(slots=True)
class PoolBooks:
    """The whole pool. `protocol` is the divisor of the fees that the protocol keeps of each token, 0 for nothing."""

    fee: int
    root: int
    tick: int = 0
    liquidity: int = 0
    growth: Both = (0, 0)
    protocol: Both = (0, 0)
    protocol_fees: Both = (0, 0)
    ticks: dict[int, Tick] = field(default_factory=dict)
    shares: dict[tuple[str, int, int], Share] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.tick = tick_at_root(self.root)

    @property
    def spacing(self) -> int:
        return SPACING[self.fee]

    def share(self, owner: str, lower: int, upper: int) -> Share:
        return self.shares.setdefault((owner, lower, upper), Share())

    # ── liquidity ──────────────────────────────────────────────────────────────────────────

    def mint(self, owner: str, lower: int, upper: int, liquidity: int) -> Both:
        """Add liquidity; returns what has to be paid, rounded up."""
        if liquidity == 0:
            raise Reverted("")
        self._modify(owner, lower, upper, liquidity)
        return self._amounts(lower, upper, liquidity, Rounding.UP)

    def burn(self, owner: str, lower: int, upper: int, liquidity: int) -> Both:
        """Take liquidity out; what it comes to, rounded down, is owed from then on. None of it books the fees alone."""
        self._modify(owner, lower, upper, -liquidity)
        amounts = self._amounts(lower, upper, liquidity, Rounding.DOWN)
        share = self.share(owner, lower, upper)
        share.owed = plus(share.owed, amounts)
        return amounts

    def collect(self, owner: str, lower: int, upper: int, asked: Both) -> Both:
        """Pay out what is owed, as far as it is asked for."""
        share = self.share(owner, lower, upper)
        paid = lesser(asked, share.owed)
        share.owed = share.owed[0] - paid[0], share.owed[1] - paid[1]
        return paid

    def growth_inside(self, lower: int, upper: int) -> Both:
        """Fees per unit of liquidity between two ticks, since some moment: only differences mean anything."""
        below, above = self.ticks.get(lower, Tick()).outside, self.ticks.get(upper, Tick()).outside
        if self.tick < lower:
            below = grown(self.growth, below)
        if self.tick >= upper:
            above = grown(self.growth, above)
        return grown(grown(self.growth, below), above)

    def _modify(self, owner: str, lower: int, upper: int, change: int) -> None:
        if not MIN_TICK <= lower < upper <= MAX_TICK:
            raise Reverted("TLU" if lower >= upper else "TLM" if lower < MIN_TICK else "TUM")
        share = self.share(owner, lower, upper)
        if change == 0 and share.liquidity == 0:
            raise Reverted("NP")
        if share.liquidity + change < 0:
            raise Reverted("LS")
        if change:
            self._reference(lower, change, change)
            self._reference(upper, change, -change)
        inside = self.growth_inside(lower, upper)
        earned = fees(grown(inside, share.inside), share.liquidity)
        share.liquidity += change
        share.inside = inside
        share.owed = (share.owed[0] + earned[0]) % Q128, (share.owed[1] + earned[1]) % Q128
        for tick in (lower, upper):
            if tick in self.ticks and self.ticks[tick].gross == 0:
                del self.ticks[tick]
        if lower <= self.tick < upper:
            self.liquidity += change

    def _reference(self, tick: int, gross: int, net: int) -> None:
        if tick % self.spacing:
            raise Reverted("")
        if tick not in self.ticks:
            self.ticks[tick] = Tick(outside=self.growth if tick <= self.tick else (0, 0))
        known = self.ticks[tick]
        if known.gross + gross > self._most_per_tick:
            raise Reverted("LO")
        known.gross += gross
        known.net += net

    @property
    def _most_per_tick(self) -> int:
        return (Q128 - 1) // (2 * (MAX_TICK // self.spacing) + 1)

    def _amounts(self, lower: int, upper: int, liquidity: int, rounding: Rounding) -> Both:
        """Of liquidity over a range at the pool's own price."""
        low, high = root_at_tick(lower), root_at_tick(upper)
        if self.tick < lower:
            return amount0_between(low, high, liquidity, rounding), 0
        if self.tick >= upper:
            return 0, amount1_between(low, high, liquidity, rounding)
        return (
            amount0_between(self.root, high, liquidity, rounding),
            amount1_between(low, self.root, liquidity, rounding),
        )

    # ── swaps ──────────────────────────────────────────────────────────────────────────────

    def swap(self, selling0: bool, amount: int, limit: int | None = None) -> Both:
        """Sell up to `amount` until the root is `limit`; returns what was taken in, fee included, and what came out."""
        if limit is None:
            limit = MIN_ROOT + 1 if selling0 else MAX_ROOT - 1
        if amount == 0:
            raise Reverted("AS")
        if not (MIN_ROOT < limit < self.root if selling0 else self.root < limit < MAX_ROOT):
            raise Reverted("SPL")
        remaining, received = amount, 0
        while remaining and self.root != limit:
            following, there = self._following(selling0)
            at = root_at_tick(following)
            target = max(at, limit) if selling0 else min(at, limit)
            start = self.root
            step = swap_step(start, target, self.liquidity, remaining, self.fee)
            remaining -= step.paid + step.fee
            received += step.received
            self._earn(selling0, step.fee)
            self.root = step.root
            if step.root == at:
                self._cross(following, there, selling0)
            elif step.root != start:
                self.tick = tick_at_root(step.root)
        return amount - remaining, received

    def _following(self, selling0: bool) -> tuple[int, bool]:
        """The next tick in the same word of the pool's bitmap, or that word's end; and whether positions end there.

        A swap stops at ends of words too, and rounds there: so its result depends on them.
        """
        compressed = self.tick // self.spacing
        if selling0:
            last = compressed >> 8 << 8
            found = next((t for t in range(compressed, last - 1, -1) if t * self.spacing in self.ticks), None)
        else:
            last = compressed + 1 | 255
            found = next((t for t in range(compressed + 1, last + 1) if t * self.spacing in self.ticks), None)
        following = (last if found is None else found) * self.spacing
        return min(max(following, MIN_TICK), MAX_TICK), found is not None

    def _earn(self, selling0: bool, fee: int) -> None:
        """Book the fee of one step, in the token that is sold: the protocol's part, and what liquidity earns."""
        which = 0 if selling0 else 1
        kept = fee // self.protocol[which] if self.protocol[which] else 0
        earned = mul_div(fee - kept, Q128, self.liquidity, Rounding.DOWN) if self.liquidity else 0
        self.protocol_fees = plus(self.protocol_fees, (kept, 0) if selling0 else (0, kept))
        first, second = plus(self.growth, (earned, 0) if selling0 else (0, earned))
        self.growth = first % WORD, second % WORD

    def _cross(self, tick: int, there: bool, selling0: bool) -> None:
        if there:
            known = self.ticks[tick]
            known.outside = grown(self.growth, known.outside)
            self.liquidity += -known.net if selling0 else known.net
        self.tick = tick - 1 if selling0 else tick
