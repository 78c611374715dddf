"""An account at Perp v2, and the market in exact integers: what one does the other does, to the wei.

The account is that of a contract which calls the emitted adapter; others trade and liquidate beside it.
The prices are the chain's; what a trade is filled at is computed first, and must be what Perp fills it at, to the few
units that `FILL_OFF_BY` allows where the pool takes more than one step.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from copy import deepcopy
from fractions import Fraction

from differential.pair import outcome
from differential.perp import prices_of, prices_taken
from lab.chain import Reverted as ChainReverted
from lab.perp import FEE, ONE, POOL_FEE, TWAP
from lab.world import World
from stratc_compiler.interpret import Reverted
from stratc_targets.venues.perp_v2.exact import DUST, PerpMarket, price_of
from stratc_targets.venues.perp_v2.fills import Fill, Market, bought, sold
from venues.probes import perp_probe

Step = tuple[str, int]
"""What, and its size."""

FILL_OFF_BY = 3
THE_POOLS = ("EX_OPB", "EX_OPLAS")
"""What Perp refuses because of the price a trade would leave, whatever the account has."""


class PerpBeside:
    """One account on the chain and in the books, beside a liquidator and the insurance fund."""

    def __init__(
        self, world: World, books: type[PerpMarket] = PerpMarket, fault: tuple[str, str, str] = ("", "", "")
    ) -> None:
        self.world, self.lab = world, world.perp
        self.probe, self.liquidator = perp_probe(world.chain, fault), world.users[1]
        self.me = self.probe.address
        self.lab.deposit(self.liquidator, world.usdc.units(10**9))
        prices, now = prices_of(self.lab), world.chain.timestamp()
        self.books = books(prices, prices, now, now, insurer=self.lab.insurance.address)
        self.books.deposit(self.liquidator, world.usdc.units(10**9))
        world.usdc.mint(self.lab.insurance.address, 10**11)
        self.books.purse = 10**11
        self.count: Counter[str] = Counter()
        self.worst_fill = 0
        # A first trade of somebody says where the growth of funding stands.
        self.lab.cover(world.arbitrageur, ONE)
        self.read()
        self.books.growth = self.lab.position(world.arbitrageur).growth

    def read(self) -> None:
        """The books read the chain's prices and time."""
        self.books.now = self.world.chain.timestamp()
        self.books.prices, self.books.taken = prices_of(self.lab), prices_taken(self.lab)

    @property
    def size(self) -> int:
        return self.books.account(self.me).size

    def step(self, step: Step) -> None:
        what, size = step
        match what:
            case "deposit":
                self.world.usdc.mint(self.me, size)
                self.both(
                    what,
                    lambda: self.books.deposit(self.me, size),
                    lambda: self.call("deposit", self.world.usdc, size),
                )
            case "withdraw":
                self.withdraw(self.books.free(self.me) * size // 1_000)
            case "short":  # permille of what all margin could be levered to
                self.trade(
                    what, max(self.books.worth(self.me), 0) * 10 * ONE // self.books.prices.mark() * size // 1_000
                )
            case "cover":
                self.trade(what, abs(self.size) * size // 1_000)
            case "withdraw too much":
                self.withdraw(self.books.free(self.me) + size)
            case "short a little" | "cover a little":
                self.trade(what.split()[0], size)
            case "liquidate":
                self.liquidate()
            case "squeeze":
                self.squeeze(size)
            case _:
                self.outside(what, size)
        self.read()
        self.compare()

    def trade(self, what: str, base: int) -> None:
        """So much sold or bought; the fill as computed is Perp's, and the books go on with Perp's."""
        if not base:
            return
        before, books = self.lab.position(self.me), self.books
        market = Market(books.prices.root, self.lab.pool.contract.call("liquidity"), POOL_FEE, FEE)
        fill, root = (sold if what == "short" else bought)(market, base)
        way, bound = (
            ("sell", fill.quote // books.scale - 1) if what == "short" else ("buy", 1 - fill.quote // books.scale)
        )
        made = self.both(what, lambda: books.trade(self.me, fill, root), lambda: self.call(way, base, max(bound, 0)))
        if made:
            kept, now = self.kept, self.lab.position(self.me)
            kept.settle_funding(self.me)
            profit = self.lab.owed(self.me) - kept.account(self.me).owed
            # What is left of nothing is forgotten, a few units of it perhaps.
            whole = now.size == now.notional == 0
            quote = profit - before.notional if whole else now.notional - before.notional + profit
            assert whole or now.size - before.size == fill.base
            off = abs(quote - fill.quote) if abs(before.size) >= DUST or not whole else 0
            assert off <= FILL_OFF_BY
            self.worst_fill = max(self.worst_fill, off)
            if off:  # a word of the pool's ticks ended: the same again with what came of it
                self.books = deepcopy(kept)
                self.books.trade(self.me, Fill(fill.base, quote), root)
            if kept.account(self.me).seen <= 0 and now.size <= 0:
                self.follows(kept, Fill(fill.base, quote))

    def follows(self, before: PerpMarket, fill: Fill) -> None:
        """What proofs may say of a trade of a short: of its cash, and of what of that is realized (18 decimals).

        Selling moves cash by the fill and realizes nothing. Buying back takes the fill out of the cash; what is
        realized, or the account's worth at any price where that is less, falls by no more than the fill cost beyond
        that price, and is all of the cash once nothing is short.
        """
        account, after = before.account(self.me), self.books.account(self.me)
        realized, now = before.realized(self.me), self.books.realized(self.me)
        cash, left = realized + account.notional, now + after.notional
        slack = 2 * DUST * (2 + before.prices.mark() // ONE)  # what a size is worth that is none to Perp
        assert abs(left - cash - fill.quote) <= slack
        if fill.base < 0:
            assert now == realized
            return
        for price in (before.prices.feed, before.prices.mark(), price_of(before.prices.root)):
            worth = cash + account.size * price // ONE
            beyond = -fill.quote - fill.base * price // ONE
            assert now >= min(realized, worth) - max(beyond, 0) - slack
        if not after.size:
            assert abs(now - left) <= slack

    def call(self, what: str, *args: object) -> object:
        """By the adapter."""
        return self.probe.send(f"perp_{what}", self.lab.house, self.lab.base, *args)

    def withdraw(self, amount: int) -> None:
        self.both(
            "withdraw",
            lambda: self.books.withdraw(self.me, amount),
            lambda: self.call("withdraw", self.world.usdc, amount),
        )

    def liquidate(self) -> None:
        """Somebody tries to: Perp lets him exactly where the books say so."""
        debt = self.books.account(self.books.insurer).balance
        self.both(
            "liquidate",
            lambda: self.books.liquidate(self.liquidator, self.me),
            lambda: self.lab.liquidate(self.liquidator, self.me),
        )
        self.count["bad debt"] += self.books.account(self.books.insurer).balance < debt

    def squeeze(self, further: int) -> None:
        """A rally until a short may be liquidated, and so many steps more."""
        if self.size >= 0:
            return
        for _ in range(20):
            if self.books.liquidatable(self.me):
                break
            self.outside("price", 1_060)
            self.read()
            self.compare()
        for _ in range(further):
            self.outside("price", 1_060)
            self.read()
            self.compare()
        self.liquidate()

    def both(self, what: str, booked: Callable[[], object], called: Callable[[], object]) -> bool:
        """Both succeed, or both revert, for the reason that Perp gives; but the pool's own reasons are its own."""
        self.kept = deepcopy(self.books)
        _, told = outcome(booked, Reverted)
        _, reason = outcome(called, ChainReverted)
        if reason in THE_POOLS:
            self.books = self.kept
            self.count[reason] += 1
            return False
        assert (told is None) == (reason is None), f"{what}: the books say {told or 'yes'}, Perp {reason or 'yes'}"
        if told is None or reason is None:
            self.count[f"{what} done"] += 1
            return True
        self.books = self.kept
        assert reason == told.removeprefix("perp: "), f"{what}: the books say {told}, Perp {reason}"
        self.count[f"{what} reverted"] += 1
        return False

    def outside(self, what: str, size: int) -> None:
        """Time, prices and others: the market's funding is settled whenever anybody trades."""
        world, lab = self.world, self.lab
        match what:
            case "wait":
                world.warp(size, refresh=True)
            case "wait unseen":  # nobody takes the feed's answer into the index, which is older than a round
                world.warp(size)
                self.told_at_last()
            case "price" | "index":  # the pool goes with the feed, or stays where it is
                world.warp(60)
                answer = world.feeds["WETH"].contract.call("latestAnswer") * size // 1_000
                world.feeds["WETH"].set_raw(answer=min(max(answer, 10**10), 10**13), updated_at=world.chain.timestamp())
                if what == "price":
                    self.arbitrage(world.price("WETH"))
            case "pool":  # the pool leaves the index
                world.warp(60, refresh=True)
                self.arbitrage(world.price("WETH") * size / 1_000)
            case "settle":
                world.warp(1)
                self.others_trade(lambda: lab.cover(world.arbitrageur, ONE))

    def told_at_last(self) -> None:
        """After a fall that the index was not told of for too long nothing can be read of it, so that somebody does."""
        try:
            self.lab.index(TWAP)
        except ChainReverted:
            self.lab.settle_index()

    def arbitrage(self, price: Fraction) -> None:
        """As far as one trade goes."""
        here = self.lab.pool.price()
        price = min(max(price, here * Fraction(93, 100)), here * Fraction(107, 100))
        self.others_trade(lambda: self.lab.move_to(price, self.world.arbitrageur))

    def others_trade(self, trade: Callable[[], object]) -> None:
        """Whatever others do, at one moment; their first trade in it settles the growth at the averages of before."""
        self.read()
        books, root = self.books, self.lab.market()
        outcome(trade, ChainReverted)
        if self.lab.market() != root:
            books.prices = books.taken
            books.growth, books.settled_at = books.growth_now(), books.now
        assert self.world.chain.timestamp() == books.now, "the move took more than one trade"

    def compare(self) -> None:
        """All that Perp stores of the accounts, and all that it says of mine, to the wei."""
        books, lab, me = self.books, self.lab, self.me
        for user in (me, self.liquidator):
            account = books.account(user)
            assert lab.position(user) == (account.size, account.notional, account.growth)
            assert (lab.balance(user), lab.owed(user)) == (account.balance, account.owed)
        fund = books.account(books.insurer)
        assert (lab.balance(books.insurer), lab.owed(books.insurer)) == (fund.balance, fund.owed)
        assert lab.mark() == books.prices.mark()
        assert lab.funding(me) == books.funding(me)
        assert lab.value(me) == books.value(me)
        assert lab.free(me) == books.free(me)
        assert lab.required(me) == books.required(me)
        market = (lab.house, lab.base)
        assert self.probe.call("perp_short", *market) == max(-books.account(me).seen, 0)
        assert self.probe.call("perp_cash", *market) == max(books.cash(me), 0)
        assert self.probe.call("perp_realized", *market, self.world.usdc) == max(books.realized(me), 0) // books.scale
