"""Derivatives of the model's own expressions in the relative move of a price: `x * d/dx`, which leaves the dimension.

Rounding: what is differentiated is the function without its roundings. Each term of the result is rounded where the
term that it is derived of is, and the same way, so it is off by what its own divisions and roots round, and by no more.
A value that is proportional to the price is its own derivative, to the last unit. At a joint (`If`, `Min`, `Monus`) it
is the derivative of the side that the expression takes there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction

from stratc_compiler.expr import (
    Add,
    Cmp,
    Combination,
    Expr,
    Formula,
    If,
    Min,
    Monus,
    Mul,
    MulDiv,
    Num,
    Rel,
    Root,
    Sub,
    Var,
    dim_of,
    zero,
)
from stratc_dsl.record import Record


class Slope(Record):
    """The derivative in the relative move of some prices, which move together; all other variables stand still."""

    prices: frozenset[str]
    definitions: Mapping[str, Expr]

    def of_all(self, combination: Combination) -> Combination:
        """The derivative of a sum."""
        return summed((weight, self.of(term)) for term, weight in combination.items())

    def of(self, expr: Expr) -> Combination:
        """The derivative: a sum of quantities of the expression's dimension, none of them with weight zero."""
        match expr:
            case Num():
                return {}
            case Var(name):
                return self._of_variable(expr, name)
            case Add(left, right) | Sub(left, right) | Monus(left, right) | Min(left, right):
                return self._of_two(expr, left, right)
            case If(condition, then, otherwise):
                return _branch(condition, self.of(then), self.of(otherwise))
            case Mul(left, right):
                return summed(
                    (
                        (_ONE, self._through(left, expr, lambda term: Mul(term, right))),
                        (_ONE, self._through(right, expr, lambda term: Mul(left, term))),
                    )
                )
            case MulDiv(left, right, divisor, rounding):
                # (l r / d)' = l' r / d + l r' / d - (l r / d) d' / d
                return summed(
                    (
                        (_ONE, self._through(left, expr, lambda term: MulDiv(term, right, divisor, rounding))),
                        (_ONE, self._through(right, expr, lambda term: MulDiv(left, term, divisor, rounding))),
                        (-_ONE, self._through(divisor, expr, lambda term: MulDiv(expr, term, divisor, rounding))),
                    )
                )
            case Root(left, right, rounding):
                # sqrt(l r)' = (l' r + l r') / (2 sqrt(l r))
                return summed(
                    (
                        (_HALF, self._through(left, expr, lambda term: MulDiv(term, right, expr, rounding))),
                        (_HALF, self._through(right, expr, lambda term: MulDiv(left, term, expr, rounding))),
                    )
                )

    def _of_two(self, expr: Add | Sub | Monus | Min, left: Expr, right: Expr) -> Combination:
        first, second = self.of(left), self.of(right)
        degree = _degree(left, first)
        if degree is not None and degree == _degree(right, second):
            return _weighted(expr, degree)
        match expr:
            case Add():
                return summed(((_ONE, first), (_ONE, second)))
            case Sub():
                return summed(((_ONE, first), (-_ONE, second)))
            case Monus():
                return _branch(Cmp(left, Rel.GE, right), summed(((_ONE, first), (-_ONE, second))), {})
            case Min():
                return _branch(Cmp(left, Rel.LE, right), first, second)

    def _of_variable(self, variable: Var, name: str) -> Combination:
        if name in self.prices:
            return {variable: _ONE}
        if name not in self.definitions:
            return {}
        definition = self.definitions[name]
        derived = self.of(definition)
        degree = _degree(definition, derived)
        return derived if degree is None else _weighted(variable, degree)

    def _through(self, part: Expr, whole: Expr, with_part: Callable[[Expr], Expr]) -> Combination:
        """What the derivative of one factor gives to that of the whole, `with_part` of it in the factor's place.

        A factor that is proportional to a power of the price gives that many times the whole: nothing is divided anew.
        """
        derived = self.of(part)
        degree = _degree(part, derived)
        if degree is not None:
            return _weighted(whole, degree)
        return {with_part(term): weight for term, weight in derived.items()}


_ONE, _HALF = Fraction(1), Fraction(1, 2)


def _degree(expr: Expr, derived: Combination) -> Fraction | None:
    """k where the expression is proportional to the price's k-th power, as far as its derivative shows; else None."""
    if not derived:
        return Fraction(0)
    return derived[expr] if list(derived) == [expr] else None


def _weighted(expr: Expr, weight: Fraction) -> Combination:
    return {expr: weight} if weight else {}


def summed(parts: Iterable[tuple[Fraction, Combination]]) -> Combination:
    """The sum of combinations, each times its weight, without what cancels out."""
    total: Combination = {}
    for factor, combination in parts:
        for term, weight in combination.items():
            total[term] = total.get(term, Fraction(0)) + factor * weight
    return {term: weight for term, weight in total.items() if weight}


def _branch(condition: Formula, then: Combination, otherwise: Combination) -> Combination:
    """`then` where the condition holds, else `otherwise`. Terms of one weight share a choice."""
    if then == otherwise:
        return then
    rest = list(otherwise.items())
    chosen: list[tuple[Fraction, Combination]] = []
    for term, weight in then.items():
        other = next((one for one in rest if one[1] == weight), None)
        if other is not None:
            rest.remove(other)
        instead = zero(dim_of(term)) if other is None else other[0]
        chosen.append((weight, {If(condition, term, instead): _ONE}))
    chosen += [(weight, {If(condition, zero(dim_of(term)), term): _ONE}) for term, weight in rest]
    return summed(chosen)
