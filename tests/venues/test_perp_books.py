"""Perp v2's own contracts against one market in exact integers: random sequences."""

from __future__ import annotations

import inspect
import sys
import types
from collections import Counter

import pytest
from hypothesis import strategies as st

from lab.chain import Reverted
from lab.world import World
from stratc_targets.venues.perp_v2 import exact
from venues.perp_beside import FILL_OFF_BY, PerpBeside, Step
from venues.probes import perp_probe
from venues.sequences import told_beside

MINE = ("deposit", "withdraw", "short", "cover", "liquidate")

STEPS: st.SearchStrategy[list[Step]] = st.lists(
    st.one_of(
        st.tuples(st.just("deposit"), st.integers(0, 3) | st.integers(10**6, 10**12)),
        st.tuples(st.just("withdraw"), st.integers(0, 1_001)),
        st.tuples(st.just("short"), st.integers(1, 1_100)),
        st.tuples(st.just("short"), st.integers(900, 1_000)),
        st.tuples(st.just("short a little"), st.integers(1, 30)),
        st.tuples(st.just("cover"), st.integers(1, 1_000)),
        st.tuples(st.just("cover"), st.sampled_from([1_000, 1_000, 1_300])),
        st.tuples(st.just("cover a little"), st.integers(1, 30)),
        st.tuples(st.just("wait"), st.integers(1, 3_600)),
        st.tuples(st.just("wait"), st.integers(1, 30 * 86_400)),
        st.tuples(st.just("wait unseen"), st.integers(1, 10_000)),
        st.tuples(st.just("price"), st.integers(930, 1_075)),
        st.tuples(st.just("index"), st.integers(900, 1_100)),
        st.tuples(st.just("pool"), st.integers(930, 1_075)),
        st.tuples(st.just("settle"), st.just(0)),
        st.tuples(st.just("liquidate"), st.just(0)),
        st.tuples(st.just("withdraw too much"), st.integers(1, 2)),
        st.tuples(st.just("squeeze"), st.sampled_from([0, 0, 1, 3])),
    ),
    min_size=8,
    max_size=24,
)


def played(world: World, sequences: int, *, seeded: bool) -> tuple[Counter[str], int]:
    """How often each operation succeeded and reverted, and the worst departure of a fill."""
    worst = [0]
    drawn = STEPS.map(lambda steps: (lambda: PerpBeside(world), [("deposit", 10**10 + 7), ("short", 400), *steps]))
    count = told_beside(
        world.chain, sequences, drawn, seeded=seeded, met=lambda beside: worst.append(beside.worst_fill)
    )
    print(f"fills off by {max(worst)}")
    return count, max(worst)


def test_the_books_are_perps(perp_world: World) -> None:
    count, worst = played(perp_world, 8, seeded=True)
    assert count.total() >= 40, count
    for what in MINE:
        assert count[f"{what} done"] >= 2, count
    for what in ("deposit", "withdraw", "short", "liquidate"):
        assert count[f"{what} reverted"] >= 1, count
    assert worst <= FILL_OFF_BY


@pytest.mark.long
@pytest.mark.timeout(1_800)
def test_the_books_are_perps_at_length(perp_world: World) -> None:
    count, worst = played(perp_world, 120, seeded=False)
    assert count.total() >= 900, count
    for what in MINE:
        assert count[f"{what} done"] >= 20, count
        # A cover is refused by the pool alone, which is counted by itself.
        assert what == "cover" or count[f"{what} reverted"] >= 2, count
    assert count["bad debt"] >= 5, count
    assert worst <= FILL_OFF_BY


