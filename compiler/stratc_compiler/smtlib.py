"""Queries as SMT-LIB 2 text: what the solver is asked, what a certificate stores and what its checker reads."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from fractions import Fraction

from msgspec import Struct, field

from stratc_compiler.expr import Add, And, Cmp, Expr, Formula, Mul, Not, Num, Or, Rel, Sub, Var
from stratc_dsl.record import Record


def script(formulas: Sequence[Formula], declared: Collection[str] = ()) -> str:
    """The assertion of every formula, a line each, and before them what they speak of. Equal formulas, equal text."""
    return Printer().script(formulas, declared).text


class Script(Record):
    """Declarations and assertions, a line each, and every variable that they speak of."""

    text: str
    names: frozenset[str]


class _Line(Struct):
    """The assertion of a formula, and the variables in it. Holds the formula, which is known by its identity."""

    formula: Formula
    text: str
    names: set[str]


class Printer(Struct):
    """Prints scripts. A formula that stands in several of them, as most that obligations know do, is printed once."""

    _lines: dict[int, _Line] = field(default_factory=dict)

    def script(self, formulas: Sequence[Formula], declared: Collection[str] = ()) -> Script:
        """The assertion of every formula, and before them what they speak of and was not `declared` yet."""
        lines = [self._line(formula) for formula in formulas]
        names = frozenset[str]().union(*(line.names for line in lines))
        declarations = [f"(declare-const |{name}| Real)\n" for name in sorted(names.difference(declared))]
        return Script("".join([*declarations, *(line.text for line in lines)]), names)

    def _line(self, formula: Formula) -> _Line:
        line = self._lines.get(id(formula))
        if line is None:
            names: set[str] = set()
            line = self._lines[id(formula)] = _Line(formula, f"(assert {_formula(formula, names)})\n", names)
        return line


def _formula(formula: Formula, names: set[str]) -> str:
    """The formula as text. Adds its variables to `names`, as `_expr` does."""
    match formula:
        case Cmp(left, rel, right):
            return f"({'=' if rel is Rel.EQ else rel.value} {_expr(left, names)} {_expr(right, names)})"
        case And(()):
            return "true"
        case Or(()):
            return "false"
        case And(operands):
            return f"(and {' '.join([_formula(operand, names) for operand in operands])})"
        case Or(operands):
            return f"(or {' '.join([_formula(operand, names) for operand in operands])})"
        case Not(operand):
            return f"(not {_formula(operand, names)})"


def _expr(expr: Expr, names: set[str]) -> str:
    match expr:
        case Num(value):
            return decimal(value)
        case Var(name):
            names.add(name)
            return f"|{name}|"
        case Add(left, right):
            return f"(+ {_expr(left, names)} {_expr(right, names)})"
        case Sub(left, right):
            return f"(- {_expr(left, names)} {_expr(right, names)})"
        case Mul(left, right):
            return f"(* {_expr(left, names)} {_expr(right, names)})"
        case other:
            raise TypeError(f"contract arithmetic reached the solver, `relax` comes first: {type(other).__name__}")


def decimal(value: Fraction) -> str:
    """A number as SMT-LIB writes it, exactly."""
    size = (
        f"{abs(value.numerator)}.0" if value.denominator == 1 else f"(/ {abs(value.numerator)}.0 {value.denominator}.0)"
    )
    return f"(- {size})" if value < 0 else size
