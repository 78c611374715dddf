"""The only module that talks to Z3: formulas to terms, one query, models back to exact fractions."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import z3

from stratc_compiler.expr import (
    Add,
    And,
    Cmp,
    Expr,
    Formula,
    If,
    Min,
    Monus,
    Mul,
    MulDiv,
    Not,
    Num,
    Or,
    Rel,
    Sub,
    Var,
)


@dataclass(frozen=True, slots=True)
class Unsat:
    pass


@dataclass(frozen=True, slots=True)
class Sat:
    """One model. Values that are no rationals (roots found by nlsat) are left out."""

    values: dict[str, Fraction]


@dataclass(frozen=True, slots=True)
class GaveUp:
    why: str


Answer = Unsat | Sat | GaveUp


def version() -> str:
    result: str = z3.get_version_string()
    return result


class Query:
    """A growing conjunction over the reals, answered under a resource limit that does not depend on the machine."""

    def __init__(self, formulas: tuple[Formula, ...], rlimit: int, linear: bool = True) -> None:
        self._context = z3.Context()
        self._solver: Any = z3.SolverFor("QF_LRA" if linear else "QF_NRA", ctx=self._context)
        self._solver.set("rlimit", rlimit)
        self._variables: dict[str, Any] = {}
        self.add(*formulas)

    def add(self, *formulas: Formula) -> None:
        for formula in formulas:
            self._solver.add(self._formula(formula))

    def push(self) -> None:
        self._solver.push()

    def pop(self) -> None:
        self._solver.pop()

    def smtlib(self) -> str:
        """The query as SMT-LIB 2 text."""
        text: str = self._solver.to_smt2()
        return text

    def solve(self) -> Answer:
        """Unsat, a model, or why neither was found."""
        try:
            outcome = self._solver.check()
        except z3.Z3Exception as error:
            return GaveUp(str(error))
        if outcome == z3.unsat:
            return Unsat()
        if outcome == z3.sat:
            return Sat(self._model())
        return GaveUp(str(self._solver.reason_unknown()))

    def _model(self) -> dict[str, Fraction]:
        model = self._solver.model()
        values: dict[str, Fraction] = {}
        for name, variable in self._variables.items():
            value = model.eval(variable, model_completion=True)
            if z3.is_rational_value(value):
                values[name] = Fraction(value.numerator_as_long(), value.denominator_as_long())
        return values

    def _formula(self, formula: Formula) -> Any:
        match formula:
            case Cmp(left, rel, right):
                return _relate(self._expr(left), rel, self._expr(right))
            case And(operands):
                return z3.And(*(self._formula(o) for o in operands), self._context)
            case Or(operands):
                return z3.Or(*(self._formula(o) for o in operands), self._context)
            case Not(operand):
                return z3.Not(self._formula(operand))

    def _expr(self, expr: Expr) -> Any:
        match expr:
            case Num(value):
                return z3.RealVal(str(value), ctx=self._context)
            case Var(name):
                if name not in self._variables:
                    self._variables[name] = z3.Real(name, ctx=self._context)
                return self._variables[name]
            case Add(left, right):
                return self._expr(left) + self._expr(right)
            case Sub(left, right):
                return self._expr(left) - self._expr(right)
            case Mul(left, right):
                return self._expr(left) * self._expr(right)
            case Min(left, right):
                a, b = self._expr(left), self._expr(right)
                return z3.If(a <= b, a, b)
            case If(condition, then, otherwise):
                return z3.If(self._formula(condition), self._expr(then), self._expr(otherwise))
            case Monus() | MulDiv():
                raise TypeError("contract arithmetic reached the solver: `relax` comes first")


def _relate(left: Any, rel: Rel, right: Any) -> Any:
    match rel:
        case Rel.LT:
            return left < right
        case Rel.LE:
            return left <= right
        case Rel.GE:
            return left >= right
        case Rel.GT:
            return left > right
        case Rel.EQ:
            return left == right
