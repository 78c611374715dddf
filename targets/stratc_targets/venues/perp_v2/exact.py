"""One market of Perp v2 (Curie) in exact integers, as the contracts of April 2023 (v2.6.0) book it.

Sources: `ClearingHouse`, `AccountBalance`, `Exchange`, `Vault`, `Funding`, `SettlementTokenMath`. Margin is booked in
the settlement token's decimals, all else in 18; every division rounds as Solidity does, towards zero, but for
`formatSettlementToken`, which rounds down. The prices, the time and what trades are filled at (`fills.py`) are the
environment's; everything else is booked here, for takers. Not modelled: makers' orders, other collateral than the
settlement token, several markets of one account, and products of 2^255 and more. Of pausing nothing but that time
stands still for funding then (`now`), and what a closed market settles a position at.

The words of a `Reverted` are Perp's own. Calls raise it having changed something or not: undo outside.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from stratc_compiler.interpret import Reverted
from stratc_targets.venues.perp_v2.fills import MILLION, Fill

ONE: int = 10**18
DAY: int = 86_400
DUST = 10
"""A size that is smaller than this counts for nothing, and is forgotten with its notional when both are."""
SMALL: int = 100 * ONE
"""A position that is worth no more than this may be liquidated whole."""
WHOLE: int = 10**18
_Q96: int = 2**96


def towards_zero(left: int, right: int, divisor: int) -> int:
    """left * right / divisor as `PerpMath.mulDiv`: by magnitude, then the sign."""
    result = abs(left) * abs(right) // divisor
    return -result if (left < 0) != (right < 0) else result


def price_of(root: int) -> int:
    """A square root of a price, x 2^96, as a price of 18 decimals: rounded down twice."""
    return ((root * root) // _Q96) * ONE // _Q96


class Prices(NamedTuple):
    """What the market reads. Roots of the pool's price x 2^96 now and averaged, the feed's price of 18 decimals too.

    `long_root` is averaged over the mark's interval, the other two over that of funding and of the mark's premium.
    """

    root: int
    long_root: int
    root_average: int
    feed: int
    feed_average: int

    def mark(self) -> int:
        """The median of the pool's price, its long average, and the index with the average premium on it."""
        premium = price_of(self.root_average) - self.feed_average
        return sorted((price_of(self.root), price_of(self.long_root), self.feed + premium))[1]

    def premium_x96(self, max_rate: int) -> int:
        """How far the pool's average is above the index's, x 2^96, at most `max_rate` millionths of the index."""
        market, index = self.root_average * self.root_average // _Q96, self.feed_average * _Q96 // ONE
        most = index * max_rate // MILLION
        return min(market - index, most) if market > index else -min(index - market, most)


@dataclass(slots=True)
class Account:
    """What somebody has: margin as it is booked, profit that is owed to it, the position, its sale, its growth."""

    balance: int = 0
    owed: int = 0
    size: int = 0
    notional: int = 0
    growth: int = 0
    registered: bool = False

    @property
    def seen(self) -> int:
        """The size without dust."""
        return 0 if abs(self.size) < DUST else self.size


def _require(condition: bool, words: str) -> None:
    if not condition:
        raise Reverted(f"perp: {words}")


