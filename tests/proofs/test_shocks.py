"""Shock elimination is exact where it says so, and never loses a run of the original."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from stratc_compiler.effort import Effort
from stratc_compiler.expr import Cmp, Formula, Mul, Rel, number, variables
from stratc_compiler.prove import answer
from stratc_compiler.questions import tasks_of
from stratc_compiler.relax import ZERO, real
from stratc_compiler.shocks import eliminate
from stratc_compiler.smt import Query, Sat, Unsat
from stratc_compiler.verdict import Hypothesis, Obligation

ratios = st.fractions(min_value=0, max_value=3, max_denominator=40)
BEFORE, AFTER, FIRST, SECOND = (real(name) for name in ("p@0", "p@1", "f", "g"))


def obligation(goal: Formula, *formulas: Formula) -> Obligation:
    return Obligation("test/one", "test", "a test", tuple(Hypothesis("given", formula) for formula in formulas), goal)


def proved(asked: Obligation, rlimit: int) -> bool:
    (answered,) = answer(*tasks_of((asked,), Effort(rlimit)))
    return answered.evidence is not None


def product(low: Fraction, high: Fraction, low2: Fraction, high2: Fraction) -> tuple[Formula, ...]:
    return (
        Cmp(BEFORE, Rel.GE, ZERO),
        Cmp(FIRST, Rel.GE, number(low)),
        Cmp(FIRST, Rel.LE, number(high)),
        Cmp(SECOND, Rel.GE, number(low2)),
        Cmp(SECOND, Rel.LE, number(high2)),
        Cmp(AFTER, Rel.EQ, Mul(Mul(BEFORE, FIRST), SECOND)),
    )


@given(st.tuples(ratios, ratios), st.tuples(ratios, ratios), ratios, ratios)
def test_the_interval_holds_exactly_the_products(
    one: tuple[Fraction, Fraction], two: tuple[Fraction, Fraction], before: Fraction, after: Fraction
) -> None:
    (low, high), (low2, high2) = sorted(one), sorted(two)
    eliminated = eliminate(obligation(ZERO_IS_LESS, *product(low, high, low2, high2)))
    assert eliminated.exact
    pinned = (Cmp(BEFORE, Rel.EQ, number(before)), Cmp(AFTER, Rel.EQ, number(after)))
    linear = Query((*(h.formula for h in eliminated.obligation.hypotheses), *pinned), 1_000_000)
    reachable = low * low2 * before <= after <= high * high2 * before
    assert isinstance(linear.solve(), Sat) == reachable


ZERO_IS_LESS = Cmp(ZERO, Rel.LT, ZERO)


def test_no_product_of_variables_is_left() -> None:
    eliminated = eliminate(obligation(ZERO_IS_LESS, *product(*(Fraction(n) for n in (1, 2, 3, 4)))))
    names = {var.name for h in eliminated.obligation.hypotheses for var in variables(h.formula)}
    assert names == {"p@0", "p@1"}


def test_a_shared_factor_is_not_called_exact() -> None:
    other = Cmp(real("q@1"), Rel.EQ, Mul(real("q@0"), FIRST))
    shared = (*product(*(Fraction(n) for n in (1, 2, 1, 1))), Cmp(real("q@0"), Rel.GE, ZERO), other)
    assert not eliminate(obligation(ZERO_IS_LESS, *shared)).exact


def test_a_shared_factor_is_proved_by_the_nonlinear_solver_where_intervals_are_too_coarse() -> None:
    # Two positions in one token: both move by the same factor, so their ratio stays.
    given_ = (
        Cmp(real("a@0"), Rel.GE, ZERO),
        Cmp(real("b@0"), Rel.GE, ZERO),
        Cmp(real("a@0"), Rel.GE, real("b@0")),
        Cmp(FIRST, Rel.GE, number(Fraction(1, 2))),
        Cmp(FIRST, Rel.LE, number(2)),
        Cmp(real("a@1"), Rel.EQ, Mul(real("a@0"), FIRST)),
        Cmp(real("b@1"), Rel.EQ, Mul(real("b@0"), FIRST)),
    )
    kept = obligation(Cmp(real("a@1"), Rel.GE, real("b@1")), *given_)
    assert proved(kept, 10_000_000)
    lost = obligation(Cmp(real("a@1"), Rel.GE, Mul(number(2), real("b@1"))), *given_)
    assert not proved(lost, 10_000_000)


def test_without_a_sign_nothing_is_eliminated() -> None:
    unsigned = product(*(Fraction(n) for n in (1, 2, 1, 1)))[1:]
    eliminated = eliminate(obligation(ZERO_IS_LESS, *unsigned))
    assert any(h.formula == unsigned[-1] for h in eliminated.obligation.hypotheses)


def test_a_factor_that_may_be_negative_is_not_eliminated() -> None:
    either_way = product(*(Fraction(n) for n in (-1, 2, 1, 1)))
    eliminated = eliminate(obligation(ZERO_IS_LESS, *either_way))
    assert any(h.formula == either_way[-1] for h in eliminated.obligation.hypotheses)


def test_an_unbounded_factor_leaves_the_top_open() -> None:
    unbounded = (
        Cmp(BEFORE, Rel.GE, ZERO),
        Cmp(FIRST, Rel.GE, number(1)),
        Cmp(AFTER, Rel.EQ, Mul(BEFORE, FIRST)),
        Cmp(BEFORE, Rel.EQ, number(1)),
    )
    assert proved(obligation(Cmp(AFTER, Rel.GE, number(1)), *unbounded), 1_000_000)
    assert not proved(obligation(Cmp(AFTER, Rel.LE, number(1000)), *unbounded), 1_000_000)


def test_contradictory_hypotheses_are_seen_as_such() -> None:
    # Whether a proof rests on a contradiction is what `consistent` is for; the query itself is unsatisfiable.
    both = (Cmp(BEFORE, Rel.GE, number(2)), Cmp(BEFORE, Rel.LE, number(1)))
    assert isinstance(Query(both, 1_000_000).solve(), Unsat)
