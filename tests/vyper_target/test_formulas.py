"""What plans compute more than once is computed once, and formulas that many ask for are functions."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stratc_compiler.expr import (
    Cmp,
    Expr,
    If,
    Min,
    Monus,
    Plain,
    Rel,
    Rounding,
    Var,
    amount,
    arguments_of,
    number,
    price,
    scale,
    value_of,
    zero,
)
from stratc_compiler.perp_plans import resized, resizing
from stratc_compiler.perps import cost, size_worth, worth_of_short
from stratc_compiler.vault import NAV, Enter, Let, Vault
from stratc_targets.vyper.emit import vault_sources
from stratc_targets.vyper.plan_text import plan_text
from stratc_targets.vyper.printer import NotPrintable
from stratc_targets.vyper.symbols import from_outside, symbols_of
from vyper_target.vaults import example

SIZE, PRICES = amount("size", "WETH"), (price("WETH"), price("USDC"))
WORTH = Var("worth", Plain.VALUE)


def printed(vault: Vault, *plan: Let | Enter) -> str:
    """Statements of a rule, one a line."""
    return "\n".join(plan_text(plan, vault, from_outside(symbols_of(vault), vault), {}, live=False))


def bound(name: str, expr: Expr) -> Let:
    return Let(Var(name, Plain.VALUE), expr)


def test_a_formula_is_found_whatever_it_is_of() -> None:
    of = amount("cover", "WETH")
    for asked in (of, Min(of, amount("short", "WETH")), scale(of, Fraction(1, 3), Rounding.DOWN)):
        assert arguments_of(worth_of_short(SIZE, "USDC"), (SIZE, *PRICES), worth_of_short(asked, "USDC")) == (
            asked,
            *PRICES,
        )
    value = Monus(NAV, Var("other", Plain.VALUE))
    assert arguments_of(size_worth(WORTH, "WETH", "USDC"), (WORTH,), size_worth(value, "WETH", "USDC")) == (value,)


@pytest.mark.parametrize(
    "other",
    [
        cost(SIZE, "USDC", Rounding.DOWN),
        cost(amount("size", "WBTC"), "USDC", Rounding.UP),
        cost(SIZE, "DAI", Rounding.UP),
        value_of(SIZE, Rounding.UP),
        worth_of_short(SIZE, "USDC"),
        SIZE,
    ],
    ids=["rounded down", "of another token", "for another margin", "a part of it", "more than it", "what it is of"],
)
def test_another_formula_is_not_taken_for_it(other: Expr) -> None:
    assert arguments_of(cost(SIZE, "USDC", Rounding.UP), (SIZE,), other) is None


def test_a_parameter_stands_for_one_thing() -> None:
    twice = Monus(scale(WORTH, Fraction(1, 2), Rounding.UP), WORTH)
    other = Monus(scale(NAV, Fraction(1, 2), Rounding.UP), Var("value", Plain.VALUE))
    assert arguments_of(twice, (WORTH,), other) is None
    assert arguments_of(twice, (WORTH,), Monus(scale(NAV, Fraction(1, 2), Rounding.UP), NAV)) == (NAV,)


@settings(max_examples=20, deadline=None)
@given(st.booleans(), st.integers(1, 9))
def test_the_sizes_of_a_short_are_known_by_what_they_are_of(draws: bool, part: int) -> None:
    """And are no longer where one of them is another."""
    vault = example("hedged_range").vault
    (venue,) = vault.perps
    over, under = Monus(NAV, WORTH), scale(WORTH, Fraction(part, 10), Rounding.DOWN)
    out = (NAV,) if draws else ()
    sizes, _ = resized(venue, over, under, *out)
    found = resizing(sizes, venue)
    assert found is not None
    assert found[:2] == (over, under)
    assert resized(venue, *found)[0] == sizes
    for place, size in enumerate(sizes):
        other = (*sizes[:place], Let(size.name, Min(size.expr, size.expr)), *sizes[place + 1 :])
        assert resizing(other, venue) is None


def test_what_is_needed_in_any_case_is_computed_once_and_what_may_revert_only_where_it_is_needed() -> None:
    vault = example("eth_carry").vault
    usd = amount("idle(USDC)", "USDC")
    worth = value_of(usd, Rounding.DOWN)
    some = Cmp(NAV, Rel.GE, number(7))
    text = printed(vault, bound("a", scale(worth, Fraction(1, 2), Rounding.DOWN)), bound("b", Monus(worth, NAV)))
    assert text.count("arith.mul_div_down(s.idle_usdc, s.price_usdc, book.USDC_UNIT)") == 1
    nothing = zero(Plain.VALUE)
    text = printed(vault, bound("a", If(some, worth, nothing)), bound("b", If(some, Monus(worth, NAV), nothing)))
    assert text.count("arith.mul_div_down(s.idle_usdc, s.price_usdc, book.USDC_UNIT)") == 2
    half = scale(NAV, Fraction(1, 2), Rounding.UP)
    text = printed(vault, bound("a", If(some, half, nothing)), bound("b", If(some, Monus(half, NAV), nothing)))
    assert text.count("arith.mul_div_up(s.nav, 1, 2)") == 1


def test_what_moved_is_computed_again() -> None:
    """Of what is idle after some of it went to a venue; what is bound is what it was."""
    vault = example("eth_carry").vault
    saved = next(held for held in vault.held if held.name == "save")
    idle, some = amount("idle(USDC)", "USDC"), amount("some", "USDC")
    steps = (Let(some, scale(idle, Fraction(1, 2), Rounding.DOWN)), Enter(saved, some))
    again = (value_of(idle, Rounding.DOWN), value_of(some, Rounding.DOWN))
    plan = (steps[0], bound("a", again[0]), bound("b", again[1]), steps[1], bound("c", again[0]), bound("d", again[1]))
    text = printed(vault, *plan)
    assert text.count("arith.mul_div_down(s.idle_usdc, s.price_usdc, book.USDC_UNIT)") == 2
    assert text.count("arith.mul_div_down(some, s.price_usdc, book.USDC_UNIT)") == 1
    assert text.index("s = book._refresh(s)") < text.index("c: uint256 = arith.mul_div_down(s.idle_usdc")


def test_both_answers_of_a_range_are_asked_for_at_once() -> None:
    given = example("hedged_range")
    sources = vault_sources(given.vault, given.verification.source)
    assert sources["contracts/book.vy"].count("self._worth_pool(") == 1
    assert sources["contracts/Actions.vy"].count("book._worth_pool(") == 1


def test_only_a_hedged_range_has_functions_for_what_its_rules_have_in_common() -> None:
    text = {}
    for name in ("hedged_range", "fee_range", "short_ether"):
        vault = example(name).vault
        text[name] = vault_sources(vault, example(name).verification.source)["contracts/Actions.vy"]
    shared = ("_resized_at_perp(", "_slippage_at_perp(", "_cost_out_of_pool_by_dex(", "_buy_back_at_perp(")
    assert all(text["hedged_range"].count(one) > 2 for one in shared[1:3])
    assert all(text["hedged_range"].count(one) >= 2 for one in shared)
    assert not any(one in text[name] for one in shared for name in ("fee_range", "short_ether"))


def test_a_plan_that_needs_a_size_of_its_own_is_not_printed() -> None:
    """The function answers what is traded: what that is made of has no name, and is never read as something else."""
    vault = example("hedged_range").vault
    (venue,) = vault.perps
    sizes, _ = resized(venue, NAV, NAV)
    with pytest.raises(NotPrintable, match="the contract has no"):
        printed(vault, *sizes, Let(amount("again", "WETH"), sizes[3].name))
