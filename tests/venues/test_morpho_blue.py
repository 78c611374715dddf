"""Morpho Blue: its own contract against one market in exact integers, and against what the proofs assume.

The account is that of a contract which calls the emitted adapter, so that model, books, adapter and protocol are held
together; others lend, borrow, give and liquidate beside it, and are booked too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from copy import deepcopy
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from differential.pair import outcome
from lab.chain import Reverted as ChainReverted
from lab.morpho import WAD, deploy_oracle
from lab.world import World
from stratc_compiler.errors import Unsupported
from stratc_compiler.expr import Formula
from stratc_compiler.interpret import Evaluator, Reverted
from stratc_compiler.vault import Held, Swap, VenueModel
from stratc_targets.venues.morpho_blue import exact
from stratc_targets.venues.morpho_blue.exact import MorphoMarket
from stratc_targets.venues.morpho_blue.model import OFF_BY, TRUNCATED
from venues.morpho_books import market_of
from venues.probes import probe
from venues.quietly import quietly
from vyper_target.vaults import example, proved

Step = tuple[str, int]  # what, size

CARRY = example("blue_carry").vault
MODEL: VenueModel = CARRY.venue("blue")
MINE = ("supply_collateral", "withdraw_collateral", "borrow", "repay")

STEPS: st.SearchStrategy[list[Step]] = st.lists(
    st.one_of(
        st.tuples(st.just("supply_collateral"), st.integers(0, 10**12) | st.integers(0, 3)),
        st.tuples(st.just("supply_collateral"), st.integers(10**16, 10**21)),
        st.tuples(st.just("withdraw_collateral"), st.integers(0, 1_001)),
        st.tuples(st.just("borrow"), st.integers(0, 1_100)),
        st.tuples(st.just("borrow"), st.integers(300, 1_001)),
        st.tuples(st.just("borrow a little"), st.integers(1, 3)),
        st.tuples(st.just("repay"), st.integers(0, 1_001)),
        st.tuples(st.just("repay"), st.just(1_000)),
        st.tuples(st.just("repay a little"), st.integers(1, 3)),
        st.tuples(st.just("wait"), st.integers(1, 400 * 86_400)),
        st.tuples(st.just("wait"), st.integers(1, 3_600)),
        st.tuples(st.just("price"), st.integers(900, 1_100)),
        st.tuples(st.just("price"), st.integers(500, 2_000)),
        st.tuples(st.just("others borrow"), st.sampled_from([300, 900, 1_000])),
        st.tuples(st.just("others repay"), st.integers(0, 1_000)),
        st.tuples(st.just("others settle"), st.just(0)),
        st.tuples(st.just("others lend"), st.integers(1, 10**14)),
        st.tuples(st.just("others withdraw"), st.integers(1, 1_000)),
        st.tuples(st.sampled_from(["given collateral", "given repayment"]), st.integers(1, 10**9)),
        st.tuples(st.just("fee"), st.integers(0, 25)),
        st.tuples(st.just("liquidate by shares"), st.integers(1, 1_000)),
        st.tuples(st.just("liquidate by collateral"), st.integers(1, 1_001)),
        st.tuples(st.just("crash"), st.integers(600, 1_050)),
        st.tuples(st.just("ruin"), st.integers(200, 950)),
    ),
    min_size=10,
    max_size=40,
)


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
        assert off <= (OFF_BY if what in ("borrow", "repay") else 0)
        if what == "repay" and amount == before:
            assert self.books.account(self.me).borrow_shares == 0
            self.count["repaid whole"] += 1

    def booked(self, what: str, amount: int) -> Callable[[], object]:
        """What the adapter does, in the books."""
        if what == "repay":
            return lambda: self.books.pay_back(self.me, amount)
        return lambda: getattr(self.books, what)(self.me, amount)

    def called(self, what: str, amount: int) -> object:
        where = (self.lab.contract, self.lab.id) if what == "repay" else (self.lab.contract,)
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

    # ── the model over this account ────────────────────────────────────────────────────────

    def holds(self, formula: Formula | None) -> bool:
        assert formula is not None
        return Evaluator(CARRY, _Positions(self)).holds(formula)

    def health(self) -> Fraction:
        """The model's health factor, exact."""
        assert MODEL.health is not None
        state = Evaluator(CARRY, _Positions(self))
        covered, owed = (sum((w * state.value(e) for e, w in side.items()), Fraction(0)) for side in MODEL.health)
        return covered / owed


