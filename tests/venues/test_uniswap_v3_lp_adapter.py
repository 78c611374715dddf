"""The adapter of ranges on Uniswap's own contracts beside the books; its arithmetic in Vyper beside that in Python."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from math import isqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.chain import Reverted as ChainReverted
from lab.interface import Contract
from stratc_compiler.interpret import Reverted
from stratc_targets.venues.uniswap_v3_lp import amounts, places, ticks
from stratc_targets.venues.uniswap_v3_lp.exact import EVERYTHING
from stratc_targets.venues.uniswap_v3_lp.pool import Both
from venues.liquidity_beside import Beside, Market, Step, market, pool_of
from venues.probes import range_probe
from venues.quietly import quietly

Fault = tuple[str, str, str]
SOUND: Fault = ("", "", "")


@pytest.fixture(scope="module")
def uniswap() -> Market:
    return market()


class Adapted(Beside):
    """The probe's position beside others', in a range around the first price, `wide` spacings to either side."""

    def __init__(self, market: Market, fee: int, price: int, wide: int, fault: Fault = SOUND) -> None:
        super().__init__(market, fee, price)
        self.probe = range_probe(market.chain, fault)
        self.lower, self.upper = (self.middle + way * wide * self.books.pool.spacing for way in (-1, 1))
        self.probe.send("lay", self.manager, *market.tokens[::-1], fee, self.lower, self.upper)
        self.number = 0

    @property
    def liquidity(self) -> int:
        return self.books.positions[self.number].liquidity if self.number else 0

    def step(self, step: Step) -> None:
        what, first, second = step
        match what:
            case "provide":
                self.provide(self.wanted(first))
            case "withdraw":
                self.withdraw(self.liquidity * second // 1_000)
            case "give":
                self.give(self.liquidity * second // 1_000)
            case _:
                super().step(step)
                return
        self.compare()
        assert self.probe.call("held") == self.liquidity

    def provide(self, most: Both) -> None:
        for token, amount in zip(self.market.tokens, most, strict=True):
            token.mint(self.probe.address, amount)
        if (
            self.both("provide", lambda: self.added(most), lambda: tuple(self.probe.send("provide", *most).value))
            is None
        ):
            return
        self.number = self.number or self.books.following - 1
        for token in self.market.tokens:
            assert token.contract.call("allowance", self.probe.address, self.manager.address) == 0

    def added(self, most: Both) -> Both:
        if self.number:
            return self.books.increase(self.number, most)[1]
        return self.books.mint(self.lower, self.upper, most)[2]

    def withdraw(self, liquidity: int) -> None:
        held = self.balances()
        done = self.both(
            "withdraw", lambda: self.taken(liquidity), lambda: tuple(self.probe.send("withdraw", liquidity).value)
        )
        if isinstance(done, tuple):
            assert self.balances() == (held[0] + done[0], held[1] + done[1])

    def taken(self, liquidity: int) -> Both:
        if not self.number:
            return 0, 0
        if liquidity:
            self.books.decrease(self.number, liquidity)
        return self.books.collect(self.number, EVERYTHING)

    def give(self, liquidity: int) -> None:
        """What the liquidity consists of is somebody else's; fees stay."""
        receiver = self.market.chain.accounts[5]
        mine, his = self.balances(), self.balances(receiver)
        given: list[Both] = []

        def told() -> None:
            owed = self.books.decrease(self.number, liquidity)
            given.append(self.books.collect(self.number, owed) if any(owed) else (0, 0))

        def called() -> None:
            self.probe.send("give", liquidity, receiver)

        if self.number and liquidity:
            self.both("give", told, called)
            assert self.balances() == mine
            assert self.balances(receiver) == (his[0] + given[0][0], his[1] + given[0][1])

    def balances(self, holder: str = "") -> Both:
        first, second = (token.balance(holder or self.probe.address) for token in self.market.tokens)
        return first, second


