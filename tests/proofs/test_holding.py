"""What `holding` says of a share's price contains whatever a vault within its claims, and its users, can do to it."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stratc_compiler.holding import ANYTHING, Range, begun_within, of_a_round, while_held

ONE = Fraction(1)
PERMILLE = st.integers(0, 1_000)


class Vault:
    """One round of a vault that loses and gains nothing but what its claims allow; flows are at its own share price."""

    def __init__(self, loss: Fraction, gain: Fraction, leaves: Fraction) -> None:
        self.worst, self.best, self.allowance = ONE - loss, ONE + gain, leaves
        self.market = ONE  # what became of the opening nav of 1, flows taken out
        self.deposited, self.withdrawn, self.supply = Fraction(0), Fraction(0), ONE

    @property
    def price(self) -> Fraction:
        return (self.market + self.deposited - self.withdrawn) / self.supply

    def after_the_pass(self) -> tuple[Fraction, Fraction]:
        """The lowest and the highest price that claims leave once the keeper has traded, deposits as the rest."""
        low, high = ((end * (ONE + self.deposited) - self.withdrawn) / self.supply for end in (self.worst, self.best))
        return low, high

    def step(self, what: str, size: int) -> None:
        part = Fraction(size, 1_000)
        match what:
            case "market":
                self.market = self.worst + (self.best - self.worst) * part
            case "deposit":
                self.supply += part * 5 / self.price
                self.deposited += part * 5
            case "withdraw":
                paid = min(self.allowance * part, self.price * self.supply)
                self.allowance -= paid
                self.supply -= paid / self.price
                self.withdrawn += paid


STEPS = st.lists(st.tuples(st.sampled_from(["market", "market", "deposit", "withdraw"]), PERMILLE), max_size=12)
SHARES = st.integers(0, 200).map(lambda one: Fraction(one, 1_000))


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(SHARES, SHARES, st.integers(0, 350).map(lambda one: Fraction(one, 1_000)), STEPS)
def test_no_run_of_a_round_takes_the_price_out_of_its_range(
    loss: Fraction, gain: Fraction, leaves: Fraction, steps: list[tuple[str, int]]
) -> None:
    within = of_a_round(loss, gain, leaves, trades=False)
    vault = Vault(loss, gain, leaves)
    for what, size in steps:
        vault.step(what, size)
        assert within.low <= vault.price
        assert within.high is None or vault.price <= within.high
    traded = of_a_round(loss, gain, leaves, trades=True)
    lowest, highest = vault.after_the_pass()
    assert traded.low <= lowest
    assert traded.high is None or highest <= traded.high


def test_those_who_leave_before_a_fall_take_it_out_of_those_who_stay() -> None:
    """With the share of nav alone, as claims speak of it, the range would be too narrow."""
    loss, gain, leaves = Fraction(1, 5), Fraction(1, 5), Fraction(1, 20)
    vault = Vault(loss, gain, leaves)
    for what, size in (("market", 1_000), ("withdraw", 1_000), ("market", 0)):
        vault.step(what, size)
    assert vault.price < 1 - loss
    assert of_a_round(loss, gain, leaves, trades=False).low <= vault.price


@pytest.mark.parametrize(
    ("loss", "gain", "leaves"),
    [
        (Fraction(0), None, Fraction(1, 10)),  # nothing bounds what is gained
        (Fraction(0), Fraction(0), None),  # nor what leaves
        (Fraction(1, 10), Fraction(0), Fraction(9, 20)),  # or everything may
    ],
)
def test_without_bounds_nothing_follows(loss: Fraction, gain: Fraction | None, leaves: Fraction | None) -> None:
    assert of_a_round(loss, gain, leaves, trades=False) == ANYTHING
    assert while_held(ANYTHING, 3) == ANYTHING


def test_trades_of_the_pass_come_on_top() -> None:
    still = of_a_round(Fraction(1, 100), Fraction(1, 100), Fraction(1, 10), trades=False)
    traded = of_a_round(Fraction(1, 100), Fraction(1, 100), Fraction(1, 10), trades=True)
    assert still.high is not None
    assert traded == Range(still.low * Fraction(99, 100), still.high * Fraction(101, 100))


@pytest.mark.parametrize(("outer", "inner", "begun"), [(6, 6, 2), (6, 12, 1), (12, 6, 3), (13, 6, 3), (6, 1, 7)])
def test_rounds_that_begin_within_one(outer: int, inner: int, begun: int) -> None:
    assert begun_within(outer, inner) == begun
    hour, age = 100, 96 * inner  # begun a little earlier than it has to be
    for start in range(1, age + 1):
        assert len(range(start, outer * hour, age)) <= begun


def test_a_holder_may_come_at_the_top_of_a_round_and_see_its_bottom() -> None:
    a_round = Range(Fraction(9, 10), Fraction(11, 10))
    assert while_held(a_round, 1).low == Fraction(9, 11) * Fraction(9, 10)
    assert while_held(a_round, 2).high == Fraction(11, 9) * Fraction(11, 10) ** 2
