"""Queries as SMT-LIB 2 text: what the solver is asked, what a certificate stores and what its checker reads."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from fractions import Fraction

from stratc_compiler.expr import Add, And, Cmp, Expr, Formula, Mul, Not, Num, Or, Rel, Sub, Var, variables


def script(formulas: Sequence[Formula], declared: Collection[str] = ()) -> str:
    """The assertion of every formula, a line each, and before them what they speak of. Equal formulas, equal text."""
    names = sorted({var.name for formula in formulas for var in variables(formula)}.difference(declared))
    return "".join(
        [
            *(f"(declare-const |{name}| Real)\n" for name in names),
            *(f"(assert {_formula(formula)})\n" for formula in formulas),
        ]
    )


def _formula(formula: Formula) -> str:
    match formula:
        case Cmp(left, rel, right):
            return f"({'=' if rel is Rel.EQ else rel.value} {_expr(left)} {_expr(right)})"
        case And(()):
            return "true"
        case Or(()):
            return "false"
        case And(operands):
            return f"(and {' '.join(map(_formula, operands))})"
        case Or(operands):
            return f"(or {' '.join(map(_formula, operands))})"
        case Not(operand):
            return f"(not {_formula(operand)})"


def _expr(expr: Expr) -> str:
    match expr:
        case Num(value):
            return _number(value)
        case Var(name):
            return f"|{name}|"
        case Add(left, right):
            return f"(+ {_expr(left)} {_expr(right)})"
        case Sub(left, right):
            return f"(- {_expr(left)} {_expr(right)})"
        case Mul(left, right):
            return f"(* {_expr(left)} {_expr(right)})"
        case other:
            raise TypeError(f"contract arithmetic reached the solver, `relax` comes first: {type(other).__name__}")


def _number(value: Fraction) -> str:
    size = (
        f"{abs(value.numerator)}.0" if value.denominator == 1 else f"(/ {abs(value.numerator)}.0 {value.denominator}.0)"
    )
    return f"(- {size})" if value < 0 else size