class _Positions:
    """The account as the interpreter reads a world."""

    def __init__(self, beside: Beside) -> None:
        self.beside = beside

    def read(self, name: str) -> int:
        word, _, token = name.removesuffix(")").partition("(")
        match word:
            case "blue.collateral":
                return self.beside.collateral
            case "blue.debt":
                return self.beside.owed()
            case "price":
                return int(self.beside.world.feeds[token].contract.call("latestAnswer")) * 10**10
            case "unit":
                return 10 ** self.beside.world.token(token).decimals
        raise KeyError(name)

    def enter(self, held: Held, amount: int) -> None:
        raise NotImplementedError

    def leave(self, held: Held, amount: int) -> None:
        raise NotImplementedError

    def swap(self, item: Swap, amount: int, minimum: int) -> int:
        raise NotImplementedError


def told_beside(world: World, sequences: int, *, seeded: bool) -> tuple[Counter[str], Counter[str]]:
    """So many random sequences: how often each operation succeeded and reverted, and the worst rounding of each."""
    count: Counter[str] = Counter()
    worst: Counter[str] = Counter()

    @quietly(sequences, seeded=seeded)
    @given(STEPS)
    def told(steps: list[Step]) -> None:
        start = world.chain.snapshot()
        try:
            beside = Beside(world)
            beside.compare()
            for step in [("supply_collateral", 10**19), ("borrow", 700), *steps]:
                beside.step(step)
            count.update(beside.count)
            for what, off in beside.worst.items():
                worst[what] = max(worst[what], off)
        finally:
            world.chain.revert(start)

    told()
    print(f"{sequences} sequences, {count.total()} operations; worst {dict(worst)}; {dict(count)}")
    return count, worst


def test_the_books_are_morphos(blue_world: World) -> None:
    count, worst = told_beside(blue_world, 200, seeded=True)
    assert count.total() >= 2_000, count
    for what in MINE:
        assert count[f"{what} done"] >= 50, count
        assert count[f"{what} reverted"] >= 20, count
    for what in ("liquidate by shares", "liquidate by collateral"):
        assert min(count[f"{what} done"], count[f"{what} reverted"]) >= 10, count
    assert min(count["repaid whole"], count["bad debt"]) >= 10, count
    assert max(worst.values()) == OFF_BY, "rounding was never seen: this test shows nothing"


@pytest.mark.long
@pytest.mark.timeout(3_600)
def test_the_books_are_morphos_at_length(blue_world: World) -> None:
    count, worst = told_beside(blue_world, 2_000, seeded=False)
    assert count.total() >= 25_000, count
    assert max(worst.values()) == OFF_BY, worst


FAULTS = {
    "interest is not counted": ("        assets += assets * (first + second", "        assets += 0 * (first + second"),
    "interest does not compound": ("second: uint256 = first * first // (2 * WAD)", "second: uint256 = 0"),
    "a debt is rounded down": ("(assets + 1) + all_shares - 1) // all_shares", "(assets + 1)) // all_shares"),
    "a whole debt is repaid by assets": ("if amount == self.owed(morpho, id, params):", "if amount == 0:"),
    "more is repaid than was asked for": ("        shares = convert((static", "        shares = 1 + convert((static"),
}


