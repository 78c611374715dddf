"""An account in one market of Morpho Blue, and the market in exact integers: what one does the other does, to the wei.

The account is that of a contract which calls the emitted adapter, so that model, books, adapter and protocol are held
together; others lend, borrow, give and liquidate beside it, and are booked too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from copy import deepcopy
from typing import Any

from differential.pair import outcome
from lab.chain import Reverted as ChainReverted
from lab.morpho import WAD
from lab.world import World
from stratc_compiler.interpret import Reverted
from stratc_compiler.vault import VenueModel
from stratc_targets.venues.morpho_blue.model import OFF_BY
from venues.account_model import ModelOfAccount
from venues.morpho_books import market_of
from venues.probes import probe
from vyper_target.vaults import example

Step = tuple[str, int]
"""What, and its size."""

CARRY = example("blue_carry").vault
MODEL: VenueModel = CARRY.venue("blue")

ROUNDING = {"borrow": OFF_BY, "repay": OFF_BY, "supply": OFF_BY, "withdraw": OFF_BY}
"""By how many units an operation may leave a position off from exact arithmetic."""

AS_THE_ADAPTER = {"repay": "pay_back", "withdraw": "draw"}
"""What the adapter does otherwise than Morpho's own call of that name, in the books; it takes the market's id."""


class Beside:
    """One market on the chain and in the books; `worst` departure of a position from exact arithmetic, by word."""

    def __init__(self, world: World, fault: tuple[str, str, str] = ("", "", "")) -> None:
        self.world, self.lab = world, world.morpho
        self.probe = probe(world.chain, fault)
        self.books = market_of(world)
        self.count: Counter[str] = Counter()
        self.worst: Counter[str] = Counter()

    @property
    def me(self) -> str:
        return self.probe.address

    @property
    def collateral(self) -> int:
        return self.books.account(self.me).collateral

    def owed(self) -> int:
        return self.books.owed(self.me)

    def lent(self) -> int:
        return self.books.lent(self.me)

    def step(self, step: Step) -> None:
        what, size = step
        match what:
            case "supply_collateral":
                self.world.weth.mint(self.me, size)
                self.moved(what, size, lambda: self.collateral, size)
            case "withdraw_collateral":
                amount = self.collateral * size // 1_000
                self.moved(what, amount, lambda: self.collateral, -amount)
            case "borrow" | "borrow a little":
                free = max(self.books.largest_debt(self.me) - self.owed(), 0) * size // 1_000
                amount = free if what == "borrow" else size
                self.moved("borrow", amount, self.owed, amount)
            case "repay" | "repay a little":
                amount = self.owed() * size // 1_000 if what == "repay" else size
                self.world.usdc.mint(self.me, amount)
                self.moved("repay", amount, self.owed, -amount)
            case "supply":
                self.world.usdc.mint(self.me, size)
                self.moved(what, size, self.lent, size)
            case "withdraw" | "withdraw a little":
                amount = self.lent() * size // 1_000 if what == "withdraw" else size
                self.moved("withdraw", amount, self.lent, -amount)
            case "crash":
                self.crash(size, "liquidate by shares", 400)
            case "ruin":
                self.crash(size, "liquidate by collateral", 1_000)
            case "liquidate by shares" | "liquidate by collateral":
                self.liquidate(what, size)
            case _:
                self.outside(what, size)
        self.compare()

    def moved(self, what: str, amount: int, position: Callable[[], int], change: int) -> None:
        """A call by the adapter, which must leave the position within the stated rounding of exact arithmetic."""
        before = position()
        if not self.both(what, self.booked(what, amount), lambda: self.called(what, amount)):
            return
        off = abs(position() - before - change)
        self.worst[what] = max(self.worst[what], off)
        assert off <= ROUNDING.get(what, 0)
        if what == "repay" and amount == before:
            assert self.books.account(self.me).borrow_shares == 0
            self.count["repaid whole"] += 1
        if what == "withdraw" and amount == before:
            assert self.books.account(self.me).supply_shares == 0
            self.count["drawn whole"] += 1

    def booked(self, what: str, amount: int) -> Callable[[], object]:
        """What the adapter does, in the books."""
        if what in AS_THE_ADAPTER:
            return lambda: getattr(self.books, AS_THE_ADAPTER[what])(self.me, amount)
        return lambda: getattr(self.books, what)(self.me, amount)

    def called(self, what: str, amount: int) -> object:
        where = (self.lab.contract, self.lab.id) if what in AS_THE_ADAPTER else (self.lab.contract,)
        return self.probe.send(f"blue_{what}", *where, self.lab.params, amount)

    def both(self, what: str, booked: Callable[[], object], called: Callable[[], object]) -> Any:
        """Both succeed, or both revert, for the reason that Morpho gives; what the books' call returns, or True."""
        kept = deepcopy(self.books)
        expected, told = outcome(booked, Reverted)
        _, reason = outcome(called, ChainReverted)
        assert (told is None) == (reason is None), f"{what}: the books say {told or 'yes'}, Morpho {reason or 'yes'}"
        if told is None or reason is None:
            self.count[f"{what} done"] += 1
            return expected or True
        self.books = kept
        same = {"morpho: underflow": "Panic(0x11)"}.get(told, told.removeprefix("morpho: "))
        assert reason == same, f"{what}: the books say {told}, Morpho {reason}"
        self.count[f"{what} reverted"] += 1
        return None

    def liquidate(self, what: str, permille: int) -> None:
        """Somebody tries to: Morpho lets him exactly where the books say that the account is not healthy."""
        account, liquidator = self.books.account(self.me), self.world.arbitrageur
        size = {"seized": account.collateral * permille // 1_000}
        if what == "liquidate by shares":
            size = {"repaid_shares": account.borrow_shares * permille // 1_000}
        if not any(size.values()):
            return
        self.world.usdc.provide(liquidator, self.lab.contract, 10**18)
        spent, gained = self.world.usdc.balance(liquidator), self.world.weth.balance(liquidator)
        done = self.both(
            what,
            lambda: self.books.liquidate(self.me, **size),
            lambda: self.lab.liquidate(liquidator, self.me, **size),
        )
        if done:
            assert self.world.usdc.balance(liquidator) == spent - done.repaid
            assert self.world.weth.balance(liquidator) == gained + done.seized
            self.count["bad debt"] += done.bad_debt > 0

    def crash(self, permille: int, what: str, part: int) -> None:
        """WETH falls (or rises) to a health of about this, and somebody liquidates so much."""
        if owed := self.owed():
            self.outside("price", 1_000 * permille * owed // 1_000 // max(self.books.largest_debt(self.me), 1))
            self.liquidate(what, part)

    def outside(self, what: str, size: int) -> None:
        world, lab, whale, books = self.world, self.lab, self.world.whale, self.books
        match what:
            case "wait":
                world.warp(size, refresh=True)
                books.now = world.chain.timestamp()
            case "price":
                answer = world.feeds["WETH"].contract.call("latestAnswer") * size // 1_000
                world.feeds["WETH"].set_raw(answer=min(max(answer, 10**8), 50_000 * 10**8))
                books.price = lab.price()
            case "others borrow":
                amount = max(books.liquid, 0) * size // 1_000
                self.both(what, lambda: books.borrow(whale, amount), lambda: lab.borrow(whale, amount))
            case "others repay":
                amount = books.owed(whale) * size // 1_000
                self.both(what, lambda: books.repay(whale, amount), lambda: lab.repay(whale, amount))
            case "others settle":  # all of it, so that the market may be as small as what is left
                shares = books.account(whale).borrow_shares
                world.usdc.provide(whale, lab.contract, books.owed(whale))
                self.both(what, lambda: books.repay_shares(whale, shares), lambda: lab.repay_shares(whale, shares))
            case "others lend":
                self.both(what, lambda: books.supply(whale, size), lambda: lab.seed(whale, size))
            case "others withdraw":
                amount = books.supply_assets * size // 1_000
                self.both(what, lambda: books.withdraw(whale, amount), lambda: lab.withdraw(whale, amount))
            case "given collateral":
                given = lambda: lab.pledge(whale, size, self.me)  # noqa: E731
                self.both(what, lambda: books.supply_collateral(self.me, size), given)
            case "given repayment":
                self.both(what, lambda: books.repay(self.me, size), lambda: lab.repay(whale, size, self.me))
            case "fee":
                books.fee_recipient = world.users[6]
                lab.set_fee(size * WAD // 100, books.fee_recipient)
                if books.fee != size * WAD // 100:
                    books.accrue()
                    books.fee = size * WAD // 100

    def compare(self) -> None:
        """All that Morpho stores of the market, and all that the adapter reads of it, to the wei."""
        books, market = self.books, self.lab.market()
        assert market == (
            *(books.supply_assets, books.supply_shares, books.borrow_assets, books.borrow_shares),
            *(books.last_update, books.fee),
        )
        for owner, account in books.accounts.items():
            position = self.lab.position(owner)
            assert position == (account.supply_shares, account.borrow_shares, account.collateral), owner
        assert self.probe.call("blue_collateral", self.lab.contract, self.lab.id) == self.collateral
        assert self.probe.call("blue_owed", self.lab.contract, self.lab.id, self.lab.params) == self.owed()
        assert self.probe.call("blue_lent", self.lab.contract, self.lab.id, self.lab.params) == self.lent()
        assert self.probe.call("blue_not_borrowed", self.lab.contract, self.lab.id) == books.liquid

    # ── the model over this account ────────────────────────────────────────────────────────

    def read(self, name: str) -> int:
        word, _, token = name.removesuffix(")").partition("(")
        match word:
            case "blue.collateral":
                return self.collateral
            case "blue.debt":
                return self.owed()
            case "price":
                return int(self.world.feeds[token].contract.call("latestAnswer")) * 10**10
            case "unit":
                return 10 ** self.world.token(token).decimals
        raise KeyError(name)

    @property
    def model(self) -> ModelOfAccount:
        return ModelOfAccount(CARRY, "blue", self.read)


def loan(world: World, debt: int = 10_000 * 10**6 + 1) -> Beside:
    """10 WETH and a little, at 2,000 USD, against dollars; interest has run, and is not booked."""
    beside = Beside(world)
    beside.step(("supply_collateral", 10**19 + 12_345_678_901))
    assert beside.both("borrow", beside.booked("borrow", debt), lambda: beside.called("borrow", debt))
    for step in [("wait", 40 * 86_400), ("price", 1_003)]:
        beside.step(step)
    return beside