@dataclass(slots=True)
class PerpMarket:
    """The whole market. Ratios are in millionths; `growth` is that of funding, x 2^96, settled at `settled_at`.

    `prices` are what views read, `taken` what is read once the index has taken the feed's answer into its averages:
    settling funding does that first, so an average may jump there if nobody has done it before. `purse` is what the
    insurer holds outside of the market.
    """

    prices: Prices
    taken: Prices
    now: int
    settled_at: int
    growth: int = 0
    initial: int = 100_000
    maintenance: int = 62_500
    penalty: int = 25_000
    max_funding: int = 100_000
    decimals: int = 6
    insurer: str = ""
    purse: int = 0
    accounts: dict[str, Account] = field(default_factory=dict)

    def account(self, owner: str) -> Account:
        return self.accounts.setdefault(owner, Account())

    @property
    def scale(self) -> int:
        """Of one smallest unit of margin, in 18 decimals."""
        return int(10 ** (18 - self.decimals))

    # ── what is owed ───────────────────────────────────────────────────────────────────────

    def growth_now(self) -> int:
        """The growth of funding to this second: the premium of now for all the time since it was settled."""
        elapsed = self.now - self.settled_at
        return self.growth + self.prices.premium_x96(self.max_funding) * elapsed if elapsed else self.growth

    def funding(self, owner: str) -> int:
        """What the account would pay now, or be paid below zero. A short pays where the pool is below the index."""
        account = self.account(owner)
        if not account.registered:
            return 0
        return towards_zero(towards_zero(account.size, self.growth_now() - account.growth, _Q96), 1, DAY)

    def settle_funding(self, owner: str) -> None:
        """Funding to now goes to the profit that is owed."""
        self.prices = self.taken
        account = self.account(owner)
        paid = self.funding(owner)
        self.growth, self.settled_at = self.growth_now(), self.now
        account.owed -= paid
        account.growth = self.growth

    def settle_all(self, owner: str) -> None:
        """Funding of whoever has a position, at anybody's call."""
        if self.account(owner).registered:
            self.settle_funding(owner)

    # ── what an account is worth ───────────────────────────────────────────────────────────

    def realized(self, owner: str) -> int:
        """Margin with profit and funding, without what is not realized; 18 decimals, signed."""
        account = self.account(owner)
        return account.balance * self.scale + account.owed - self.funding(owner)

    def cash(self, owner: str) -> int:
        """That and what a short was sold for, in the settlement token, rounded down: value, and the short on top."""
        return (self.realized(owner) + self.account(owner).notional) // self.scale

    def unrealized(self, owner: str) -> int:
        """What closing at the mark would realize."""
        account = self.account(owner)
        return towards_zero(account.seen, self.prices.mark(), ONE) + account.notional if account.registered else 0

    def worth(self, owner: str) -> int:
        """The account's value at the mark, 18 decimals."""
        return self.realized(owner) + self.unrealized(owner)

    def value(self, owner: str) -> int:
        """The same as Perp tells it: in the settlement token, rounded down."""
        return self.worth(owner) // self.scale

    def exposure(self, owner: str) -> int:
        """The position's value at the mark, unsigned."""
        return abs(towards_zero(self.account(owner).seen, self.prices.mark(), ONE))

    def debt(self, owner: str) -> int:
        """What margin is asked for: what a short would buy back, what a long has bought with."""
        account = self.account(owner)
        base = -towards_zero(account.size, self.prices.mark(), ONE) if account.size < 0 else 0
        return base + max(-account.notional, 0)

    def free_by(self, owner: str, ratio: int) -> int:
        """Margin beyond `ratio` of the debt, in the settlement token, rounded down, signed; profit on paper is none."""
        return self._free_by(owner, ratio) // self.scale

    def free(self, owner: str) -> int:
        """What may be withdrawn, in the settlement token."""
        if self.worth(owner) < 0:
            return 0
        return max(min(self._free_by(owner, self.initial), self.realized(owner)), 0) // self.scale

    def required(self, owner: str) -> int:
        """An account of less value than this may be liquidated."""
        return self.exposure(owner) * self.maintenance // MILLION

    def liquidatable(self, owner: str) -> bool:
        """Whether anybody may: the value as Perp tells it against what is required."""
        return self.value(owner) * self.scale < self.required(owner)

    def _free_by(self, owner: str, ratio: int) -> int:
        return min(self.realized(owner), self.worth(owner)) - self.debt(owner) * ratio // MILLION

    # ── what users do ──────────────────────────────────────────────────────────────────────

    def deposit(self, owner: str, amount: int) -> None:
        """Margin comes in."""
        _require(amount > 0, "V_ZA")
        self.account(owner).balance += amount

    def withdraw(self, owner: str, amount: int) -> None:
        """Margin goes out; what is owed is booked first, and what of it is no whole unit is lost to the account."""
        account = self.account(owner)
        if account.registered:
            self.settle_funding(owner)
        _require(self.free(owner) >= amount, "V_NEFC")
        account.balance += account.owed // self.scale - amount
        account.owed = 0

    def trade(self, owner: str, fill: Fill, root: int) -> None:
        """Base and quote as the pool filled them, and the root of its price after it; then margin is asked for."""
        account = self.account(owner)
        account.registered = True
        self.settle_funding(owner)
        before = account.seen
        self._change(account, fill)
        self.prices = self.prices._replace(root=root)
        reverses = before * account.seen < 0
        if before and (before < 0) != (fill.base < 0) and not reverses:
            _require(self.free_by(owner, self.maintenance) >= 0, "CH_NEFCM")
        else:
            _require(self.free_by(owner, self.initial) >= 0, "CH_NEFCI")

    def liquidate(self, liquidator: str, owner: str) -> None:
        """Somebody takes over as much of a position as may be, at the mark, and half of the penalty with it."""
        account, other = self.account(owner), self.account(liquidator)
        _require(self.liquidatable(owner), "CH_EAV")
        _require(account.seen != 0, "CH_PSZ")
        other.registered = True
        self.settle_funding(owner)
        self.settle_funding(liquidator)
        value = self.value(owner) * self.scale
        size = self._liquidatable_size(owner, value)
        taken = Fill(-size, towards_zero(size, self.prices.mark(), ONE))
        self._change(account, taken)
        penalty = abs(taken.quote) * self.penalty // MILLION
        account.owed -= penalty
        bonus = penalty if value < 0 else penalty // 2
        self.account(self.insurer).owed += penalty - bonus
        if (after := self.value(owner)) < 0:
            _require(self.value(self.insurer) + self.purse >= -after, "CH_IIC")
        self._change(other, Fill(-taken.base, -taken.quote + bonus))
        _require(self.free_by(liquidator, self.initial) >= 0, "CH_NEFCI")
        self._settle_bad_debt(owner)

    def quit(self, owner: str, price: int) -> None:
        """Anybody has a position settled at the price that the market was closed at."""
        account = self.account(owner)
        self.settle_funding(owner)
        account.owed += towards_zero(account.size, price, ONE) + account.notional
        account.size = account.notional = account.growth = 0
        account.registered = False

    # ── how a position changes ─────────────────────────────────────────────────────────────

    def _change(self, account: Account, fill: Fill) -> None:
        """What reduces a position realizes its part of the profit; what is left of nothing is forgotten."""
        reduces = account.seen != 0 and (account.seen < 0) != (fill.base < 0)
        profit = _realized(account, fill) if reduces and fill.base else 0
        account.size += fill.base
        account.notional += fill.quote - profit
        account.owed += profit
        if abs(account.size) < DUST and abs(account.notional) < DUST:
            account.size = account.notional = account.growth = 0
            account.registered = False

    def _liquidatable_size(self, owner: str, value: int) -> int:
        """Half of the position, or all of it where it is small or its value is less than half of what is required."""
        size, exposure, required = self.account(owner).seen, self.exposure(owner), self.required(owner)
        if value >= required:
            return 0
        if exposure <= SMALL or value < towards_zero(required, 1, 2):
            return size
        return towards_zero(size, min(exposure * MILLION // (2 * exposure), MILLION), MILLION)

    def _settle_bad_debt(self, owner: str) -> None:
        account = self.account(owner)
        if account.registered or (value := self.value(owner)) >= 0:
            return
        self.account(self.insurer).balance += value
        account.balance -= value


def _realized(account: Account, fill: Fill) -> int:
    """Profit of what is closed: of the part of the sale that it was, or of all of it where the position reverses."""
    part = abs(fill.base) * WHOLE // abs(account.seen)
    if part <= WHOLE:
        return fill.quote + towards_zero(account.notional, part, WHOLE)
    return account.notional + towards_zero(fill.quote, WHOLE, part)