SIZE = st.integers(0, 3) | st.integers(1_000, 10**9)
STEPS: st.SearchStrategy[list[Step]] = st.lists(
    st.one_of(
        st.tuples(st.just("provide"), SIZE, st.just(0)),
        st.tuples(st.just("withdraw"), st.just(0), st.integers(0, 1_000) | st.sampled_from([0, 1_000])),
        st.tuples(st.just("give"), st.just(0), st.integers(0, 1_000) | st.sampled_from([0, 1_000])),
        st.tuples(st.just("mint"), st.integers(0, 41 * 30 - 1), SIZE),
        st.tuples(st.sampled_from(["sell 0", "sell 1"]), st.integers(10**6, 10**22), st.integers(1, 900)),
    ),
    min_size=6,
    max_size=20,
)


def told(uniswap: Market, sequences: int, *, seeded: bool, fault: Fault = SOUND) -> Counter[str]:
    count: Counter[str] = Counter()

    @quietly(sequences, seeded=seeded)
    @given(st.sampled_from([500, 3_000]), st.sampled_from([7, 2_000]), st.integers(1, 40), STEPS)
    def beside(fee: int, price: int, wide: int, steps: list[Step]) -> None:
        start = uniswap.chain.snapshot()
        try:
            one = Adapted(uniswap, fee, price, wide, fault)
            for step in [("mint", 41 * 20 + 10, 10**7), ("provide", 10**6, 0), *steps, ("withdraw", 0, 1_000)]:
                one.step(step)
            count.update(one.count)
        finally:
            uniswap.chain.revert(start)

    beside()
    print(f"{sequences} sequences, {count.total()} operations; {dict(count)}")
    return count


def test_the_adapter_moves_what_the_books_say(uniswap: Market) -> None:
    count = told(uniswap, 15, seeded=True)
    assert min(count["provide done"], count["withdraw done"], count["swap done"]) >= 15, count


@pytest.mark.long
def test_the_adapter_moves_what_the_books_say_at_length(uniswap: Market) -> None:
    assert told(uniswap, 200, seeded=False)["provide done"] >= 200


FAULTS = {
    "a second position": ("    if number == 0:\n        minted", "    if True:\n        minted"),
    "fees are left": ("most0=max_value(uint128)", "most0=1"),
    "allowances stay": ("    tokens.allow(place.token0, place.manager, 0)\n", ""),
    "amounts change places": ("desired0=most0, desired1=most1, least0=0", "desired0=most1, desired1=most0, least0=0"),
}


@pytest.mark.long
@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_in_the_adapter_is_noticed(uniswap: Market, name: str) -> None:
    with pytest.raises((AssertionError, ChainReverted)):
        told(uniswap, 40, seeded=True, fault=("uniswap_v3_lp", *FAULTS[name]))


def test_a_pool_that_is_off_its_oracle_is_refused(uniswap: Market) -> None:
    start = uniswap.chain.snapshot()
    try:
        one = Adapted(uniswap, 500, 2_000, 10)
        root = one.books.pool.root
        for off, millionths, near in (
            (0, 0, True),
            (1_000, 2_001, True),
            (1_000, 1_999, False),
            (-1_000, 1_998, False),
        ):
            oracle = root * 10**6 // (10**6 + off)  # the pool's price is twice that off
            price = oracle * oracle >> 64, 2**128
            # The same price, told of each of the two tokens in the other.
            for base, worths in ((uniswap.tokens[1], price), (uniswap.tokens[0], price[::-1])):
                if near:
                    one.probe.call("check_near", base, *worths, millionths + 1)
                else:
                    with pytest.raises(ChainReverted, match="off its oracle"):
                        one.probe.call("check_near", base, *worths, millionths)
        with pytest.raises(ChainReverted, match="no pool"):
            one.probe.send("lay", one.manager, *uniswap.tokens, 3_000, 0, 60)
        with pytest.raises(ChainReverted, match="no position"):
            one.probe.send("withdraw", 1)
    finally:
        uniswap.chain.revert(start)


SHARES = st.fractions(Fraction(1, 100), 100, max_denominator=10**6)