EACH_RUN = ("interest does not compound", "a whole debt is repaid by assets")
"""Every fault compiles the adapters anew."""


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[] if name in EACH_RUN else [pytest.mark.long]) for name in FAULTS]
)
def test_a_fault_in_the_adapter_is_noticed(blue_world: World, name: str) -> None:
    """By a sequence that agrees without it: a loan, a year, and all of it back."""
    steps = [("supply_collateral", 10**19), ("borrow", 700), ("wait", 365 * 86_400), ("repay", 500), ("repay", 1_000)]
    start = blue_world.chain.snapshot()
    beside = Beside(blue_world)
    for step in steps:
        beside.step(step)
    blue_world.chain.revert(start)
    faulty = Beside(blue_world, ("morpho_blue", *FAULTS[name]))
    with pytest.raises(AssertionError):
        any(faulty.step(step) for step in steps)


# ── what the model says of the account ─────────────────────────────────────────────────────


def loan(world: World, debt: int = 10_000 * 10**6 + 1) -> Beside:
    """10 WETH and a little, at 2,000 USD, against dollars; interest has run, and is not booked."""
    beside = Beside(world)
    beside.step(("supply_collateral", 10**19 + 12_345_678_901))
    assert beside.both("borrow", beside.booked("borrow", debt), lambda: beside.called("borrow", debt))
    for step in [("wait", 40 * 86_400), ("price", 1_003)]:
        beside.step(step)
    return beside


@quietly(60)
@given(debt=st.integers(10**6, 14_000 * 10**6), weth=st.integers(200 * 10**8, 9_000 * 10**8), usdc=st.integers(95, 105))
def test_the_models_health_is_morphos_to_three_units(blue_world: World, debt: int, weth: int, usdc: int) -> None:
    start = blue_world.chain.snapshot()
    try:
        beside = loan(blue_world, debt)
        blue_world.feeds["WETH"].set_raw(answer=weth)
        blue_world.feeds["USDC"].set_raw(answer=usdc * 10**6)
        beside.books.price = beside.lab.price()
        owed = beside.owed()
        # Price, worth and its product with the LLTV are each cut to a unit, and never the other way.
        short = beside.health() * owed - beside.books.largest_debt(beside.me)
        assert 0 <= short <= 3
    finally:
        blue_world.chain.revert(start)


def at_answer(beside: Beside, answer: int) -> tuple[bool, bool]:
    """Whether the model says that nobody can liquidate at this answer of the feed, and whether somebody could."""
    before, kept = beside.world.chain.snapshot(), deepcopy(beside.books)
    try:
        beside.world.feeds["WETH"].set_raw(answer=answer)
        beside.books.price = beside.lab.price()
        safe = beside.holds(MODEL.never_liquidated)
        done = beside.count["liquidate by shares done"]
        beside.step(("liquidate by shares", 100))
        return safe, beside.count["liquidate by shares done"] > done
    finally:
        beside.world.chain.revert(before)
        beside.books = kept


def test_never_liquidated_is_what_a_liquidator_finds(blue_world: World) -> None:
    """Around the price where the debt is all that is covered; between two answers lies a unit of the loan."""
    beside = loan(blue_world)
    edge = beside.owed() * 10**20 * WAD // (beside.collateral * beside.lab.lltv)
    outcomes = [at_answer(beside, answer) for answer in range(edge - 48, edge + 72, 12)]
    assert (False, True) in outcomes
    assert (True, False) in outcomes
    assert (False, False) not in outcomes
    # Morpho truncates three times by up to a unit: what the proofs carry beyond the model's own comparison.
    assert outcomes.count((True, True)) <= 3


def test_a_debt_one_unit_past_what_the_proofs_leave_is_liquidated(blue_world: World) -> None:
    """What the proofs carry of rounding is needed: the model alone is up to three units kinder than Morpho."""
    beside = loan(blue_world)
    kinder = 0
    for answer in range(1_300 * 10**8, 1_300 * 10**8 + 40):
        worth = Fraction(beside.collateral * answer, 10**20) * beside.lab.lltv / WAD
        blue_world.feeds["WETH"].set_raw(answer=answer)
        beside.books.price = beside.lab.price()
        kinder = max(kinder, int(worth) - beside.books.largest_debt(beside.me))
    assert 1 <= kinder <= OFF_BY + TRUNCATED


