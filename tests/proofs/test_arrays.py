"""Many paths at once: exact arrays are what the interpreter says, floating point is off by no more than it says."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from math import isinf
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofs.strategies import EXAMPLES, vault_of
from proofs.test_greeks import EXPRESSIONS
from stratc_compiler.arrays import Exact, Integers, Paths, Truth, integers
from stratc_compiler.estimates import Estimate, Estimated, estimates, simulated
from stratc_compiler.expr import (
    Add,
    And,
    Cmp,
    Expr,
    Formula,
    If,
    Kind,
    Monus,
    Mul,
    MulDiv,
    Not,
    Or,
    Plain,
    Rel,
    Root,
    Rounding,
    Sub,
    TokenDim,
    Var,
    number,
    variables,
)
from stratc_compiler.ideal_world import IdealWorld
from stratc_compiler.interpret import Evaluator, Reverted
from stratc_compiler.vault import (
    Enter,
    Leave,
    Let,
    OnCondition,
    Provide,
    Swap,
    Trade,
    Trades,
    Vault,
    Withdraw,
    every_item,
)
from venues.quietly import quietly

PATHS = 40
MODELS = (*sorted(file.stem for file in EXAMPLES.glob("*.strat")), "hedged_range")

State = dict[str, int]


# ── what a model asks ──────────────────────────────────────────────────────────────────────


def expressions_of(vault: Vault) -> Iterator[Expr]:
    """Every expression that a model has a name for, or that a step of a plan is sized by."""
    yield from (Var(name, Plain.VALUE) for name in vault.definitions)
    plans = [rule.effect.plan for rule in vault.rules if isinstance(rule.effect, Trades)]
    for item in every_item([step for plan in (*plans, vault.exit_plan) for step in plan]):
        match item:
            case Let(expr=expr):
                yield expr
            case Enter(amount=size) | Leave(amount=size):
                yield size
            case Swap(amount=size, minimum=least) | Trade(amount=size, bound=least):
                yield from (size, least)
            case Provide(token=token, base=base, minimum=least):
                yield from (token, base, least)
            case Withdraw(liquidity=size, worth=worth):
                yield from (size, worth)


def formulas_of(vault: Vault) -> Iterator[Formula]:
    """Every floor, band, invariant and trigger."""
    yield from (one.formula for one in (*vault.settled, *vault.invariants.values()))
    yield from (rule.trigger.condition.formula for rule in vault.rules if isinstance(rule.trigger, OnCondition))


def free(vault: Vault) -> tuple[Var, ...]:
    """The variables that are no definitions."""
    asked = (*expressions_of(vault), *formulas_of(vault), *vault.definitions.values())
    found = dict.fromkeys(var for node in asked for var in variables(node))
    return tuple(var for var in found if var.name not in vault.definitions)


def drawn(vault: Vault, random: Random) -> State:
    """A state of any shape: most positions have something in them, some nothing; prices and sizes over many decades."""
    return {var.name: _drawn(var, random) for var in free(vault)}


def _drawn(var: Var, random: Random) -> int:
    match var.dim:
        case TokenDim(Kind.UNIT, token):
            return 10**6 if token == "USDC" else 10**18
        case TokenDim(Kind.PRICE):
            return int(10 ** random.uniform(16, 23))
        case _ if var.name.startswith("low("):
            return int(2**96 * 10 ** random.uniform(-7, -5))
        case _ if var.name.startswith("high("):
            return int(2**96 * 10 ** random.uniform(-5, -3))
        case _:
            return random.choice((0, 1, int(10 ** random.uniform(0, 27)), int(10 ** random.uniform(9, 24))))


# ── both renderings beside the interpreter ─────────────────────────────────────────────────


def column(states: list[State], name: str) -> list[int]:
    return [state[name] for state in states]


def exact_paths(vault: Vault, states: list[State]) -> Paths[Integers]:
    known = {name: integers(column(states, name)) for name in states[0]}
    return Paths(Exact(), vault.definitions, known)


def estimated_paths(vault: Vault, states: list[State]) -> Paths[Estimate]:
    known = {name: estimates(column(states, name)) for name in states[0]}
    return Paths(Estimated(), vault.definitions, known)


def one_by_one(node: Expr | Formula, vault: Vault, states: list[State]) -> list[int | bool | None]:
    """What the interpreter says of each path; None where it reverts."""
    return [_said(node, Evaluator(vault, IdealWorld(vault, state))) for state in states]


def _said(node: Expr | Formula, interpreter: Evaluator) -> int | bool | None:
    try:
        return interpreter.holds(node) if isinstance(node, Formula) else interpreter.value(node)
    except Reverted:
        return None


def alike(got: Integers, wanted: list[int | bool | None]) -> bool:
    values, reverts = (np.broadcast_to(one, len(wanted)) for one in (got.values, got.reverts))
    return [None if off else value for value, off in zip(values, reverts, strict=True)] == wanted


def within(got: Estimate, wanted: list[int | bool | None]) -> int:
    """How many paths something is known of: there it reverts as the interpreter, or is off by no more than it says."""
    told = (np.broadcast_to(one, len(wanted)) for one in (got.values, got.off, got.reverts))
    known = 0
    for value, off, reverts, right in zip(*told, wanted, strict=True):
        if not reverts and isinf(off):
            continue
        known += 1
        assert reverts == (right is None)
        if right is not None:
            assert abs(Fraction(float(value)) - right) <= Fraction(float(off))
    return known


def decided(got: Truth, wanted: list[int | bool | None]) -> int:
    """How many paths an answer is known of: there it is that of the interpreter."""
    told = (np.broadcast_to(one, len(wanted)) for one in (got.holds, got.reverts, got.unsure))
    known = [
        (None if reverts else bool(holds)) == right
        for holds, reverts, unsure, right in zip(*told, wanted, strict=True)
        if not unsure
    ]
    assert all(known)
    return len(known)


@pytest.mark.parametrize("name", MODELS)
def test_whatever_a_model_computes_is_the_same_on_every_path(name: str) -> None:
    vault, _ = vault_of(name)
    random = Random(7)
    states = [drawn(vault, random) for _ in range(PATHS)]
    exact, estimated = exact_paths(vault, states), estimated_paths(vault, states)
    asked = known = 0
    for expr in expressions_of(vault):
        wanted = one_by_one(expr, vault, states)
        assert alike(exact.value(expr), wanted)
        known += within(estimated.value(expr), wanted)
        asked += PATHS
    for formula in formulas_of(vault):
        wanted = one_by_one(formula, vault, states)
        assert decided(exact.holds(formula), wanted) == PATHS
        known += decided(estimated.holds(formula), wanted)
        asked += PATHS
    assert known > asked * 0.9


def plausible(vault: Vault, random: Random) -> State:
    """A state as a vault of some 10^6 USD has one: everything in it, each position some tenths of it."""
    state = {var.name: _drawn(var, random) for var in free(vault)}
    for token in vault.strategy.tokens:
        state[f"price({token.name})"] = int(10**18 * random.uniform(0.98, 1.02) * (1 if token.decimals == 6 else 2_500))
    for held in vault.held:
        worth = random.uniform(0.1, 0.9) * (0.3 if held.debt else 1) * 10**6
        token = next(one for one in vault.strategy.tokens if one.name == held.token)
        state[held.name] = int(worth * 10**token.decimals / (state[f"price({token.name})"] / 10**18))
    for held in vault.ranges.values():
        assert held.range is not None
        root = 2**96 * (2_500 * 10**-12) ** 0.5
        state[held.range.low.name], state[held.range.high.name] = int(root * 0.7), int(root * 1.4)
        state[held.name] = int(10**17 * random.uniform(0.1, 0.9))
    return state


@pytest.mark.parametrize("name", MODELS)
def test_of_a_vault_as_there_are_nav_is_known_to_fourteen_digits(name: str) -> None:
    vault, _ = vault_of(name)
    random = Random(11)
    states = [plausible(vault, random) for _ in range(PATHS)]
    estimated = estimated_paths(vault, states)
    gross = np.asarray(estimated.named("assets").values + estimated.named("debts").values)
    for part in (
        "assets",
        "debts",
        "nav",
        *(side.name for greek in vault.greeks for side in (greek.long, greek.short)),
    ):
        told = estimated.named(part)
        assert within(told, one_by_one(Var(part, Plain.VALUE), vault, states)) == PATHS
        assert not np.any(told.reverts)
        assert np.all(told.off <= gross * 1e-14 + 10 * len(vault.held)), part


@quietly(150)
@given(EXPRESSIONS, st.lists(st.tuples(st.integers(0, 10**21), st.integers(0, 10**22)), min_size=1, max_size=6))
def test_any_expression_too(expr: Expr, paths: list[tuple[int, int]]) -> None:
    vault, _ = vault_of("treasury")
    states = [{"idle(WETH)": held, "price(WETH)": at, "unit(WETH)": 10**18} for held, at in paths]
    wanted = one_by_one(expr, vault, states)
    assert alike(exact_paths(vault, states).value(expr), wanted)
    within(estimated_paths(vault, states).value(expr), wanted)


# ── what reverts ───────────────────────────────────────────────────────────────────────────

A, B = (Var(name, Plain.NUMBER) for name in "ab")
QUOTIENT = MulDiv(A, number(7), B, Rounding.UP)
FITS = Cmp(QUOTIENT, Rel.LT, number(100))
HAS_SOME = Cmp(B, Rel.GT, number(0))

PARTS: tuple[Expr | Formula, ...] = (
    QUOTIENT,
    Add(A, B),
    Mul(A, B),
    Add(Add(Add(A, A), A), Add(B, A)),
    MulDiv(number(10**30), number(1), Monus(A, B), Rounding.DOWN),
    Sub(A, B),
    Sub(number(0), Sub(A, B)),
    Root(A, Root(A, B, Rounding.UP), Rounding.DOWN),
    If(HAS_SOME, QUOTIENT, number(5)),
    If(Not(FITS), Sub(B, A), A),
    FITS,
    And((HAS_SOME, FITS)),
    And((FITS, HAS_SOME)),
    Or((Not(HAS_SOME), FITS)),
    Or((FITS, Not(HAS_SOME))),
    Not(And((Cmp(A, Rel.EQ, B), FITS))),
    And(()),
    Or(()),
    Not(FITS),
)
VALUES = (0, 1, 2, 13, 14, 15, 99, 2**53 - 1, 2**53 + 1, 2**63, 2**63 + 8195, 2**127, 2**128, 2**128 + 1, 2**200)


@pytest.mark.parametrize("node", PARTS, ids=range(len(PARTS)))
def test_what_reverts_on_one_path_leaves_the_others_alone(node: Expr | Formula) -> None:
    """All pairs of values small, large, and around where floating point and the words of the contract end."""
    vault, _ = vault_of("treasury")
    states = [{"a": a, "b": b} for a in VALUES for b in VALUES]
    wanted = one_by_one(node, vault, states)
    exact, estimated = exact_paths(vault, states), estimated_paths(vault, states)
    if isinstance(node, Formula):
        assert decided(exact.holds(node), wanted) == len(states)
        decided(estimated.holds(node), wanted)
    else:
        assert alike(exact.value(node), wanted)
        within(estimated.value(node), wanted)


def test_numbers_below_a_double_s_precision_are_compared_exactly() -> None:
    vault, _ = vault_of("treasury")
    states = [{"a": a, "b": b} for a in VALUES[:7] for b in VALUES[:7]]
    for rel in Rel:
        node = Cmp(Mul(number(3), A), rel, Add(A, B))
        assert decided(estimated_paths(vault, states).holds(node), one_by_one(node, vault, states)) == len(states)


def test_of_two_numbers_that_differ_in_the_twentieth_digit_it_is_not_known_which_is_more() -> None:
    vault, _ = vault_of("treasury")
    estimated = estimated_paths(vault, [{"a": 10**20, "b": 10**20 + 1}])
    assert np.all(estimated.holds(Cmp(A, Rel.LT, B)).unsure)
    assert np.all(np.isinf(estimated.value(If(Cmp(A, Rel.LT, B), A, B)).off))
    assert np.all(np.isinf(estimated.value(Sub(A, B)).off))


def test_what_a_simulation_draws_is_exact_and_whole() -> None:
    drawn_prices = np.floor(np.geomspace(1, 1e30, 50))
    assert not np.any(simulated(drawn_prices).off)
    with pytest.raises(ValueError, match="whole"):
        simulated(drawn_prices + 0.5)


def test_what_nothing_is_known_of_is_no_number() -> None:
    vault, _ = vault_of("treasury")
    with pytest.raises(KeyError, match="nobody"):
        exact_paths(vault, [{"a": 1}]).value(Var("nobody", Plain.VALUE))