@quietly(30)
@given(
    turned=st.booleans(),
    fee=st.sampled_from([500, 3_000]),
    worths=st.tuples(st.integers(10**20, 10**40), st.integers(10**20, 10**40)),
    below=SHARES,
    width=SHARES,
)
def laid(
    market: Market, probe: Contract, turned: bool, fee: int, worths: Both, below: Fraction, width: Fraction
) -> None:
    token, base = market.tokens[::-1] if turned else market.tokens
    above, spacing = below * (1 + width), {500: 10, 3_000: 60}[fee]
    ends = [(one.numerator, one.denominator) for one in (below, above)]
    found = tuple(probe.call("around", market.uniswap.positions, token, base, fee, *worths, *ends))
    lower, upper = places.around(*worths, below, above, spacing, not turned)
    low, high = places.ends_in_base(lower, upper, not turned)
    assert found == (lower, upper, low, high)
    # It is no narrower than it says, and no wider than a spacing to each side.
    price, step = Fraction(*worths) * 2**192, Fraction(10_001, 10_000) ** (spacing + 1)
    last = 1 + Fraction(1, 2**60) + Fraction(4, low)  # the rounding of roots
    assert price * below / step / last <= low * low <= price * below * last
    assert price * above / last <= high * high <= price * above * step * last


def test_a_range_is_laid_around_a_price_in_either_order_of_tokens(uniswap: Market) -> None:
    start = uniswap.chain.snapshot()
    try:
        for fee in (500, 3_000):
            pool_of(uniswap, fee, 2_000)
        laid(uniswap, range_probe(uniswap.chain))
    finally:
        uniswap.chain.revert(start)


@pytest.fixture(scope="module")
def arithmetic(uniswap: Market) -> Contract:
    return range_probe(uniswap.chain)


ROOTS = st.integers(ticks.MIN_ROOT, ticks.MAX_ROOT - 1)


@given(
    tick=st.integers(-ticks.MAX_TICK, ticks.MAX_TICK) | st.sampled_from([-ticks.MAX_TICK, -1, 0, 1, ticks.MAX_TICK]),
    root=ROOTS,
    width=st.integers(1_000, 100_000),
    spacing=st.sampled_from([1, 10, 60, 200]),
    worth0=st.integers(1, 2**190),
    worth1=st.integers(1, 2**190),
)
@quietly(40)
def told_in_both(contract: Contract, tick: int, root: int, width: int, spacing: int, worth0: int, worth1: int) -> None:
    assert contract.call("root_at_tick", tick) == ticks.root_at_tick(tick)
    assert contract.call("tick_at_root", root) == ticks.tick_at_root(root)
    high = root * width // 1_000
    try:
        expected = ticks.outward(root, high, spacing)
    except Reverted:
        with pytest.raises(ChainReverted, match="tick"):
            contract.call("outward", root, high, spacing)
    else:
        assert tuple(contract.call("outward", root, high, spacing)) == expected
    try:
        priced = amounts.root_of_price(worth0, worth1)
    except Reverted:
        with pytest.raises(ChainReverted, match="overflow"):
            contract.call("root_of_price", worth0, worth1)
    else:
        assert contract.call("root_of_price", worth0, worth1) == priced


def test_the_arithmetic_is_that_of_the_books(arithmetic: Contract) -> None:
    told_in_both(arithmetic)


@quietly(40)
@given(root=ROOTS, change=st.integers(-60_000, 60_000), millionths=st.integers(0, 100_000))
def nearness(contract: Contract, root: int, change: int, millionths: int) -> None:
    """Of squares, exactly, but for a unit in the root's last place."""
    other = root * isqrt(10**12 * (10**6 + change)) // 10**9
    off = abs(Fraction(other * other, root * root) - 1) * 10**6
    assert contract.call("is_near", other, root, millionths) == places.is_near(other, root, millionths)
    found = contract.call("is_near", other, root, millionths)
    slack = Fraction(4 * 10**6, root)
    assert found or off > millionths - slack
    assert not found or off <= millionths


def test_nearness_is_of_prices(arithmetic: Contract) -> None:
    nearness(arithmetic)