@pytest.mark.parametrize(
    ("where", "right", "wrong"),
    [
        ("funding", "self.now - self.settled_at", "(self.now - self.settled_at) // 2"),
        ("profit", "fill.quote + towards_zero", "fill.quote - towards_zero"),
        ("margin", "min(self.realized(owner), self.worth(owner))", "self.worth(owner)"),
        ("required", "* self.maintenance // MILLION", "* self.initial // MILLION"),
    ],
)
def test_a_fault_in_the_books_is_noticed(perp_world: World, where: str, right: str, wrong: str) -> None:
    """By a sequence that agrees without it: a short pays funding, is withdrawn from, and is closed in two steps."""
    steps = [("deposit", 10**10), ("short", 400), ("index", 1_030), ("wait", 3_600), ("settle", 0), ("price", 950)]
    steps += [("withdraw too much", 1), ("withdraw", 1_000), ("cover", 500), ("wait", 86_400), ("cover", 1_000)]
    start = perp_world.chain.snapshot()
    beside = PerpBeside(perp_world)
    for step in steps:
        beside.step(step)
    perp_world.chain.revert(start)
    source = inspect.getsource(exact)
    assert source.count(right) == 1, where
    module = types.ModuleType("faulty")
    sys.modules["faulty"] = module
    exec(source.replace(right, wrong), module.__dict__)
    beside = PerpBeside(perp_world, module.PerpMarket)
    with pytest.raises(AssertionError):
        any(beside.step(step) for step in steps)


FAULTS = {
    "funding is not counted": ("int256) + owed - funding", "int256) + owed + funding * 0"),
    "what a short was sold for is not counted": ("self._realized(at) + sold", "self._realized(at) + sold * 0"),
    "sold instead of bought": ("self._trade(at, False,", "self._trade(at, True,"),
}


@pytest.mark.parametrize("name", [pytest.param(name, marks=pytest.mark.long) for name in FAULTS])
def test_a_fault_in_the_adapter_is_noticed(perp_world: World, name: str) -> None:
    """By a sequence that agrees without it."""
    steps = [("deposit", 10**10), ("short", 400), ("index", 1_030), ("wait", 3_600), ("cover", 500)]
    beside = PerpBeside(perp_world, fault=("perp_v2", *FAULTS[name]))
    with pytest.raises(AssertionError):
        any(beside.step(step) for step in steps)


def test_the_adapter_knows_the_market_that_was_proved(perp_world: World) -> None:
    lab = perp_world.perp
    contract, market, usdc = perp_probe(perp_world.chain), (lab.house, lab.base), perp_world.usdc
    price = lab.index()
    contract.call("perp_check_market", *market, usdc, price)
    contract.call("perp_check_terms", *market, 100_000, 62_500, 25_000)
    assert contract.call("perp_shortfall", *market, 100_001, 62_500, 25_000) == 0
    assert contract.call("perp_shortfall", *market, 99_999, 62_497, 24_995) == 1 + 3 + 5
    for reason, call in {
        "the index differs from the feed": ("perp_check_market", *market, usdc, price * 1_001 // 1_000),
        "margin is another token": ("perp_check_market", *market, perp_world.weth, price),
        "initial margin was raised": ("perp_check_terms", *market, 99_999, 62_500, 25_000),
        "maintenance was raised": ("perp_check_terms", *market, 100_000, 62_499, 25_000),
        "the penalty was raised": ("perp_check_terms", *market, 100_000, 62_500, 24_999),
    }.items():
        with pytest.raises(Reverted, match=reason):
            contract.call(*call)
    usdc.mint(contract.address, 10**10)
    contract.send("perp_deposit", *market, usdc, 10**10)
    with pytest.raises(Reverted, match="CH_TLRS"):
        contract.send("perp_sell", *market, 10**18, 2_001 * 10**6)
    contract.send("perp_sell", *market, 10**18, 1_990 * 10**6)
    with pytest.raises(Reverted, match="CH_TMRL"):
        contract.send("perp_buy", *market, 10**18, 1_990 * 10**6)
    lab.base.contract.send("pause", sender=lab.admin)
    with pytest.raises(Reverted, match="the market is not open"):
        contract.call("perp_check_market", *market, usdc, price)
    assert contract.call("perp_shortfall", *market, 100_000, 62_500, 25_000) == 1
    lab.base.contract.send("close(uint256)", price, sender=lab.admin)
    assert contract.call("perp_shortfall", *market, 100_000, 62_499, 25_000) == 1 + 1
