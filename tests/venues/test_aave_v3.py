"""Aave v3: its own contracts against one account in exact integers, and against what the proofs assume.

The account is that of a contract which calls the emitted adapter, so that model, books, adapter and protocol are held
together.
"""

from __future__ import annotations

from collections import Counter
from copy import deepcopy
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from differential.market import aave_account, read_indices
from differential.pair import outcome
from lab.aave import V32
from lab.chain import Reverted as ChainReverted
from lab.revm import RevmChain
from lab.tokens import Token
from lab.world import CATEGORY, CATEGORY_LTV_BPS, CATEGORY_THRESHOLD_BPS, World, build_world
from stratc_compiler.interpret import Reverted
from stratc_compiler.vault import VenueModel
from stratc_targets.venues.aave_v3.exact import RAY, WAD, Reserve
from stratc_targets.venues.aave_v3.model import ROUNDING_UNITS
from venues.account_model import ModelOfAccount
from venues.probes import probe
from venues.quietly import quietly
from vyper_target.vaults import example

Step = tuple[str, str, int]  # what, token, size

CARRY = example("eth_carry").vault
MODEL: VenueModel = CARRY.venue("aave")

_TOKEN = st.sampled_from(["WETH", "USDC"])
STEPS: st.SearchStrategy[list[Step]] = st.lists(
    st.one_of(
        st.tuples(st.just("supply"), _TOKEN, st.integers(1, 10**12) | st.integers(0, 3)),
        st.tuples(st.just("supply"), st.just("WETH"), st.integers(10**16, 10**21)),
        st.tuples(st.just("withdraw"), _TOKEN, st.integers(0, 1_001)),
        st.tuples(st.just("borrow"), st.just("USDC"), st.integers(0, 1_100)),
        st.tuples(st.just("borrow"), st.just("USDC"), st.integers(300, 1_001)),
        st.tuples(st.just("repay"), st.just("USDC"), st.integers(0, 1_001)),
        st.tuples(st.just("wait"), st.just(""), st.integers(1, 400 * 86_400)),
        st.tuples(st.just("price"), _TOKEN, st.integers(900, 1_100)),
        st.tuples(st.just("price"), st.just("WETH"), st.integers(500, 2_000)),
        st.tuples(st.just("whale borrows"), _TOKEN, st.sampled_from([300, 900, 1_000])),
        st.tuples(st.just("whale repays"), _TOKEN, st.just(0)),
        st.tuples(st.sampled_from(["pause", "freeze"]), _TOKEN, st.integers(0, 1)),
        st.tuples(st.just("liquidate"), st.just("USDC"), st.integers(1, 1_000)),
        st.tuples(st.just("crash"), st.just("WETH"), st.integers(800, 1_050)),
    ),
    min_size=10,
    max_size=40,
)


