"""Fees take what was said and no more: proved of what the contract computes, not proved where a step is wrong.

And no charge reverts, whatever the state: every number of every step is looked at.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from proofs.strategies import claim, vault_of, verified
from stratc_compiler.effort import Effort
from stratc_compiler.expr import Add, Expr, Formula, If, Min, MulDiv, Not, Num, Rounding, Var, children
from stratc_compiler.fee_fairness import fee_fairness
from stratc_compiler.fees import (
    ELAPSED,
    FIRST_MARK,
    GAIN_FEE,
    LIMIT,
    SUPPLY_BEFORE_GAIN_FEE,
    SUPPLY_DUE,
    TIME_FEE,
    YEAR,
    gain_charged,
    mark,
    mark_due,
    per_mark,
)
from stratc_compiler.ideal_world import IdealWorld
from stratc_compiler.interpret import Evaluator
from stratc_compiler.prove import answer
from stratc_compiler.questions import tasks_of
from stratc_compiler.shares import SUPPLY, total_assets, virtual_shares
from stratc_compiler.smt import Query, Sat
from stratc_compiler.vault import Let, Vault
from stratc_compiler.verdict import Derivation, Obligation, Proved

BOTH = "management: 2% per 1y, performance: 10%"


def with_fees(fees: str, *changes: tuple[str, str]) -> tuple[str, ...]:
    return ("treasury", ("    exit {", f"    fees {{ {fees} }}\n    exit {{"), *changes)  # type: ignore[return-value]


def fund(fees: str = BOTH, *changes: tuple[str, str]) -> Vault:
    return vault_of(*with_fees(fees, *changes))[0]  # type: ignore[arg-type]


def proved(obligation: Obligation) -> bool:
    (answered,) = answer(*tasks_of((obligation,), Effort(rlimit=4_000_000)))
    return isinstance(answered.evidence, Derivation)


def unproved(vault: Vault) -> set[str]:
    return {one.id.removeprefix("fair/fees/") for one in fee_fairness(vault) if not proved(one)}


def test_fair_has_the_fees_in_it() -> None:
    fair = claim(verified(*with_fees(BOTH)), "fair")  # type: ignore[arg-type]
    assert isinstance(fair.verdict, Proved)
    shown = {result.obligation.id for result in fair.obligations if "/fees/" in result.obligation.id}
    assert shown == {f"fair/fees/{one}" for one in ("time", "worth", "part", "left", "again", "mark")}


@pytest.mark.parametrize(
    "fees",
    [
        "management: 2% per 1y",
        "performance: 10%",
        "performance: 50%",
        "management: 0.13% per 1d, performance: 12.345678901234567%",
        "management: 1.2345678901% per 1y, performance: 0%",
    ],
)
@pytest.mark.parametrize("decimals", ["0", "6", "18"])
def test_they_are_proved_whatever_the_fees_and_the_decimals(fees: str, decimals: str) -> None:
    assert unproved(fund(fees, ("decimals: 6", f"decimals: {decimals}"))) == set()


def test_nothing_is_proved_from_a_contradiction() -> None:
    for obligation in fee_fairness(fund()):
        known = tuple(hypothesis.formula for hypothesis in obligation.hypotheses)
        assert isinstance(Query(known, 40_000_000, linear=False).solve(), Sat), obligation.id
        assert not proved(replace(obligation, goal=Not(obligation.goal))), obligation.id


# ── wrong steps ────────────────────────────────────────────────────────────────────────────


def changed(name: str, change: Callable[[Expr], Expr]) -> Vault:
    vault = fund()
    assert name in {let.name.name for let in vault.charge}
    lets = (Let(let.name, change(let.expr)) if let.name.name == name else let for let in vault.charge)
    return replace(vault, charge=tuple(lets))


def the_other_way(expr: Expr) -> Expr:
    match expr:
        case MulDiv(rounding=Rounding.DOWN):
            return replace(expr, rounding=Rounding.UP)
        case MulDiv():
            return replace(expr, rounding=Rounding.DOWN)
        case If(then=then):
            return replace(expr, then=the_other_way(then))
        case _:
            raise AssertionError(expr)


def twice(expr: Expr) -> Expr:
    return Add(expr, expr)


HIGH = mark("USDC")
WORTH = Add(total_assets("USDC"), Num(Fraction(1), HIGH.dim))

WRONG: dict[str, tuple[str, Callable[[Expr], Expr], set[str]]] = {
    "the management fee is rounded up": (TIME_FEE.name, the_other_way, {"time"}),
    "the management fee is charged twice": (TIME_FEE.name, twice, {"time"}),
    "all elapsed time counts double": ("seconds_counted", twice, {"time"}),
    "the performance fee is rounded up": (GAIN_FEE.name, the_other_way, {"worth"}),
    "it is charged of the whole price": ("gain_over_mark", lambda _: WORTH, {"part", "left"}),
    "the gain is all that is charged": ("gain_charged", lambda _: Var("gain_over_mark", HIGH.dim), {"part"}),
    "what is charged is rounded up": ("gain_charged", the_other_way, {"part", "left"}),
    "the mark is rounded down where it is used": ("worth_at_mark", the_other_way, {"part", "left"}),
    "the mark is not raised": (mark_due("USDC").name, lambda _: HIGH, {"again"}),
    "the mark follows the price down": (
        mark_due("USDC").name,
        lambda _: Var("price_reached", HIGH.dim),
        {"mark"},
    ),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_step_is_not_proved(what: str) -> None:
    name, change, lost = WRONG[what]
    found = unproved(changed(name, change))
    assert found & lost, found
    print(what, found)


# ── in the contract's own integers ─────────────────────────────────────────────────────────

WORD = 2**256
LARGEST_MARK = (LIMIT + 1) * FIRST_MARK

sizes = st.integers(0, WORD - 1 - 10**18) | st.integers(0, 10**30) | st.integers(0, 10**7) | st.integers(0, 5)
marks = st.integers(FIRST_MARK, LARGEST_MARK) | st.integers(FIRST_MARK, 3 * FIRST_MARK)


def evaluated(vault: Vault, known: dict[str, int]) -> dict[str, int]:
    """All that a charge binds, after a look at every number in it: each fits the EVM's word."""
    state = Evaluator(vault, IdealWorld(vault, {}), dict(known))
    for let in vault.charge:
        _fits(let.expr, state)
        state.bound[let.name.name] = state.value(let.expr)
    return state.bound


