"""The search for proofs and the solver agree on every small system, and what is found is a proof."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stratc_checker.proof import Context, read, refute
from stratc_checker.query import Reader
from stratc_compiler.effort import Effort
from stratc_compiler.expr import Add, And, Cmp, Expr, Formula, Mul, Not, Or, Rel, Sub, number
from stratc_compiler.lp import Contradiction, Point, Relaxation
from stratc_compiler.prooftree import proof_json
from stratc_compiler.relax import real
from stratc_compiler.search import NoProof, Search
from stratc_compiler.smt import Query, Unsat
from stratc_compiler.smtlib import script

EFFORT = Effort()
NAMES = [real(name) for name in "xyzw"]
constants = st.integers(-4, 4).map(number) | st.fractions(-3, 3, max_denominator=7).map(number)


def scaled(constant: Expr, variable: Expr) -> Expr:
    return Mul(constant, variable)


terms: st.SearchStrategy[Expr] = st.recursive(
    st.sampled_from(NAMES) | constants | st.builds(scaled, constants, st.sampled_from(NAMES)),
    lambda inner: st.builds(Add, inner, inner) | st.builds(Sub, inner, inner),
    max_leaves=4,
)
comparisons: st.SearchStrategy[Formula] = st.builds(Cmp, terms, st.sampled_from(list(Rel)), terms)
formulas: st.SearchStrategy[Formula] = st.recursive(
    comparisons,
    lambda inner: (
        st.builds(Not, inner)
        | st.lists(inner, max_size=3).map(tuple).map(And)
        | st.lists(inner, max_size=3).map(tuple).map(Or)
    ),
    max_leaves=5,
)


def found(hypotheses: list[Formula], goal: Formula) -> bool:
    """Whether the search refutes the formulas; if so, by a proof that the checker accepts."""
    context = Context(script(hypotheses))
    names, (facts,) = read(script([goal], context.names), context.names)
    try:
        node = Search(context.facts, EFFORT).refute(facts)
    except NoProof:
        return False
    everything = [*context.facts, *facts]
    refute(proof_json(node, everything), everything, names)
    return True


@pytest.mark.parametrize("examples", [60, pytest.param(600, marks=pytest.mark.long)])
def test_search_and_solver_agree(examples: int) -> None:
    @settings(max_examples=examples, deadline=None)
    @given(st.lists(formulas, max_size=8), formulas)
    def agreed(hypotheses: list[Formula], goal: Formula) -> None:
        asked = Query((*hypotheses, goal), EFFORT.rlimit).solve()
        assert found(hypotheses, goal) == isinstance(asked, Unsat)

    agreed()


class Blind(Relaxation):
    """A floating-point solver that never knows anything."""

    def hints(self) -> Iterator[Contradiction | Point | None]:
        return iter([None])


@pytest.mark.parametrize("examples", [50, pytest.param(200, marks=pytest.mark.long)])
def test_nothing_depends_on_the_floating_point_solver(examples: int) -> None:
    @settings(max_examples=examples, deadline=None)
    @given(st.lists(formulas, max_size=6), formulas)
    def independent(hypotheses: list[Formula], goal: Formula) -> None:
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr("stratc_compiler.search.Relaxation", Blind)
            blind = found(hypotheses, goal)
        assert blind == found(hypotheses, goal)

    independent()


@pytest.mark.parametrize("exponent", [20, 31, 320])
@pytest.mark.parametrize("side", [0, 1])
def test_what_the_floating_point_solver_refuses_is_decided_without_it(exponent: int, side: int) -> None:
    """HiGHS takes no coefficient of 10^30 and no bound of 10^20, and a float ends before 10^320."""
    x, y, z = NAMES[:3]
    huge = number(10**exponent)
    beyond = [Cmp(x, Rel.GE, huge), Cmp(y, Rel.GT, Mul(huge, x))][side]
    either = Or((Cmp(z, Rel.LE, Sub(number(0), huge)), Cmp(z, Rel.GE, Mul(huge, y))))
    known = [Cmp(x, Rel.GE, number(1)), beyond, either]
    assert found(known, And((Cmp(Add(x, y), Rel.LE, number(5)), Cmp(y, Rel.GE, number(0)))))
    assert found(known, And((Cmp(y, Rel.GE, number(2)), Cmp(z, Rel.EQ, number(1)))))
    assert not found(known, And((Cmp(y, Rel.GE, number(2)), Cmp(z, Rel.GE, number(1)))))


def test_one_context_answers_goal_after_goal() -> None:
    x, y = NAMES[:2]
    context = Context(script([Cmp(x, Rel.GE, number(1)), Or((Cmp(y, Rel.GE, x), Cmp(y, Rel.LE, number(-5))))]))
    search = Search(context.facts, EFFORT)
    goals = [
        (Or((Cmp(y, Rel.EQ, number(0)), And((Cmp(y, Rel.GT, number(-5)), Cmp(y, Rel.LT, number(1)))))), True),
        (Cmp(y, Rel.LT, number(1)), False),
        (Cmp(x, Rel.LT, number(1)), True),
        (Or((Cmp(y, Rel.EQ, number(-1)), Cmp(y, Rel.EQ, number(Fraction(1, 2))))), True),
    ]
    for goal, impossible in goals * 2:
        _, (facts,) = read(script([goal], context.names), context.names)
        try:
            search.refute(facts)
        except NoProof:
            assert not impossible
        else:
            assert impossible


def test_a_goal_that_is_known_already_takes_nothing_from_the_context() -> None:
    """The same line, read once, is the same facts: they are the context's still when the goal is gone."""
    x = NAMES[0]
    either = Or((Cmp(x, Rel.LE, number(-1)), Cmp(x, Rel.GE, number(1))))
    reader = Reader()
    context = Context(script([either]), reader)
    search = Search(context.facts, EFFORT)
    _, (same,) = read(script([either], context.names), context.names, reader)
    assert same == context.facts
    with pytest.raises(NoProof):
        search.refute(same)
    _, (goal,) = read(script([Cmp(x, Rel.EQ, number(0))], context.names), context.names, reader)
    assert search.refute(goal)


