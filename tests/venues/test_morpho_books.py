"""Morpho Blue's own contract against one market in exact integers: random sequences, and faults of the adapter."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import strategies as st

from lab.world import World
from stratc_targets.venues.morpho_blue.model import OFF_BY
from venues.morpho_beside import Beside, Step
from venues.sequences import told_beside

MINE = ("supply_collateral", "withdraw_collateral", "borrow", "repay", "supply", "withdraw")

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
        st.tuples(st.just("supply"), st.integers(0, 10**12) | st.integers(0, 3)),
        st.tuples(st.just("withdraw"), st.integers(0, 1_001)),
        st.tuples(st.just("withdraw"), st.just(1_000)),
        st.tuples(st.just("withdraw a little"), st.integers(1, 3)),
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


def played(world: World, sequences: int, *, seeded: bool) -> tuple[Counter[str], Counter[str]]:
    """How often each operation succeeded and reverted, and the worst rounding of each."""
    worst: Counter[str] = Counter()

    def begun() -> Beside:
        beside = Beside(world)
        beside.compare()
        return beside

    def met(beside: Beside) -> None:
        for what, off in beside.worst.items():
            worst[what] = max(worst[what], off)

    drawn = STEPS.map(lambda steps: (begun, [("supply_collateral", 10**19), ("borrow", 700), *steps]))
    count = told_beside(world.chain, sequences, drawn, seeded=seeded, met=met)
    print(f"worst {dict(worst)}")
    return count, worst


def test_the_books_are_morphos(blue_world: World) -> None:
    count, worst = played(blue_world, 200, seeded=True)
    assert count.total() >= 2_000, count
    for what in MINE:
        assert count[f"{what} done"] >= 20, count
        assert count[f"{what} reverted"] >= (3 if what == "supply" else 10), count  # nothing alone cannot be lent
    for what in ("liquidate by shares", "liquidate by collateral"):
        assert min(count[f"{what} done"], count[f"{what} reverted"]) >= 10, count
    assert min(count["repaid whole"], count["drawn whole"], count["bad debt"]) >= 10, count
    assert worst["borrow"] == OFF_BY, "rounding was never seen: this test shows nothing"
    assert max(worst["supply"], worst["withdraw"]) == OFF_BY


@pytest.mark.long
@pytest.mark.timeout(3_600)
def test_the_books_are_morphos_at_length(blue_world: World) -> None:
    count, worst = played(blue_world, 2_000, seeded=False)
    assert count.total() >= 25_000, count
    assert worst["borrow"] == OFF_BY, worst
    assert max(worst.values()) <= OFF_BY, worst


FAULTS = {
    "interest is not counted": ("total_borrow_assets, uint256) * compounded", "total_borrow_assets, uint256) * 0"),
    "interest does not compound": ("second: uint256 = first * first // (2 * WAD)", "second: uint256 = 0"),
    "a debt is rounded down": ("(assets + 1) + all_shares - 1) // all_shares", "(assets + 1)) // all_shares"),
    "the fee is not taken off": ("market.fee, uint256) // WAD", "market.fee, uint256) // WAD * 0"),
    "what is lent is rounded up": (
        "shares * (assets + 1) // all_shares",
        "(shares * (assets + 1) + 1) // all_shares + 1",
    ),
    "all that is lent is drawn by assets": ("if amount == self.lent(morpho, id, params):", "if amount == 0:"),
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
    steps = [("fee", 10), ("supply", 10**10 + 7), ("supply_collateral", 10**19), ("borrow", 700)]
    steps += [("wait", 365 * 86_400), ("withdraw", 300), ("withdraw", 1_000), ("repay", 500), ("repay", 1_000)]
    start = blue_world.chain.snapshot()
    beside = Beside(blue_world)
    for step in steps:
        beside.step(step)
    blue_world.chain.revert(start)
    faulty = Beside(blue_world, ("morpho_blue", *FAULTS[name]))
    with pytest.raises(AssertionError):
        any(faulty.step(step) for step in steps)
