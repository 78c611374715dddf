"""The only module that talks to Z3: queries as SMT-LIB 2 text in, models back as exact fractions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, TypeVar

import z3

from stratc_checker.polynomial import Monomial, Polynomial
from stratc_compiler.expr import Formula, variables
from stratc_compiler.smtlib import decimal, script
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
    """A conjunction over the reals, answered under a resource limit that does not depend on the machine."""

    def __init__(self, formulas: tuple[Formula, ...], rlimit: int, linear: bool = True) -> None:
        self._context = z3.Context()
        self._solver: Any = z3.SolverFor("QF_LRA" if linear else "QF_NRA", ctx=self._context)
        self._solver.set("rlimit", rlimit)
        self._names = _names(formulas)
        self._solver.from_string(script(formulas))

    def solve(self) -> Answer:
        """Unsat, a model, or why neither was found."""
        outcome, why = _checked(self._solver)
        if outcome == z3.unsat:
            return Unsat()
        if outcome == z3.sat:
            unknowns = {name: z3.Real(name, ctx=self._context) for name in self._names}
            return Sat(_rationals(self._solver.model(), unknowns))
        return GaveUp(why)


def _names(formulas: Sequence[Formula]) -> set[str]:
    return {var.name for formula in formulas for var in variables(formula)}


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
            # One call for both parts: z3's own `numerator_as_long` goes by three objects for each of them.
            above, _, below = z3.Z3_get_numeral_string(value.ctx_ref(), value.as_ast()).partition("/")
            values[key] = Fraction(int(above), int(below or 1))
    return values


Row = tuple[Polynomial, str]
"""A polynomial, and whether it is `=`, `>` or `>=` 0. Every monomial counts as an unknown of its own."""


def decide(rows: Sequence[Row], rlimit: int) -> list[int] | dict[Monomial, Fraction] | None:
    """Numbers of rows that contradict each other, or values that satisfy all; None where the solver gave up."""
    context = z3.Context()
    solver: Any = z3.SolverFor("QF_LRA", ctx=context)
    solver.set("rlimit", rlimit)
    monomials = {monomial: f"|{'*'.join(monomial)}|" for row, _ in rows for monomial in row if monomial}
    declared = [f"(declare-const {name} Real)" for name in monomials.values()]
    declared += [f"(declare-const |row#{number}| Bool)" for number in range(len(rows))]
    asserted = [f"(assert (=> |row#{number}| {_holds(row, monomials)}))" for number, row in enumerate(rows)]
    solver.from_string("\n".join([*declared, *asserted]))
    switches = [z3.Bool(f"row#{number}", ctx=context) for number in range(len(rows))]
    outcome, _ = _checked(solver, *switches)
    if outcome == z3.unsat:
        return sorted(int(str(switch).partition("#")[2]) for switch in solver.unsat_core())
    if outcome != z3.sat:
        return None
    unknowns = {monomial: z3.Real(name.strip("|"), ctx=context) for monomial, name in monomials.items()}
    return _rationals(solver.model(), unknowns)


def _holds(row: Row, monomials: Mapping[Monomial, str]) -> str:
    """The row as a term: text is read by the solver many times faster than terms are made one by one."""
    polynomial, relation = row
    terms = [_term(coefficient, monomials.get(monomial)) for monomial, coefficient in polynomial.items()]
    total = f"(+ 0.0 {' '.join(terms)})" if terms else "0.0"
    return f"({relation} {total} 0.0)"


def _term(coefficient: Fraction, unknown: str | None) -> str:
    factor = decimal(Fraction(coefficient))
    return factor if unknown is None else f"(* {factor} {unknown})"