def test_the_model_and_morpho_draw_the_line_of_a_borrow_at_the_same_unit(blue_world: World) -> None:
    beside = loan(blue_world)
    edge = beside.books.largest_debt(beside.me) - beside.owed()
    verdicts = []
    for amount in range(edge - 3, edge + 4):
        before, kept = blue_world.chain.snapshot(), deepcopy(beside.books)
        done = bool(beside.both("borrow", beside.booked("borrow", amount), lambda n=amount: beside.called("borrow", n)))
        if not done:
            # What the model would say after it: the debt as Morpho would have booked it.
            shares = beside.books.account(beside.me)
            shares.borrow_shares += amount * beside.books.borrow_shares // beside.books.borrow_assets
        verdicts.append((done, beside.holds(MODEL.after_borrow)))
        blue_world.chain.revert(before)
        beside.books = kept
    assert verdicts[0] == (True, True)
    assert verdicts[-1] == (False, False)
    assert sum(morpho != model for morpho, model in verdicts) <= 3, verdicts  # what is truncated, and the booked debt


def test_a_withdrawal_is_refused_where_the_model_says_so(blue_world: World) -> None:
    beside = loan(blue_world)
    needed = Fraction(beside.owed() * 10**36 * WAD, beside.books.price * beside.lab.lltv)
    edge = int(beside.collateral - needed)
    step = 10**12 // 2_000 + 1  # what a unit of the loan is worth
    verdicts = []
    for amount in (edge - 4 * step, edge + 4 * step):
        before, kept = blue_world.chain.snapshot(), deepcopy(beside.books)
        call = beside.booked("withdraw_collateral", amount)
        done = beside.both("withdraw", call, lambda n=amount: beside.called("withdraw_collateral", n))
        verdicts.append(bool(done))
        if done:
            assert beside.holds(MODEL.after_withdraw)
        blue_world.chain.revert(before)
        beside.books = kept
    assert verdicts == [True, False]


# ── interest, and a debt that is repaid whole ──────────────────────────────────────────────


