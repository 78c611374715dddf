"""Uniswap v3's own pool and position manager against both in exact integers: random sequences, ticks, values."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from math import isqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.artifacts import npm_artifact
from lab.chain import Reverted as ChainReverted
from stratc_compiler.interpret import Reverted
from stratc_targets.venues.uniswap_v3_lp.amounts import amounts_of, liquidity_for, root_of_price
from stratc_targets.venues.uniswap_v3_lp.exact import impermanent_loss
from stratc_targets.venues.uniswap_v3_lp.ticks import (
    _HALVINGS,
    MAX_ROOT,
    MAX_TICK,
    MIN_ROOT,
    MIN_TICK,
    Q96,
    outward,
    root_at_tick,
    tick_at_root,
)
from venues.liquidity_beside import Beside, Market, Step, market, tick_math
from venues.quietly import quietly
from venues.sequences import told_beside

WHERE = st.integers(0, 41 * 30 - 1) | st.sampled_from([41 * 5 + 18, 41 * 10 + 15])
SIZE = st.integers(0, 3) | st.integers(1_000, 10**9)

STEPS: st.SearchStrategy[list[Step]] = st.lists(
    st.one_of(
        st.tuples(st.just("mint"), WHERE, SIZE),
        st.tuples(st.just("increase"), st.integers(0, 20), SIZE),
        st.tuples(st.just("decrease"), st.integers(0, 20), st.integers(0, 1_001)),
        st.tuples(st.just("decrease"), st.integers(0, 20), st.just(1_000)),
        st.tuples(st.just("collect"), st.integers(0, 20), st.integers(0, 10**9)),
        st.tuples(st.sampled_from(["burn", "leave"]), st.integers(0, 20), st.just(0)),
        st.tuples(st.sampled_from(["sell 0", "sell 1"]), st.integers(0, 10**15), st.just(0)),
        st.tuples(st.sampled_from(["sell 0", "sell 1"]), st.integers(0, 10**24), st.integers(-5, 400)),
        st.tuples(st.sampled_from(["sell 0", "sell 1"]), st.integers(10**6, 10**22), st.integers(1, 2_000)),
        st.tuples(st.just("protocol"), st.integers(0, 10), st.integers(0, 10)),
    ),
    min_size=10,
    max_size=40,
)


@pytest.fixture(scope="module")
def uniswap() -> Market:
    return market()


def played(uniswap: Market, sequences: int, *, seeded: bool) -> Counter[str]:
    def begun(fee: int, price: int, where: int, steps: list[Step]) -> tuple[Callable[[], Beside], list[Step]]:
        def begin() -> Beside:
            beside = Beside(uniswap, fee, price)
            beside.compare()
            return beside

        return begin, [("mint", 41 * 20 + where % 20, 10**8), ("mint", where, 10**7), *steps]

    fees, market_prices = st.sampled_from([500, 3_000, 10_000]), st.sampled_from([7, 1_000, 2_000, 30_000])
    drawn = st.builds(begun, fees, market_prices, WHERE, STEPS)
    return told_beside(uniswap.chain, sequences, drawn, seeded=seeded)


def test_the_books_are_uniswaps(uniswap: Market) -> None:
    count = played(uniswap, 60, seeded=True)
    for what in ("mint", "increase", "decrease", "burn", "swap"):
        assert min(count[f"{what} done"], count[f"{what} reverted"]) >= 1, count
    assert min(count["collect done"], count["protocol done"], count["paid a fee"], count["swap in part"]) >= 2, count


@pytest.mark.long
@pytest.mark.timeout(1_200)
def test_the_books_are_uniswaps_at_length(uniswap: Market) -> None:
    count = played(uniswap, 1_000, seeded=False)
    assert count.total() >= 10_000, count


def test_who_shares_its_ticks_takes_fees_from_a_position_by_units_alone(uniswap: Market) -> None:
    """Each time that others at the same ticks are touched the pool may keep a unit of what was promised. Nobody gets
    it, and of liquidity that is taken out nothing is missing."""
    start = uniswap.chain.snapshot()
    try:
        beside = Beside(uniswap, 500, 2_000)
        touched: list[Step] = [("sell 0", 10**6, 0), ("sell 1", 10**6, 0), ("decrease", 1, 1)]
        for step in [("mint", 41 * 20, 10**8), ("mint", 41 * 20, 1), *touched * 20]:
            beside.step(step)
        beside.step(("leave", 0, 0))
        beside.step(("leave", 0, 0))
    finally:
        uniswap.chain.revert(start)
    assert beside.count["burn done"] == 2
    assert min(beside.missing.values()) > 10


# ── ticks ──────────────────────────────────────────────────────────────────────────────────


def test_the_constants_of_ticks_are_uniswaps() -> None:
    """Derived here as powers of 1.0001, and written out there."""
    written = re.findall(r"0x([0-9a-f]{20,}) : 0x1|ratio \* 0x([0-9a-f]+)\)", tick_math())
    assert tuple(int(first or other, 16) for first, other in written) == _HALVINGS


def test_ticks_begin_where_uniswap_has_them_begin(uniswap: Market) -> None:
    """A pool says of the price that it is opened at which tick that is: at the root of a tick, and right below it."""
    chain, factory = uniswap.chain, uniswap.uniswap.factory
    created = factory.send("createPool", *uniswap.tokens, 500, sender=uniswap.uniswap.admin)
    pool = chain.at(npm_artifact("@uniswap/v3-core", "UniswapV3Pool"), created.value)
    edges = (MIN_TICK, MIN_TICK + 1, -1, 0, 1, MAX_TICK - 1, *(sign * 2**bit for bit in range(20) for sign in (-1, 1)))

    def told(root: int) -> int:
        start = chain.snapshot()
        try:
            pool.send("initialize", root, sender=uniswap.uniswap.admin)
            return int(pool.call("slot0")[1])
        finally:
            chain.revert(start)

    @quietly(60)
    @given(st.integers(MIN_TICK, MAX_TICK - 1) | st.sampled_from(edges))
    def found(tick: int) -> None:
        root = root_at_tick(tick)
        assert told(root) == tick_at_root(root) == tick
        if tick > MIN_TICK:
            assert told(root - 1) == tick_at_root(root - 1) == tick - 1

    found()
    for beyond in (MIN_ROOT - 1, MAX_ROOT):
        with pytest.raises(ChainReverted, match="R"):
            told(beyond)
        with pytest.raises(Reverted, match="R"):
            tick_at_root(beyond)
    with pytest.raises(Reverted, match="T"):
        root_at_tick(MAX_TICK + 1)


@quietly(40)
@given(st.integers(MIN_ROOT, MAX_ROOT - 1), st.integers(1_000, 100_000), st.sampled_from([1, 10, 60, 200]))
def test_a_range_is_never_narrower_than_was_asked_for(root: int, width: int, spacing: int) -> None:
    high = root * width // 1_000
    try:
        lower, upper = outward(root, high, spacing)
    except Reverted:
        beyond = MAX_TICK // spacing * spacing
        assert root < root_at_tick(-beyond) or high > root_at_tick(beyond)
        return
    assert lower % spacing == upper % spacing == 0
    assert root_at_tick(lower) <= root < root_at_tick(min(lower + spacing, MAX_TICK))
    assert root_at_tick(max(upper - spacing, MIN_TICK)) < high <= root_at_tick(upper) or upper == lower


# ── what a position is worth ───────────────────────────────────────────────────────────────

ROOTS = st.integers(2**60, 2**130)
LIQUIDITY = st.integers(0, 10**24)


@quietly(40)
@given(st.tuples(ROOTS, ROOTS).map(sorted), ROOTS, ROOTS, LIQUIDITY)
def test_who_leaves_at_the_pools_price_never_gets_less_than_by_the_oracles(
    roots: list[int], pool: int, oracle: int, liquidity: int
) -> None:
    """Amounts at any price, valued at another, are worth at least those at the other: up to a unit of each."""
    low, high = roots[0], roots[1] + 1
    price = Fraction(oracle * oracle, Q96 * Q96)
    mine, theirs = amounts_of(oracle, low, high, liquidity), amounts_of(pool, low, high, liquidity)
    assert theirs[0] * price + theirs[1] >= mine[0] * price + mine[1] - 2 * (price + 1)
    assert impermanent_loss(liquidity, (low, high), pool, oracle) >= -2 * (price + 1)


@quietly(40)
@given(st.tuples(ROOTS, ROOTS).map(sorted), ROOTS, st.integers(0, 10**30), st.integers(0, 10**30))
def test_liquidity_takes_no_more_than_was_given_for_it(roots: list[int], at: int, amount0: int, amount1: int) -> None:
    low, high = roots[0], roots[1] + 1
    try:
        liquidity = liquidity_for(at, low, high, amount0, amount1)
    except Reverted:
        return
    used = amounts_of(at, low, high, liquidity)
    assert used[0] <= amount0
    assert used[1] <= amount1


@quietly(40)
@given(st.integers(1, 10**40), st.integers(1, 10**40))
def test_the_root_of_a_price_is_off_by_a_part_in_two_to_the_sixty_third(worth0: int, worth1: int) -> None:
    root, exact = root_of_price(worth0, worth1), isqrt((worth0 << 512) // worth1) >> 160
    assert root <= exact
    assert (exact - root) * 2**63 <= exact or worth0 * 2**64 < worth1
