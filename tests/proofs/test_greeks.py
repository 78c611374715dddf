"""Derivatives against central differences and closed forms; what delta and gamma of a vault are made of.

Central differences are taken of the expression without its roundings, in decimals of 80 digits at a step of 10^-20:
beyond 10^-30 of the value nothing of the difference is left to chance.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from proofs.comparing import holds
from proofs.strategies import machine_of, vault_of
from stratc_compiler.derivative import Slope, summed
from stratc_compiler.errors import Unsupported
from stratc_compiler.expr import (
    Add,
    Cmp,
    Combination,
    Expr,
    If,
    Min,
    Monus,
    Mul,
    MulDiv,
    Num,
    Plain,
    Rel,
    Root,
    Rounding,
    Sub,
    Var,
    amount,
    dim_of,
    number,
    price,
    scale,
    unit,
    value_of,
)
from stratc_compiler.interpret import Evaluator
from stratc_compiler.vault import Greek

DIGITS, STEP = 80, Decimal(10) ** -20
PRICES = frozenset({"price(WETH)"})

Values = Mapping[str, Decimal]


def without_rounding(expr: Expr, values: Values) -> Decimal:
    def of(part: Expr) -> Decimal:
        return without_rounding(part, values)

    match expr:
        case Num(value):
            return Decimal(value.numerator) / value.denominator
        case Var(name):
            return values[name]
        case Add(left, right):
            return of(left) + of(right)
        case Sub(left, right):
            return of(left) - of(right)
        case Monus(left, right):
            return max(of(left) - of(right), Decimal(0))
        case Mul(left, right):
            return of(left) * of(right)
        case MulDiv(left, right, divisor):
            return of(left) * of(right) / of(divisor)
        case Root(left, right):
            return (of(left) * of(right)).sqrt()
        case Min(left, right):
            return min(of(left), of(right))
        case If(condition, then, otherwise):
            return of(then if holds(condition, of) else otherwise)


def summed_up(combination: Combination, values: Values) -> Decimal:
    return sum(
        (Decimal(weight.numerator) / weight.denominator * without_rounding(term, values))
        for term, weight in combination.items()
    ) + Decimal(0)


def moved(values: Values, step: Decimal) -> dict[str, Decimal]:
    return {**values, "price(WETH)": values["price(WETH)"] * (1 + step)}


# ── any expression ─────────────────────────────────────────────────────────────────────────

HOLDING = value_of(amount("idle(WETH)", "WETH"), Rounding.DOWN)
CASH = Num(Fraction(1_700 * 10**18), Plain.VALUE)
ONE_USD = Num(Fraction(10**18), Plain.VALUE)
ROUNDINGS = st.sampled_from(Rounding)


def grown(smaller: st.SearchStrategy[Expr]) -> st.SearchStrategy[Expr]:
    pair = st.tuples(smaller, smaller)
    positive = smaller.map(lambda expr: Add(expr, ONE_USD))
    return st.one_of(
        pair.map(lambda two: Add(*two)),
        pair.map(lambda two: Monus(*two)),
        pair.map(lambda two: Min(*two)),
        pair.map(lambda two: Sub(Add(*two), two[1])),
        st.tuples(st.integers(0, 5), smaller).map(lambda two: Mul(number(two[0]), two[1])),
        st.tuples(smaller, smaller, positive, ROUNDINGS).map(lambda parts: MulDiv(*parts)),
        st.tuples(positive, positive, ROUNDINGS).map(lambda parts: Root(*parts)),
        st.tuples(smaller, smaller, smaller).map(lambda three: If(Cmp(three[0], Rel.LT, CASH), three[1], three[2])),
    )


EXPRESSIONS = st.recursive(
    st.sampled_from([HOLDING, CASH, scale(HOLDING, Fraction(2, 3), Rounding.UP)]), grown, max_leaves=8
)
STATES = st.fixed_dictionaries(
    {
        "idle(WETH)": st.integers(10**17, 10**21).map(Decimal),
        "price(WETH)": st.integers(10**20, 10**22).map(Decimal),
        "unit(WETH)": st.just(Decimal(10**18)),
    }
)


@settings(max_examples=150, deadline=None)
@given(EXPRESSIONS, STATES)
def test_a_derivative_is_the_limit_of_central_differences(expr: Expr, values: Values) -> None:
    derived = Slope(PRICES, {}).of(expr)
    assert all(dim_of(term) == dim_of(expr) and weight for term, weight in derived.items())
    with localcontext() as context:
        context.prec = DIGITS
        low, high = moved(values, -STEP), moved(values, STEP)
        slope = (without_rounding(expr, high) - without_rounding(expr, low)) / (2 * STEP)
        around = [summed_up(derived, at) for at in (low, values, high)]
        size = Decimal(10) ** 18 + sum(abs(one) for one in around) + abs(without_rounding(expr, values))
        # Within a step of a joint there is no one slope.
        assume(max(around) - min(around) <= size * STEP * 10**6)
        assert abs(slope - around[1]) <= size * Decimal(10) ** -12


@settings(max_examples=60, deadline=None)
@given(EXPRESSIONS, STATES)
def test_the_second_derivative_too(expr: Expr, values: Values) -> None:
    slope = Slope(PRICES, {})
    first = slope.of(expr)
    second = slope.of_all(first)
    with localcontext() as context:
        context.prec = DIGITS
        low, high = moved(values, -STEP), moved(values, STEP)
        measured = (summed_up(first, high) - summed_up(first, low)) / (2 * STEP)
        around = [summed_up(second, at) for at in (low, values, high)]
        size = (
            Decimal(10) ** 18 + sum(abs(one) for one in around) + sum(abs(summed_up(first, at)) for at in (low, high))
        )
        assume(max(around) - min(around) <= size * STEP * 10**6)
        assume(abs(summed_up(first, high) - summed_up(first, low)) <= size * STEP * 10**6)
        assert abs(measured - around[1]) <= size * Decimal(10) ** -12


# ── closed forms ───────────────────────────────────────────────────────────────────────────


def low_and_high(price_now: int) -> tuple[Expr, Expr]:
    dim = price("WETH").dim
    return Num(Fraction(price_now * 10**18), dim), Num(Fraction(2 * price_now * 10**18), dim)


def in_dollars(tokens: Expr, at: Expr) -> Expr:
    """So many WETH at a price of that dimension."""
    return MulDiv(MulDiv(tokens, price("WETH"), unit("WETH"), Rounding.DOWN), at, price("WETH"), Rounding.DOWN)


def a_range(edge: int) -> Expr:
    """L (2 sqrt(P) - sqrt(Pa) - P / sqrt(Pb)) inside, all WETH below, all dollars above, from `edge` to twice that.

    With sqrt(Pb) in the unit of liquidity: L = amount * sqrt(Pb), so that every term is an amount at a price.
    """
    least, most = low_and_high(edge)
    held = amount("pool", "WETH")
    twice_root = Mul(number(2), in_dollars(held, Root(price("WETH"), most, Rounding.DOWN)))
    taken = Add(in_dollars(held, Root(least, most, Rounding.UP)), value_of(held, Rounding.UP))
    inside = Monus(twice_root, taken)
    below = MulDiv(
        value_of(held, Rounding.DOWN),
        Sub(Root(most, most, Rounding.DOWN), Root(least, most, Rounding.UP)),
        Root(least, most, Rounding.UP),
        Rounding.DOWN,
    )
    above = Sub(in_dollars(held, most), in_dollars(held, Root(least, most, Rounding.UP)))
    return If(Cmp(price("WETH"), Rel.LT, least), below, If(Cmp(price("WETH"), Rel.GT, most), above, inside))


@settings(max_examples=60, deadline=None)
@example(10**20, 1_500)
@example(10**20, 900)
@example(10**20, 2_100)
@given(st.integers(10**17, 10**22), st.integers(500, 3_000))
def test_a_range_has_the_delta_and_gamma_that_the_papers_give(size: int, now: int) -> None:
    """delta: all of it below, P L (1/sqrt(P) - 1/sqrt(Pb)) inside, nothing above; gamma: -L sqrt(P) / 2 inside."""
    assume(now not in (1_000, 2_000))
    values = {"pool": Decimal(size), "price(WETH)": Decimal(now) * 10**18, "unit(WETH)": Decimal(10**18)}
    slope = Slope(PRICES, {})
    delta = slope.of(a_range(1_000))
    gamma = summed(((Fraction(1), slope.of_all(delta)), (Fraction(-1), delta)))
    with localcontext() as context:
        context.prec = DIGITS
        # Liquidity times sqrt(Pb), in 10^-18 USD; in units of the root of Pb everything is a share of it.
        root, bottom, whole = Decimal(now).sqrt(), Decimal(1_000).sqrt(), Decimal(2_000).sqrt()
        liquidity = Decimal(size) * whole
        tokens = liquidity * (1 / min(max(root, bottom), whole) - 1 / whole)
        inside = bottom < root < whole
        tolerance = Decimal(size) * Decimal(10) ** -12 + 10
        assert abs(summed_up(delta, values) - tokens * now) <= tolerance
        assert abs(summed_up(gamma, values) + (liquidity * root / 2 if inside else 0)) <= tolerance


@settings(max_examples=60, deadline=None)
@given(st.integers(10**17, 10**22), st.integers(500, 3_000), st.integers(0, 10**25))
def test_a_short_at_an_entry_loses_what_its_tokens_gain(size: int, now: int, margin: int) -> None:
    """Margin and what the short was opened for, less what it costs to close: -S P while there is anything left."""
    opened = Num(Fraction(size) * 1_000, Plain.VALUE)
    owed = value_of(amount("short", "WETH"), Rounding.UP)
    worth = Monus(Add(Num(Fraction(margin), Plain.VALUE), opened), owed)
    values = {"short": Decimal(size), "price(WETH)": Decimal(now) * 10**18, "unit(WETH)": Decimal(10**18)}
    delta = Slope(PRICES, {}).of(worth)
    alive = margin + size * 1_000 >= size * now
    assert summed_up(delta, values) == (-size * now if alive else 0)


def test_what_is_proportional_to_the_price_is_its_own_derivative() -> None:
    held = amount("idle(WETH)", "WETH")
    slope = Slope(PRICES, {"value": value_of(held, Rounding.UP)})
    assert slope.of(value_of(held, Rounding.DOWN)) == {value_of(held, Rounding.DOWN): 1}
    assert slope.of(Var("value", Plain.VALUE)) == {Var("value", Plain.VALUE): 1}
    root = Root(price("WETH"), Num(Fraction(10**18), price("WETH").dim), Rounding.DOWN)
    assert slope.of(root) == {root: Fraction(1, 2)}
    inverse = MulDiv(CASH, unit("WETH"), price("WETH"), Rounding.DOWN)
    assert slope.of(inverse) == {inverse: -1}
    assert slope.of(value_of(inverse, Rounding.DOWN)) == {}


@settings(deadline=None)
@given(st.integers(0, 10**22), st.integers(1, 10**24))
def test_terms_round_as_what_they_are_derived_of(held: int, at: int) -> None:
    """In integers, beside the same without rounding: less than one unit off, and on the side that is named."""
    vault, _ = vault_of("eth_carry")
    for rounding in Rounding:
        worth = MulDiv(value_of(amount("idle(WETH)", "WETH"), rounding), CASH, Add(CASH, ONE_USD), rounding)
        ((term, weight),) = Slope(PRICES, {}).of(worth).items()
        known = {"idle(WETH)": held, "price(WETH)": at, "unit(WETH)": 10**18}
        got = Evaluator(vault, machine_of(vault, known).market, known).value(term)
        with localcontext() as context:
            context.prec = DIGITS
            exact = without_rounding(term, {name: Decimal(value) for name, value in known.items()})
        assert weight == 1
        assert (exact - 2 < got <= exact) if rounding is Rounding.DOWN else (exact <= got < exact + 2)


# ── of a vault ─────────────────────────────────────────────────────────────────────────────

LEVERAGE = "leverage     <= 4.5"


def test_delta_counts_what_is_held_less_what_is_owed_and_staked_tokens_in_full() -> None:
    """A rise of ETH moves staked ETH with it; a rise of the ratio moves staked ETH alone."""
    floors = "\n".join(
        (LEVERAGE, "delta(WETH) <= 130% of nav", "delta(wstETH) <= 450% of nav", "gamma(WETH) >= 0% of nav")
    )
    vault, _ = vault_of("staked_loop", (LEVERAGE, floors))
    delta, staked, gamma = vault.greeks
    assert (str(delta), str(staked), str(gamma)) == ("delta(WETH)", "delta(wstETH)", "gamma(WETH)")
    unit, state = 10**18, {"price(WETH)": 3_000 * 10**18, "price(wstETH)": 3_600 * 10**18}
    state |= {"aave.collateral(wstETH)": 9 * unit, "aave.debt(WETH)": 8 * unit, "idle(WETH)": unit, "idle(wstETH)": 0}
    state |= {"unit(WETH)": unit, "unit(wstETH)": unit}
    machine = machine_of(vault, state)
    assert machine.greek(delta) == (9 * 3_600 - 8 * 3_000 + 3_000) * unit
    assert machine.greek(staked) == 9 * 3_600 * unit
    assert machine.greek(gamma) == 0


@pytest.mark.parametrize("rise", [Fraction(1, 10), Fraction(-1, 5)])
def test_nav_follows_delta_of_a_vault_that_is_linear_in_the_price(rise: Fraction) -> None:
    vault, _ = vault_of("eth_carry", ("health(aave) >= 1.35", "health(aave) >= 1.35\ndelta(WETH) <= 90% of nav"))
    state = {"price(WETH)": 2_000 * 10**18, "price(USDC)": 10**18, "aave.debt(USDC)": 40_000 * 10**6}
    state |= {"aave.collateral(WETH)": 50 * 10**18, "save": 30_000 * 10**6, "idle(USDC)": 9 * 10**9, "idle(WETH)": 0}
    state |= {"unit(WETH)": 10**18, "unit(USDC)": 10**6}
    after = machine_of(vault, {**state, "price(WETH)": int(2_000 * 10**18 * (1 + rise))})
    before = machine_of(vault, state)
    (delta,) = vault.greeks
    assert after.state().named("nav") == before.state().named("nav") + before.greek(delta) * rise


def test_what_nobody_asks_for_is_not_in_the_model() -> None:
    vault, _ = vault_of("eth_carry")
    assert vault.greeks == ()
    assert not [name for name in vault.definitions if "delta" in name]


def test_a_vault_of_ours_that_is_held_has_a_delta_of_its_own_that_is_not_known() -> None:
    with pytest.raises(Unsupported, match="a vault of ours"):
        vault_of("vault_of_vaults", ("solvent", "solvent\n        invariant even: delta(USDC) <= 200% of nav"))


def test_both_sides_are_named_in_the_model() -> None:
    assert Greek("delta", "WETH").combination == {
        Var("long_delta(WETH)", Plain.VALUE): Fraction(1),
        Var("short_delta(WETH)", Plain.VALUE): Fraction(-1),
    }