@pytest.mark.parametrize("seconds", [1, 3_600, 365 * 86_400])
def test_what_the_adapter_reads_is_what_morpho_books(blue_world: World, seconds: int) -> None:
    """The same second: read, then booked by Morpho itself, then read again."""
    beside, lab = loan(blue_world), blue_world.morpho
    beside.step(("wait", seconds))
    read = beside.probe.call("blue_owed", lab.contract, lab.id, lab.params)
    lab.contract.send("accrueInterest", lab.params)
    position, market = lab.position(beside.me), lab.market()
    booked = -(-position.borrow_shares * (market.borrow_assets + 1) // (market.borrow_shares + 10**6))
    assert read == booked == beside.probe.call("blue_owed", lab.contract, lab.id, lab.params)
    assert market.last_update == blue_world.chain.timestamp()


def test_as_many_assets_as_are_owed_are_a_few_shares_too_many(blue_world: World) -> None:
    """Why a whole debt is repaid by its shares: Morpho refuses the same amount in assets."""
    beside, lab = loan(blue_world), blue_world.morpho
    owed = beside.owed()
    with pytest.raises(ChainReverted, match=r"Panic\(0x11\)"):
        lab.repay(blue_world.whale, owed, beside.me)
    beside.step(("repay", 1_000))
    assert lab.position(beside.me).borrow_shares == 0
    assert blue_world.usdc.balance(beside.me) == 10_000 * 10**6 + 1  # as much as was borrowed
    beside.step(("withdraw_collateral", 1_000))
    assert lab.position(beside.me) == (0, 0, 0)


def test_more_than_is_owed_is_not_taken(blue_world: World) -> None:
    beside = loan(blue_world)
    amount = beside.owed() + 1
    blue_world.usdc.mint(beside.me, amount)
    with pytest.raises(ChainReverted, match=r"Panic\(0x11\)"):
        beside.called("repay", amount)


# ── the stated rounding ────────────────────────────────────────────────────────────────────


@settings(max_examples=500, deadline=None, database=None)
@given(
    data=st.data(),
    assets=st.integers(0, 10**15),
    dear=st.integers(1, 10**6),
)
def test_one_operation_is_off_by_no_more_than_stated(data: st.DataObject, assets: int, dear: int) -> None:
    """While a share is worth at most a unit: a millionth of one at first, more only by interest."""
    shares = max((assets + 1) * 10**6 // dear - 10**6, 0)
    market = MorphoMarket(0, 0, 0, 0, borrow_assets=assets, borrow_shares=shares, supply_assets=10**18)
    account = market.account("me")
    account.borrow_shares = data.draw(st.integers(0, shares))
    account.collateral, market.price, market.lltv = 2**127, 10**36, WAD
    before = market.owed("me")
    amount = data.draw(st.integers(1, 10**15))
    market.borrow("me", amount)
    assert abs(market.owed("me") - before - amount) <= OFF_BY
    before = market.owed("me")
    back = data.draw(st.integers(1, before))
    market.pay_back("me", back)
    assert abs(market.owed("me") - before + back) <= OFF_BY
    assert back < before or market.owed("me") == 0


def test_the_stated_rounding_is_no_larger_than_it_must_be() -> None:
    """Some operation is off by a unit, and where a share is worth several by more: the adapter stops before that."""

    def worst(assets: int, shares: int) -> int:
        off = 0
        for mine in range(0, shares, 7):
            for amount in range(1, 30):
                market = MorphoMarket(WAD, 10**36, 0, 0, supply_assets=10**9)
                market.borrow_assets, market.borrow_shares = assets, shares
                market.account("me").borrow_shares, market.account("me").collateral = mine, 10**12
                before = market.owed("me")
                market.borrow("me", amount)
                off = max(off, abs(market.owed("me") - before - amount))
        return off

    assert worst(10**6, 500) == OFF_BY
    assert worst(10**7, 500) > OFF_BY


def test_no_more_is_borrowed_where_a_share_is_worth_more_than_a_unit(blue_world: World) -> None:
    """In a market in which a few units have been owed at a thousand percent for years."""
    lab, chain, me = blue_world.morpho.other_market(lltv=WAD // 2), blue_world.chain, probe(blue_world.chain)
    lender, borrower = blue_world.users[0], blue_world.users[1]
    lab.seed(lender, 10**12)
    lab.pledge(borrower, 10**27)
    lab.borrow(borrower, 10**12)
    while lab.market().borrow_assets < 2 * 10**6 * 10**12:
        chain.warp(365 * 86_400)
        lab.contract.send("accrueInterest", lab.params)
        lab.seed(lender, 1)
    blue_world.refresh_feeds()
    lab.seed(lender, 10**13)
    blue_world.weth.mint(me.address, 10**24)
    me.send("blue_supply_collateral", lab.contract, lab.params, 10**24)
    with pytest.raises(ChainReverted, match="a share is worth more than a unit"):
        me.send("blue_borrow", lab.contract, lab.params, 10**9)


# ── a position that is not safe ends liquidated ────────────────────────────────────────────


def test_the_incentive_is_morphos() -> None:
    """min(1.15, 1 / (1 - 0.3 (1 - lltv))): 4.4% at 86%, and no more than 15%."""
    assert exact.incentive(86 * WAD // 100) == 1_043_841_336_116_910_229
    assert exact.incentive(945 * WAD // 1_000) == 1_016_776_817_488_561_260
    assert exact.incentive(0) == exact.LARGEST_INCENTIVE


def test_a_crash_past_the_threshold_ends_liquidated(blue_world: World) -> None:
    """Half of the debt, at the incentive; where collateral does not cover it any more, all, and the lenders pay."""
    beside = loan(blue_world, 15_000 * 10**6)
    blue_world.feeds["WETH"].set_raw(answer=1_700 * 10**8)
    beside.books.price = beside.lab.price()
    assert not beside.holds(MODEL.never_liquidated)
    held, owed = beside.collateral, beside.owed()
    beside.step(("liquidate by shares", 500))
    repaid, seized = owed - beside.owed(), held - beside.collateral
    assert seized * 1_700 / 10**18 / (repaid / 10**6) == pytest.approx(1.0438, abs=1e-3)
    blue_world.feeds["WETH"].set_raw(answer=500 * 10**8)
    beside.books.price = beside.lab.price()
    lent = beside.books.supply_assets
    beside.step(("liquidate by collateral", 1_000))
    assert (beside.collateral, beside.owed()) == (0, 0)
    assert beside.count["bad debt"] == 1
    assert beside.books.supply_assets < lent


# ── the adapter's checks at deployment, and what the model refuses ─────────────────────────


def test_the_adapter_refuses_a_market_that_is_not_there(blue_world: World) -> None:
    contract, lab = probe(blue_world.chain), blue_world.morpho
    assert contract.call("blue_market_id", lab.params) == lab.id
    assert lab.contract.call("idToMarketParams", lab.id) == lab.params
    contract.call("blue_check_market", lab.contract, lab.id)
    for place, other in enumerate((blue_world.weth, blue_world.usdc, lab.irm, lab.oracle, lab.lltv + 1)):
        params = (*lab.params[:place], other, *lab.params[place + 1 :])
        with pytest.raises(ChainReverted, match="no such market"):
            contract.call("blue_check_market", lab.contract, contract.call("blue_market_id", params))


def test_the_adapter_refuses_an_oracle_that_says_something_else(blue_world: World) -> None:
    contract, lab, feeds = probe(blue_world.chain), blue_world.morpho, blue_world.feeds
    given = (10**12, 10**18, 10**6)

    def check(weth: int, usdc: int, oracle: object = lab.oracle) -> None:
        contract.call("blue_check_oracle", oracle, weth * 10**10, given[1], usdc * 10**10, given[2])

    for weth, usdc in ((2_000 * 10**8, 10**8), (1_234_56789012, 99_999_999), (3, 101_000_001)):
        feeds["WETH"].set_raw(answer=weth)
        feeds["USDC"].set_raw(answer=usdc)
        check(weth, usdc)
        for other in ((weth + 1, usdc), (weth, usdc + 1)):
            with pytest.raises(ChainReverted, match="the oracle differs from the feeds"):
                check(*other)
    feeds["WETH"].set_raw(answer=1_234_56789012)
    feeds["USDC"].set_raw(answer=99_999_999)
    for digits, near in ((0, True), (4, True), (-4, True), (9_000, False), (-9_000, False)):
        prices = (1_234_56789012 * 10**10, 10**18, 99_999_999 * 10**10)
        for price, loan_price in ((prices[0] + digits, prices[2]), (prices[0], prices[2] + digits)):
            told = (lab.oracle, price, 10**18, loan_price, 10**6)
            assert (
                outcome(lambda told=told: contract.call("blue_check_oracle", *told), ChainReverted)[1] is None
            ) == near
    upside_down = deploy_oracle(
        blue_world.chain, blue_world.admin, (blue_world.weth, feeds["USDC"]), (blue_world.usdc, feeds["WETH"])
    )
    with pytest.raises(ChainReverted, match="the oracle differs from the feeds"):
        check(1_234_56789012, 99_999_999, upside_down)
    lab.misprice(1 - Fraction(1, 10**15))
    with pytest.raises(ChainReverted, match="the oracle differs from the feeds"):
        check(1_234_56789012, 99_999_999)


def test_what_is_lent_out_there_is_refused_by_name() -> None:
    text = (Path(__file__).parents[2] / "examples" / "blue_carry.strat").read_text(encoding="utf-8")
    text = text.replace("save:                   44% +- 5%", "save: 22% +- 5%, blue.supply(USDC): 22% +- 5%")
    assert "blue.supply" in text
    with pytest.raises(Unsupported, match=r"lending to a market of Morpho Blue, `blue.supply\(USDC\)`"):
        proved(text)