class Account:
    """One account on the chain, by the adapter, and in the books; `worst` departure from exact arithmetic by word."""

    def __init__(self, world: World, category: bool = False) -> None:
        self.world, self.lab = world, world.aave
        self.probe = probe(world.chain)
        self.books = aave_account(world, category)
        self.ltvs = {name: reserve.ltv for name, reserve in self.books.reserves.items()}
        self.supplying = "pledge" if category else "supply"
        if category:
            self.probe.send("aave_enter_category", self.lab.pool, CATEGORY)
        self.count: Counter[str] = Counter()
        self.worst: Counter[str] = Counter()

    @property
    def me(self) -> str:
        return self.probe.address

    def reserve(self, token: str) -> Reserve:
        return self.books.reserves[token]

    def step(self, step: Step) -> None:
        what, name, size = step
        match what:
            case "supply":
                self.world.token(name).mint(self.me, size)
                self.moved(self.supplying, name, size, "supplied", size)
            case "withdraw":
                amount = self.reserve(name).supplied * size // 1_000
                self.moved(what, name, amount, "supplied", -amount)
            case "borrow":
                amount = self.books.data().available * 1_000 * size // self.reserve(name).price
                self.moved(what, name, amount, "owed", amount)
            case "repay":
                amount = self.reserve(name).owed * size // 1_000
                self.world.token(name).mint(self.me, amount)
                self.moved(what, name, amount, "owed", -amount)
            case "liquidate":
                self.liquidate(size)
            case "crash":
                self.crash(size)
            case _:
                self.outside(what, name, size)
        self.compare()

    def moved(self, what: str, name: str, amount: int, position: str, change: int) -> None:
        """A call, which must leave the position within the stated rounding of exact arithmetic."""
        before = getattr(self.reserve(name), position)
        if self.both(what, self.world.token(name), amount):
            off = abs(getattr(self.reserve(name), position) - before - change)
            self.worst[what] = max(self.worst[what], off)
            assert off <= ROUNDING_UNITS

    def both(self, what: str, token: Token, amount: int) -> bool:
        """The adapter's call and the books': both succeed, or both revert; Aave's numbers must be the same."""
        kept = self.saved()
        _, told = outcome(lambda: self.booked(what, token.symbol, amount), Reverted)
        _, reason = outcome(lambda: self.probe.send(f"aave_{what}", self.lab.pool, token, amount), ChainReverted)
        assert (told is None) == (reason is None), f"{what}: the books say {told or 'yes'}, Aave {reason or 'yes'}"
        if told is None or reason is None:
            self.count[f"{what} done"] += 1
            return True
        self.books.reserves = kept
        assert not reason.isdigit() or told == f"aave: {reason}"
        self.count[f"{what} reverted"] += 1
        return False

    def booked(self, what: str, token: str, amount: int) -> None:
        """The books' call, and the adapter's own condition on it."""
        if getattr(self.books, what)(token, amount) not in (None, amount):
            raise Reverted("aave_v3: took less")

    def saved(self) -> dict[str, Reserve]:
        return deepcopy(self.books.reserves)

    def liquidate(self, permille: int) -> None:
        """Somebody tries to: Aave lets him exactly where the books' health factor is below 1."""
        world, amount = self.world, self.reserve("USDC").owed * permille // 1_000
        if not amount or self.reserve("USDC").paused or self.reserve("WETH").paused:
            return
        world.usdc.provide(world.arbitrageur, self.lab.pool, amount)
        liquidatable = self.reserve("WETH").is_collateral and self.books.data().health < WAD
        receipt, reason = outcome(
            lambda: self.lab.liquidate(world.arbitrageur, self.me, world.weth, world.usdc, amount), ChainReverted
        )
        if reason is not None:
            # Collateral that is lent out cannot be seized, nor can what rounds to nothing.
            assert not liquidatable or not reason.isdigit() or reason == "25", reason
            self.count["liquidate reverted"] += 1
            return
        assert liquidatable
        event = receipt.event("LiquidationCall")
        self.books.liquidated("WETH", event["liquidatedCollateralAmount"], "USDC", event["debtToCover"])
        self.count["liquidate done"] += 1

    def crash(self, permille: int) -> None:
        """WETH falls (or rises) to a health factor of about this, and somebody liquidates."""
        if self.books.data().debt:
            size = permille * WAD // self.books.data().health
            self.outside("price", "WETH", size)
            self.liquidate(400)

    def outside(self, what: str, name: str, size: int) -> None:
        world = self.world
        match what:
            case "wait":
                world.warp(size, refresh=True)
                read_indices(world, self.books)
            case "price":
                low, high = (100 * 10**8, 50_000 * 10**8) if name == "WETH" else (9 * 10**7, 11 * 10**7)
                answer = min(max(self.reserve(name).price * size // 1_000, low), high)
                world.feeds[name].set_raw(answer=answer)
                self.reserve(name).price = answer
            case "whale borrows":
                amount = self.reserve(name).available * size // 1_000
                try:
                    self.lab.borrow(world.whale, world.token(name), amount)
                except ChainReverted:
                    return
                self.reserve(name).available -= amount
            case "whale repays":
                token, owed = world.token(name), self.lab.owed(world.whale, world.token(name))
                if owed and not self.reserve(name).paused:
                    token.provide(world.whale, self.lab.pool, owed)
                    self.reserve(name).available += int(self.lab.repay(world.whale, token).value)
            case "pause":
                self.lab.pause(world.token(name), bool(size))
                self.reserve(name).paused = bool(size)
            case _:
                self.freeze(name, bool(size))

    def freeze(self, name: str, on: bool) -> None:
        """Since 3.1 what is frozen has no loan-to-value until it is thawed, and nothing is frozen twice."""
        reserve = self.reserve(name)
        since_31 = self.lab.generation.has_bitmaps
        if since_31 and reserve.frozen == on:
            return
        self.lab.freeze(self.world.token(name), on)
        reserve.frozen = on
        if since_31:
            reserve.ltv = 0 if on else self.ltvs[name]

    def compare(self) -> None:
        for name, reserve in self.books.reserves.items():
            token, lab = self.world.token(name), self.lab.reserve(self.world.token(name))
            assert reserve.supplied == self.probe.call("aave_held", lab.a_token), name
            assert reserve.owed == self.probe.call("aave_held", lab.debt_token), name
            assert reserve.scaled_supplied == lab.a_token.call("scaledBalanceOf", self.me), name
            assert reserve.scaled_owed == lab.debt_token.call("scaledBalanceOf", self.me), name
            liquid = self.probe.call("aave_liquidity", self.lab.pool, token, lab.a_token)
            assert liquid == (0 if reserve.paused else reserve.available), name
        assert self.books.data() == self.lab.account(self.me)

    # ── the model over this account ────────────────────────────────────────────────────────

    @property
    def model(self) -> ModelOfAccount:
        return ModelOfAccount(CARRY, "aave", self.read)

    def read(self, name: str) -> int:
        word, _, token = name.removesuffix(")").partition("(")
        match word:
            case "aave.collateral":
                return self.reserve(token).supplied
            case "aave.debt":
                return self.reserve(token).owed
            case "price":
                return self.reserve(token).price * 10**10
            case "unit":
                return self.reserve(token).unit
        raise KeyError(name)


@pytest.fixture(scope="module")
def world_of_32() -> World:
    return build_world(RevmChain(), V32)


@pytest.fixture
def worlds(revm_world: World, world_of_32: World) -> dict[str, World]:
    return {"3.0": revm_world, "3.2": world_of_32}


@pytest.mark.parametrize("category", [False, True], ids=["no category", "category"])
@pytest.mark.parametrize("generation", ["3.0", "3.2"])
def test_the_books_are_aaves(worlds: dict[str, World], generation: str, category: bool) -> None:
    world = worlds[generation]
    count: Counter[str] = Counter()
    worst: Counter[str] = Counter()

    @quietly(250 if (generation, category) == ("3.0", False) else 120)
    @given(STEPS)
    def told(steps: list[Step]) -> None:
        start = world.chain.snapshot()
        try:
            account = Account(world, category)
            for step in [("whale borrows", "USDC", 700), ("supply", "WETH", 10**19), *steps]:
                account.step(step)
            count.update(account.count)
            for what, off in account.worst.items():
                worst[what] = max(worst[what], off)
        finally:
            world.chain.revert(start)

    told()
    print(count, worst)
    assert count.total() >= 1_000, count
    for what in ("pledge" if category else "supply", "withdraw", "borrow", "repay"):
        assert count[f"{what} done"] >= 30, count
        assert count[f"{what} reverted"] >= 10, count
    assert min(count["liquidate done"], count["liquidate reverted"]) >= 10, count
    assert max(worst.values()) >= 1, "rounding was never seen: this test shows nothing"


# ── what the model says of the account ─────────────────────────────────────────────────────


def loan(world: World, debt: int = 10_000 * 10**6 + 1) -> Account:
    """10 WETH and a little, at 2,000 USD, against dollars; interest has run."""
    account = Account(world)
    for step in [("whale borrows", "USDC", 700), ("supply", "WETH", 10**19 + 12_345_678_901)]:
        account.step(step)
    assert account.both("borrow", world.usdc, debt)
    for step in [("wait", "", 40 * 86_400), ("price", "WETH", 1_003)]:
        account.step(step)
    return account


UNIT = Fraction(1, 10**8)
"""Aave values positions in whole 10^-8 USD."""


@quietly(60)
@given(debt=st.integers(10**6, 15_000 * 10**6), weth=st.integers(200 * 10**8, 9_000 * 10**8), usdc=st.integers(95, 105))
def test_the_models_health_is_aaves_to_the_last_cent_of_a_millionth(
    revm_world: World, debt: int, weth: int, usdc: int
) -> None:
    start = revm_world.chain.snapshot()
    try:
        account = loan(revm_world, debt)
        account.reserve("WETH").price, account.reserve("USDC").price = weth, usdc * 10**6
        revm_world.feeds["WETH"].set_raw(answer=weth)
        revm_world.feeds["USDC"].set_raw(answer=usdc * 10**6)
        aave = Fraction(revm_world.aave.account(account.me).health, WAD)
        owed = Fraction(revm_world.aave.account(account.me).debt, 10**8)
        # Each side of the quotient is cut to 10^-8 USD once or twice.
        assert abs(account.model.health() - aave) <= 3 * UNIT * max(aave, 1) / owed + Fraction(1, WAD)
    finally:
        revm_world.chain.revert(start)


LINES = pytest.mark.parametrize("short", [0, 1], ids=["where Aave draws it", "where the model does"])
"""A basis point apart: the model leaves room for what strangers may add (test_aave_given)."""


@LINES
def test_never_liquidated_is_what_a_liquidator_finds(revm_world: World, short: int) -> None:
    """Around the price where the health factor is 1, a unit of the feed at a time."""
    account = loan(revm_world)
    collateral, owed = account.reserve("WETH"), account.reserve("USDC")
    edge = owed.owed * owed.price * 10**12 * 10_000 // (collateral.supplied * (collateral.threshold - short))
    safe, liquidated = [], []
    for answer in range(edge - 4, edge + 6):
        before = revm_world.chain.snapshot()
        kept, count = account.saved(), Counter(account.count)
        account.world.feeds["WETH"].set_raw(answer=answer)
        account.reserve("WETH").price = answer
        safe.append(account.model.holds(MODEL.never_liquidated))
        account.step(("liquidate", "USDC", 100))
        liquidated.append(account.count["liquidate done"] > count["liquidate done"])
        revm_world.chain.revert(before)
        account.books.reserves = kept
    if short:
        assert not any(liquidated)
        assert safe == sorted(safe)
        assert set(safe) == {False, True}
    else:
        assert not any(safe)
        assert set(liquidated) == {False, True}


@LINES
def test_where_the_model_and_aave_draw_the_line_of_a_borrow(revm_world: World, short: int) -> None:
    account = loan(revm_world)
    collateral, owed = account.reserve("WETH"), account.reserve("USDC")
    worth = Fraction(collateral.supplied * collateral.price * (collateral.ltv - short), 10**18 * 10_000)
    edge = int((worth - Fraction(owed.owed * owed.price, 10**6)) * 10**6 / owed.price)
    verdicts = []
    for amount in range(edge - 3, edge + 4):
        before, kept = revm_world.chain.snapshot(), account.saved()
        done = account.both("borrow", revm_world.usdc, amount)
        if not done:
            # What the model would say after it: the debt as Aave would have booked it.
            account.reserve("USDC").scaled_owed += amount * RAY // account.reserve("USDC").borrow_index
        verdicts.append((done, account.model.holds(MODEL.after_borrow)))
        revm_world.chain.revert(before)
        account.books.reserves = kept
    assert verdicts[0] == (True, bool(short))
    assert verdicts[-1] == (bool(short), False)


@LINES
def test_a_withdrawal_is_refused_where_the_model_says_so(revm_world: World, short: int) -> None:
    account = loan(revm_world)
    collateral, owed = account.reserve("WETH"), account.reserve("USDC")
    needed = Fraction(owed.owed * owed.price * 10**12 * 10_000, collateral.price * (collateral.threshold - short))
    edge = int(collateral.supplied - needed)
    step = 10**10 // 2_000 + 1  # what 10^-8 USD are worth
    verdicts = []
    for amount in (edge - 3 * step, edge + 3 * step):
        before, kept = revm_world.chain.snapshot(), account.saved()
        done = account.both("withdraw", revm_world.weth, amount)
        verdicts.append((done, done and account.model.holds(MODEL.after_withdraw)))
        revm_world.chain.revert(before)
        account.books.reserves = kept
    assert verdicts == ([(True, True), (True, False)] if short else [(True, False), (False, False)])


# ── the stated rounding ────────────────────────────────────────────────────────────────────


@settings(max_examples=500, deadline=None, database=None)
@given(
    index=st.integers(RAY, 4 * RAY - 1),
    scaled=st.integers(0, 10**24),
    amount=st.integers(1, 10**24),
)
def test_one_operation_is_off_by_no_more_than_stated(index: int, scaled: int, amount: int) -> None:
    """While an index is below 4, which takes decades; the model's number holds no further."""
    reserve = Reserve(1, 1, 0, 0, 0, index, index, scaled_supplied=scaled)
    before = reserve.supplied
    reserve.scaled_supplied += (amount * RAY + index // 2) // index
    assert abs(reserve.supplied - before - amount) <= ROUNDING_UNITS


def test_the_stated_rounding_is_no_larger_than_it_must_be() -> None:
    """Some operation is off by two units, and past the stated index one is off by three."""

    def worst(index: int) -> int:
        off = 0
        for scaled in range(60):
            for amount in range(1, 60):
                reserve = Reserve(1, 1, 0, 0, 0, index, index, scaled_supplied=scaled)
                before = reserve.supplied
                reserve.scaled_supplied += (amount * RAY + index // 2) // index
                off = max(off, abs(reserve.supplied - before - amount))
        return off

    assert worst(3 * RAY + RAY // 7) == ROUNDING_UNITS
    assert worst(5 * RAY + RAY // 7) > ROUNDING_UNITS


# ── the adapter's checks at deployment ─────────────────────────────────────────────────────


def test_the_adapter_refuses_a_market_that_differs(revm_world: World) -> None:
    contract, pool = probe(revm_world.chain), revm_world.aave.pool
    contract.call("aave_check_risk", pool, revm_world.weth, 8_000, 8_250)
    for ltv, threshold in ((7_999, 8_250), (8_000, 8_251)):
        with pytest.raises(ChainReverted, match="differs"):
            contract.call("aave_check_risk", pool, revm_world.weth, ltv, threshold)
    with pytest.raises(ChainReverted, match="no such reserve"):
        contract.call("aave_a_token", pool, contract)
    with pytest.raises(ChainReverted, match="no such reserve"):
        contract.call("aave_debt_token", pool, contract)
    reserve = revm_world.aave.reserve(revm_world.weth)
    assert contract.call("aave_a_token", pool, revm_world.weth) == reserve.a_token.address
    assert contract.call("aave_debt_token", pool, revm_world.weth) == reserve.debt_token.address


@pytest.mark.parametrize("generation", ["3.0", "3.2"])
def test_the_adapter_refuses_a_category_that_differs(worlds: dict[str, World], generation: str) -> None:
    world, contract = worlds[generation], probe(worlds[generation].chain)
    lab, pool, weth = world.aave, world.aave.pool, world.weth
    risk = (CATEGORY_LTV_BPS, CATEGORY_THRESHOLD_BPS)
    start = world.chain.snapshot()
    contract.call("aave_check_category_risk", pool, CATEGORY, weth, *risk)
    contract.call("aave_check_category_loan", pool, CATEGORY, world.usdc)
    for ltv, threshold in ((risk[0] - 1, risk[1]), (risk[0], risk[1] + 1)):
        with pytest.raises(ChainReverted, match="differs"):
            contract.call("aave_check_category_risk", pool, CATEGORY, weth, ltv, threshold)
    lab.set_category(2, 9_500, 9_700, [], [])
    with pytest.raises(ChainReverted, match="not in the category"):
        contract.call("aave_check_category_risk", pool, 2, weth, 9_500, 9_700)
    with pytest.raises(ChainReverted, match="not borrowable in the category"):
        contract.call("aave_check_category_loan", pool, 2, world.usdc)
    lab.set_collateral(weth, 0, 8_250)
    with pytest.raises(ChainReverted, match="would not count as collateral"):
        contract.call("aave_check_category_risk", pool, CATEGORY, weth, *risk)
    with pytest.raises(ChainReverted):
        contract.send("aave_enter_category", pool, 3)  # there is none
    contract.send("aave_enter_category", pool, CATEGORY)
    weth.mint(contract, 10**18)
    with pytest.raises(ChainReverted, match="not counted as collateral"):
        contract.send("aave_pledge", pool, weth, 10**18)
    world.chain.revert(start)


def test_the_adapter_refuses_a_category_with_a_price_of_its_own(revm_world: World) -> None:
    """Of 3.0: it would value collateral by a feed that the proof knows nothing of."""
    lab, start = revm_world.aave, revm_world.chain.snapshot()
    source = revm_world.feeds["WETH"].contract
    lab.configure("setEModeCategory", CATEGORY, CATEGORY_LTV_BPS, CATEGORY_THRESHOLD_BPS, 10_100, source, "priced")
    with pytest.raises(ChainReverted, match="price of its own"):
        probe(revm_world.chain).send("aave_enter_category", lab.pool, CATEGORY)
    revm_world.chain.revert(start)
