"""The model's expressions and formulas as terms: what the proofs speak of. Knows nothing of how they are printed."""

from __future__ import annotations

from collections.abc import Mapping

from library_proofs.terms import Term, both, ceiling, choice, difference, either, equal, least, negated, number
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
    Root,
    Rounding,
    Sub,
    Var,
)


def quantity(expr: Expr, names: Mapping[str, Term]) -> Term:
    """The expression's value, over unbounded integers."""

    def of(part: Expr) -> Term:
        return quantity(part, names)

    match expr:
        case Num(value):
            assert value.denominator == 1, f"{value} is no integer"
            return number(value.numerator)
        case Var(name):
            return names[name]
        case Add(left, right):
            return of(left) + of(right)
        case Sub(left, right):
            return of(left) - of(right)
        case Mul(left, right):
            return of(left) * of(right)
        case Monus(left, right):
            return difference(of(left), of(right))
        case Min(left, right):
            return least(of(left), of(right))
        case MulDiv(left, right, divisor, rounding):
            product = of(left) * of(right)
            return product // of(divisor) if rounding is Rounding.DOWN else ceiling(product, of(divisor))
        case Root():
            raise NotImplementedError("no theorem speaks of square roots yet")
        case If(condition, then, otherwise):
            return choice(truth(condition, names), of(then), of(otherwise))


def truth(formula: Formula, names: Mapping[str, Term]) -> Term:
    """Whether the formula holds."""
    match formula:
        case Cmp(left, relation, right):
            return _compared(quantity(left, names), relation, quantity(right, names))
        case And(operands):
            return both(*(truth(one, names) for one in operands))
        case Or(operands):
            return either(*(truth(one, names) for one in operands))
        case Not(operand):
            return negated(truth(operand, names))


def _compared(left: Term, relation: Rel, right: Term) -> Term:
    match relation:
        case Rel.LT:
            return left < right
        case Rel.LE:
            return left <= right
        case Rel.GE:
            return left >= right
        case Rel.GT:
            return left > right
        case Rel.EQ:
            return equal(left, right)