def test_a_search_without_budget_gives_up() -> None:
    x = NAMES[0]
    context = Context(script([Cmp(x, Rel.GE, number(1))]))
    _, (facts,) = read(script([Cmp(x, Rel.LT, number(1))], context.names), context.names)
    with pytest.raises(NoProof):
        Search(context.facts, Effort(nodes=0)).refute(facts)


def test_products_of_bounds_refute_what_is_not_linear() -> None:
    before, after, factor = real("before"), real("after"), real("factor")
    known: list[Formula] = [
        Cmp(before, Rel.GE, number(0)),
        Cmp(factor, Rel.GE, number(Fraction(4, 5))),
        Cmp(factor, Rel.LE, number(2)),
        Cmp(after, Rel.EQ, Mul(before, factor)),
    ]
    assert found(known, Cmp(after, Rel.LT, Mul(number(Fraction(4, 5)), before)))
    assert found(known, Cmp(after, Rel.GT, Mul(number(2), before)))
    assert not found(known, Cmp(after, Rel.LT, Mul(number(Fraction(81, 100)), before)))
    assert not found(known[1:], Cmp(after, Rel.LT, Mul(number(Fraction(4, 5)), before)))


@pytest.mark.long
@settings(max_examples=80, deadline=None)
@given(st.lists(formulas, max_size=6), st.lists(formulas, min_size=2, max_size=5))
def test_what_was_learned_of_one_goal_misleads_at_no_other(hypotheses: list[Formula], goals: list[Formula]) -> None:
    context = Context(script(hypotheses))
    search = Search(context.facts, EFFORT)
    for goal in [*goals, goals[0]]:
        names, (facts,) = read(script([goal], context.names), context.names)
        everything = [*context.facts, *facts]
        impossible = isinstance(Query((*hypotheses, goal), EFFORT.rlimit).solve(), Unsat)
        try:
            node = search.refute(facts)
        except NoProof:
            assert not impossible
        else:
            assert impossible
            refute(proof_json(node, everything), everything, names)


def test_what_was_refuted_once_is_not_looked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two goals the second is refuted case by case as the first one was, and needs no relaxation for the first."""
    x, y, z = NAMES[:3]
    either = Or((Cmp(x, Rel.LE, number(-1)), Cmp(x, Rel.GE, number(1))))
    known: list[Formula] = [Cmp(x, Rel.GE, number(0)), either, Cmp(y, Rel.GE, x), Cmp(z, Rel.GE, y)]
    solved: list[Relaxation] = []
    hints = Relaxation.hints

    def counted(relaxation: Relaxation) -> Iterator[Contradiction | Point | None]:
        solved.append(relaxation)
        return hints(relaxation)

    monkeypatch.setattr(Relaxation, "hints", counted)
    context = Context(script(known))
    search = Search(context.facts, EFFORT)
    counts = []
    for one in (y, z):
        names, (facts,) = read(script([Cmp(one, Rel.LT, number(1))], context.names), context.names)
        everything = [*context.facts, *facts]
        refute(proof_json(search.refute(facts), everything), everything, names)
        counts.append(len(solved))
        solved.clear()
    assert counts == [3, 1]
