"""The vault's account at Perp v2 in exact integers, beside the market on the chain.

Prices, averages, what the pool would fill and how far funding has grown by others' trades are the environment's, read
from the chain; margin, size, notional, profit and funding of the account are booked here and never read back.
"""

from __future__ import annotations

from lab.chain import Reverted as ChainReverted
from lab.perp import HISTORY, ONE, TWAP, PerpLab
from stratc_compiler.interpret import Reverted
from stratc_compiler.vault import Trade
from stratc_targets.venues.perp_v2.exact import PerpMarket, Prices
from stratc_targets.venues.perp_v2.fills import Fill

Traded = tuple[bool, int]
"""Whether it was bought back, and how much."""


def prices_of(lab: PerpLab) -> Prices:
    """What the market reads now."""
    roots = (int(lab.exchange.call("getSqrtMarketTwapX96", lab.base, interval)) for interval in (0, HISTORY, TWAP))
    return Prices(*roots, lab.index(), lab.index(TWAP))


def prices_taken(lab: PerpLab) -> Prices:
    """What it reads once the index has taken the feed's answer."""
    before = lab.chain.snapshot()
    try:
        lab.settle_index()
        return prices_of(lab)
    finally:
        lab.chain.revert(before)


class PerpAccount:
    """One account in one market. `me` is whose; `trader` is somebody who trades beside it, and never settles alone."""

    def __init__(self, lab: PerpLab, me: str, trader: str) -> None:
        self.lab, self.me, self.trader = lab, me, trader
        self.stopped = False
        now = lab.chain.timestamp()
        self.books = PerpMarket(prices_of(lab), prices_taken(lab), now, now, insurer=lab.insurance.address)
        lab.cover(trader, ONE)  # with a position, by which the growth of funding can be read
        self.settle()

    # ── the environment ────────────────────────────────────────────────────────────────────

    def read(self) -> None:
        """Prices and time, as they are; an index of which nothing can be read any more is told of its feed first."""
        try:
            self.lab.index(TWAP)
        except ChainReverted:
            self.lab.settle_index()
        base = self.lab.base.contract
        self.books.now = self.lab.chain.timestamp() if self.is_open else int(base.call("getPausedTimestamp"))
        self.books.prices, self.books.taken = prices_of(self.lab), prices_taken(self.lab)

    @property
    def is_open(self) -> bool:
        """The market is neither paused nor closed."""
        return bool(self.lab.base.contract.call("isOpen"))

    def only_open(self) -> None:
        """The house is not paused; margin is another contract's business."""
        if self.stopped:
            raise Reverted("perp: Pausable: paused")

    def settle(self) -> None:
        """Somebody settles funding: then the market's growth stands in his account."""
        self.lab.house.send("settleAllFunding(address)", self.trader, sender=self.trader)
        self.read()
        self.books.growth, self.books.settled_at = self.lab.position(self.trader).growth, self.books.now

    def fill(self, traded: Traded, before: tuple[Traded, ...]) -> tuple[Fill, int]:
        """What the pool would fill now, after these; and the root of its price then. Raises Reverted as it would."""
        start = self.lab.chain.snapshot()
        try:
            for one in before:
                self._open(one)
            base, quote = self._open(traded)
            root = int(self.lab.pool.contract.call("slot0")[0])
        except ChainReverted as refusal:
            raise Reverted(f"perp: {refusal}") from None
        finally:
            self.lab.chain.revert(start)
        if base != traded[1]:
            raise Reverted("perp_v2: filled in part")
        return (Fill(base, -quote) if traded[0] else Fill(-base, quote)), root

    def _open(self, traded: Traded) -> tuple[int, int]:
        covers, amount = traded
        base, quote = (self.lab.cover if covers else self.lab.short)(self.trader, amount).value
        return int(base), int(quote)

    # ── the account ────────────────────────────────────────────────────────────────────────

    @property
    def cash(self) -> int:
        return max(self.books.cash(self.me), 0)

    @property
    def short(self) -> int:
        return max(-self.books.account(self.me).seen, 0)

    @property
    def realized(self) -> int:
        return min(max(self.books.realized(self.me), 0) // self.books.scale, self.there)

    @property
    def there(self) -> int:
        """What the house has of money, which is everybody's."""
        return self.lab.usdc.balance(self.lab.vault.address)

    def withdraw(self, amount: int) -> None:
        self.books.withdraw(self.me, amount)
        if amount > self.there:
            raise Reverted("perp: ERC20: transfer amount exceeds balance")

    def trade(self, item: Trade, amount: int, bound: int, fill: Fill, root: int) -> None:
        self.only_open()
        if item.covers and -fill.quote > max(bound * self.books.scale, 1):
            raise Reverted("perp: CH_TMRL")
        if not item.covers and fill.quote < max(bound * self.books.scale, 1):
            raise Reverted("perp: CH_TLRS")
        self.books.trade(self.me, fill, root)
