"""Whether a formula holds where its expressions have values that somebody computes, in whatever numbers."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import TypeVar

from stratc_compiler.expr import And, Cmp, Expr, Formula, Not, Or, Rel

Value = TypeVar("Value", Decimal, Fraction)


def holds(formula: Formula, of: Callable[[Expr], Value]) -> bool:
    match formula:
        case Cmp(left, rel, right):
            by = of(left) - of(right)
            return {Rel.LT: by < 0, Rel.LE: by <= 0, Rel.GE: by >= 0, Rel.GT: by > 0, Rel.EQ: by == 0}[rel]
        case And(operands):
            return all(holds(one, of) for one in operands)
        case Or(operands):
            return any(holds(one, of) for one in operands)
        case Not(operand):
            return not holds(operand, of)
