"""What the model says of an account in a market of Morpho Blue, against what Morpho itself does with it."""

from __future__ import annotations

from copy import deepcopy
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.morpho import WAD
from lab.world import World
from stratc_targets.venues.morpho_blue import exact
from stratc_targets.venues.morpho_blue.model import OFF_BY, TRUNCATED
from venues.morpho_beside import MODEL, Beside, loan
from venues.quietly import quietly


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
        short = beside.model.health() * owed - beside.books.largest_debt(beside.me)
        assert 0 <= short <= 3
    finally:
        blue_world.chain.revert(start)


def at_answer(beside: Beside, answer: int) -> tuple[bool, bool]:
    """Whether the model says that nobody can liquidate at this answer of the feed, and whether somebody could."""
    before, kept = beside.world.chain.snapshot(), deepcopy(beside.books)
    try:
        beside.world.feeds["WETH"].set_raw(answer=answer)
        beside.books.price = beside.lab.price()
        safe = beside.model.holds(MODEL.never_liquidated)
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
        verdicts.append((done, beside.model.holds(MODEL.after_borrow)))
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
            assert beside.model.holds(MODEL.after_withdraw)
        blue_world.chain.revert(before)
        beside.books = kept
    assert verdicts == [True, False]


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
    assert not beside.model.holds(MODEL.never_liquidated)
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
