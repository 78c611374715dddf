"""Models of what has no proof: they are points of the query, exactly, and so is what is wished for of them."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proofs.test_search import EFFORT, NAMES, comparisons, formulas
from stratc_checker.proof import Context, read
from stratc_checker.query import Fact
from stratc_compiler.cases import Allowance
from stratc_compiler.effort import Effort
from stratc_compiler.expr import Cmp, Formula, Mul, Not, Or, Rel, number
from stratc_compiler.judge import in_turn
from stratc_compiler.pinned import Pinned
from stratc_compiler.recall import satisfies
from stratc_compiler.search import NoProof, Search
from stratc_compiler.smt import Query, Sat
from stratc_compiler.smtlib import script

X, Y, Z = NAMES[:3]


def is_point(point: dict[str, Fraction], formulas: list[Formula]) -> bool:
    nowhere = dict.fromkeys((name.name for name in NAMES), Fraction(0))
    return satisfies(nowhere | point, Context(script(formulas)).facts)


@pytest.mark.parametrize("examples", [30, pytest.param(300, marks=pytest.mark.long)])
def test_a_model_is_found_iff_there_is_one_and_keeps_to_every_wish_that_is_granted(examples: int) -> None:
    @settings(max_examples=examples, deadline=None)
    @given(st.lists(formulas, max_size=6), st.lists(comparisons, max_size=4))
    def kept(known: list[Formula], wishes: list[Formula]) -> None:
        model = Allowance(EFFORT).found(known)
        assert (model is not None) == isinstance(Query(tuple(known), EFFORT.rlimit).solve(), Sat)
        if model is None:
            return
        assert is_point(model.point, known)
        case = model.case()
        granted = [wish for wish in wishes if case.grant(wish)]
        point = case.point()
        assert point is not None
        assert is_point(point, [*known, *granted])

    kept()


def test_a_wish_that_is_refused_leaves_no_trace() -> None:
    model = Allowance(EFFORT).found([Cmp(X, Rel.GE, number(1)), Cmp(X, Rel.LE, number(9))])
    assert model is not None
    case = model.case()
    assert not case.grant(Cmp(X, Rel.EQ, number(10)))
    assert case.grant(Cmp(X, Rel.EQ, number(7)))
    assert not case.grant(Cmp(X, Rel.EQ, number(8)))
    assert case.point() == {"x": 7}


def test_wishes_are_granted_within_the_case_that_was_found() -> None:
    model = Allowance(EFFORT).found([Or((Cmp(X, Rel.EQ, number(1)), Cmp(X, Rel.EQ, number(2))))])
    assert model is not None
    case = model.case()
    assert [case.grant(Cmp(X, Rel.EQ, number(value))) for value in (1, 2)].count(True) == 1


def test_what_may_be_spent_is_spent_once_on_all_that_is_asked() -> None:
    known = [Cmp(X, Rel.GE, number(1)), Or((Cmp(Y, Rel.GE, X), Cmp(Y, Rel.LE, number(-5))))]
    allowed = Allowance(Effort(rows=20))
    found = [allowed.found([*known, Cmp(Y, Rel.LE, number(most))]) is not None for most in range(20)]
    assert found == sorted(found, reverse=True)
    assert 1 < found.count(True) < 20
    assert allowed.is_spent


def test_searches_take_turns_and_none_is_begun_before_its_turn() -> None:
    begun: list[str] = []

    def search(name: str, count: int) -> Iterator[str]:
        begun.append(name)
        yield from (f"{name}{number}" for number in range(count))

    turns = in_turn(search(name, count) for name, count in (("a", 3), ("b", 0), ("c", 2)))
    assert next(turns) == "a0"
    assert begun == ["a"]
    assert list(turns) == ["c0", "a1", "c1", "a2"]


# ── with products ──────────────────────────────────────────────────────────────────────────


def facts_of(*formulas: Formula) -> list[Fact]:
    _, groups = read(script(formulas), frozenset())
    return [fact for group in groups for fact in group]


def relaxed(facts: list[Fact]) -> dict[str, Fraction]:
    """A point that satisfies the facts, each product taken for a number of its own."""
    with pytest.raises(NoProof) as ended:
        Search(facts, EFFORT).refute(())
    assert ended.value.point is not None
    return {name.name: ended.value.point.get((name.name,), Fraction(0)) for name in NAMES}


MOVED = (Cmp(X, Rel.EQ, Mul(Y, Z)), Cmp(Y, Rel.GE, number(1)), Cmp(Y, Rel.LE, number(2)))
"""A state y that moves by a factor z to x."""


def test_what_holds_at_a_corner_of_the_factors_is_found_there() -> None:
    known = (*MOVED, Cmp(Z, Rel.GE, number(Fraction(4, 5))), Cmp(Z, Rel.LE, number(Fraction(6, 5))))
    facts = facts_of(*known, Cmp(X, Rel.GE, number(Fraction(12, 5))))
    inside = {"x": Fraction(12, 5), "y": Fraction(2), "z": Fraction(1)}
    point = Pinned(facts[:-1], {"z"}, EFFORT).point(facts[-1:], inside)
    assert point is not None
    assert satisfies(point, facts)
    assert (point["y"], point["z"]) == (2, Fraction(6, 5))


def test_where_no_pins_lead_to_a_point_there_is_none() -> None:
    known = (*MOVED, Cmp(Z, Rel.GE, number(1)), Cmp(Z, Rel.LE, number(3)))
    facts = facts_of(*known, Not(Cmp(Mul(Y, Z), Rel.EQ, X)))
    assert (
        Pinned(facts[:-1], {"z"}, EFFORT).point(facts[-1:], {"x": Fraction(2), "y": Fraction(1), "z": Fraction(1)})
        is None
    )


def test_what_is_no_product_of_the_factors_is_left_to_the_solver() -> None:
    facts = facts_of(*MOVED, Cmp(Z, Rel.GE, number(1)), Cmp(Mul(Z, Z), Rel.GE, Mul(X, Y)))
    assert Pinned(facts[:-1], {"x"}, EFFORT).point(facts[-1:], relaxed(facts)) is None
    assert Pinned(facts[:-1], {"x", "z"}, Effort(nodes=0)).point(facts[-1:], relaxed(facts)) is None