def _fits(node: Expr | Formula, state: Evaluator) -> None:
    if isinstance(node, If):
        _fits(node.condition, state)
        _fits(node.then if state.holds(node.condition) else node.otherwise, state)
        return
    for child in children(node):
        _fits(child, state)
    if isinstance(node, Add | Min | MulDiv | Var):
        assert state.value(node) < WORD, node


@settings(max_examples=500, deadline=None)
@given(sizes, sizes, st.integers(0, 2**64), marks, st.sampled_from(["0", "6", "18"]))
@example(LIMIT, LIMIT, 2**64, LARGEST_MARK, "18")
@example(LIMIT + 1, 0, 2**64, LARGEST_MARK, "18")
@example(0, LIMIT + 1, YEAR, FIRST_MARK, "6")
@example(0, 0, 0, FIRST_MARK, "6")
@example(WORD - 1 - 10**18, WORD - 1 - 10**18, 2**64, LARGEST_MARK, "6")
def test_no_charge_reverts_and_each_takes_what_it_may(
    supply: int, total: int, elapsed: int, high: int, decimals: str
) -> None:
    for fees, management, performance in ((BOTH, Fraction(2, 100), Fraction(1, 10)), (MOST, HALF, HALF)):
        vault = fund(fees, ("decimals: 6", f"decimals: {decimals}"))
        base, virtual = vault.base, virtual_shares(int(decimals))
        known = {SUPPLY.name: supply, total_assets(base).name: total, ELAPSED.name: elapsed, mark(base).name: high}
        found = evaluated(vault, known)
        time_fee, before, after = (found[v.name] for v in (TIME_FEE, SUPPLY_BEFORE_GAIN_FEE, SUPPLY_DUE))
        assert after <= 4 * supply
        assert time_fee <= management * min(elapsed, YEAR) / YEAR * before
        gain_fee, charged, worth = found[GAIN_FEE.name], found[gain_charged(base).name], total + 1
        scaled = Fraction(high, int(per_mark(int(decimals)).value))
        assert charged <= performance * max(worth - scaled * (before + virtual), 0)
        assert gain_fee * worth <= charged * (after + virtual)
        if gain_fee:
            assert worth >= scaled * (after + virtual), "the price after is the mark or more"
        if total <= LIMIT:
            raised = Fraction(found[mark_due(base).name], int(per_mark(int(decimals)).value))
            assert raised * (after + virtual) >= worth, "charged once is not charged again"
        assert high <= found[mark_due(base).name] <= LARGEST_MARK


MOST, HALF = "management: 50% per 1y, performance: 50%", Fraction(1, 2)


def test_a_gain_in_round_numbers() -> None:
    """A year, then 10% of gain: 2% of all shares, and a tenth of what is above the mark after that."""
    vault = fund()
    shares, gained = 10**24, 1_100_000 * 10**6
    known = {SUPPLY.name: shares, total_assets("USDC").name: gained, ELAPSED.name: YEAR, HIGH.name: FIRST_MARK}
    found = evaluated(vault, known)
    assert found[TIME_FEE.name] == shares * 2 // 98
    price = Fraction(gained, found[SUPPLY_BEFORE_GAIN_FEE.name]) * 10**12
    after = Fraction(gained, found[SUPPLY_DUE.name]) * 10**12
    assert abs(after - (price - (price - 1) / 10)) < Fraction(1, 10**9)
    assert abs(Fraction(found[mark_due("USDC").name], FIRST_MARK) - after) < Fraction(1, 10**9)
    again = known | {SUPPLY.name: found[SUPPLY_DUE.name], HIGH.name: found[mark_due("USDC").name], ELAPSED.name: 0}
    assert evaluated(vault, again)[SUPPLY_DUE.name] == found[SUPPLY_DUE.name]
