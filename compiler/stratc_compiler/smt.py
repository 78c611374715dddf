"""The only module that talks to Z3: queries as SMT-LIB 2 text in, models back as exact fractions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any, TypeVar

import z3

from stratc_checker.polynomial import Monomial, Polynomial
from stratc_compiler.expr import Formula, variables
from stratc_compiler.smtlib import script
from stratc_dsl.record import Record


class Unsat(Record):
    pass


class Sat(Record):
    """One model. Values that are no rationals (roots found by nlsat) are left out."""

    values: dict[str, Fraction]


class GaveUp(Record):
    why: str


Answer = Unsat | Sat | GaveUp

INTERRUPTED = "interrupted from keyboard"
"""What Z3 gives as a reason after ^C, which it keeps to itself while it works."""


class Query:
    """A growing conjunction over the reals, answered under a resource limit that does not depend on the machine."""

    def __init__(self, formulas: tuple[Formula, ...], rlimit: int, linear: bool = True) -> None:
        self._context = z3.Context()
        self._solver: Any = z3.SolverFor("QF_LRA" if linear else "QF_NRA", ctx=self._context)
        self._solver.set("rlimit", rlimit)
        self._names: set[str] = set()
        self.add(*formulas)

    def add(self, *formulas: Formula) -> None:
        self._names |= {var.name for formula in formulas for var in variables(formula)}
        self._solver.add(z3.parse_smt2_string(script(formulas), ctx=self._context))

    def push(self) -> None:
        self._solver.push()

    def pop(self) -> None:
        self._solver.pop()

    def solve(self) -> Answer:
        """Unsat, a model, or why neither was found."""
        outcome, why = _checked(self._solver)
        if outcome == z3.unsat:
            return Unsat()
        if outcome == z3.sat:
            model = self._solver.model()
            unknowns = {name: z3.Real(name, ctx=self._context) for name in self._names}
            return Sat(_rationals(model, unknowns))
        return GaveUp(why)


def _checked(solver: Any, *assumed: Any) -> tuple[Any, str]:
    try:
        outcome = solver.check(*assumed)
    except z3.Z3Exception as error:
        return z3.unknown, str(error)
    why = str(solver.reason_unknown()) if outcome == z3.unknown else ""
    if why == INTERRUPTED:
        raise KeyboardInterrupt
    return outcome, why


Key = TypeVar("Key")


def _rationals(model: Any, unknowns: Mapping[Key, Any]) -> dict[Key, Fraction]:
    values: dict[Key, Fraction] = {}
    for key, unknown in unknowns.items():
        value = model.eval(unknown, model_completion=True)
        if z3.is_rational_value(value):
            values[key] = Fraction(value.numerator_as_long(), value.denominator_as_long())
    return values


Row = tuple[Polynomial, str]
"""A polynomial, and whether it is `=`, `>` or `>=` 0. Every monomial counts as an unknown of its own."""


def decide(rows: Sequence[Row], rlimit: int) -> list[int] | dict[Monomial, Fraction] | None:
    """Numbers of rows that contradict each other, or values that satisfy all; None where the solver gave up."""
    context = z3.Context()
    solver: Any = z3.SolverFor("QF_LRA", ctx=context)
    solver.set("rlimit", rlimit)
    unknowns: dict[Monomial, Any] = {}
    named = {}
    for number, (polynomial, relation) in enumerate(rows):
        name = f"row#{number}"
        named[name] = number
        total = z3.Sum([z3.RealVal(0, ctx=context), *_terms(polynomial, unknowns, context)])
        holds = total == 0 if relation == "=" else total > 0 if relation == ">" else total >= 0
        solver.assert_and_track(holds, z3.Bool(name, ctx=context))
    outcome, _ = _checked(solver)
    if outcome == z3.unsat:
        return sorted(named[str(name)] for name in solver.unsat_core())
    return _rationals(solver.model(), unknowns) if outcome == z3.sat else None


def _terms(polynomial: Polynomial, unknowns: dict[Monomial, Any], context: Any) -> Iterator[Any]:
    for monomial, coefficient in polynomial.items():
        factor = z3.RealVal(str(coefficient), ctx=context)
        if monomial and monomial not in unknowns:
            unknowns[monomial] = z3.Real("*".join(monomial), ctx=context)
        yield factor * unknowns[monomial] if monomial else factor
