"""Polynomials with exact rational coefficients."""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction
from math import lcm
from typing import TypeVar

Monomial = tuple[str, ...]
"""Variable names in order, a square twice; the empty one is the constant."""

Polynomial = dict[Monomial, Fraction]
"""Coefficients by monomial; none is zero."""

Number = TypeVar("Number", int, Fraction)

Whole = tuple[int, dict[Monomial, int]]
"""A divisor, which is positive, and integer coefficients: ten times as fast to add up as fractions are."""

ONE = Fraction(1)


def constant(value: Fraction) -> Polynomial:
    return {(): value} if value else {}


def accumulate(total: dict[Monomial, Number], other: dict[Monomial, Number]) -> None:
    """Add `other` to `total`, in place."""
    for monomial, value in other.items():
        if monomial in total:
            value += total[monomial]
        if value:
            total[monomial] = value
        else:
            total.pop(monomial, None)


def negated(polynomial: Polynomial) -> Polynomial:
    return {monomial: -coefficient for monomial, coefficient in polynomial.items()}


def multiply(left: dict[Monomial, Number], right: dict[Monomial, Number]) -> dict[Monomial, Number]:
    result: dict[Monomial, Number] = {}
    for monomial, coefficient in left.items():
        accumulate(result, {_times(monomial, other): coefficient * value for other, value in right.items()})
    return result


def _times(one: Monomial, other: Monomial) -> Monomial:
    return tuple(sorted(one + other)) if one and other else one or other


def whole(polynomial: Polynomial) -> Whole:
    divisor = lcm(*(coefficient.denominator for coefficient in polynomial.values()))
    return divisor, {
        monomial: coefficient.numerator * (divisor // coefficient.denominator)
        for monomial, coefficient in polynomial.items()
    }


def combination(terms: list[tuple[int, int, Whole]]) -> Polynomial:
    """The sum of multiples of polynomials, each by a numerator and a denominator, which is positive."""
    divisor = lcm(*{denominator * below for _, denominator, (below, _) in terms})
    total: defaultdict[Monomial, int] = defaultdict(int)
    for numerator, denominator, (below, coefficients) in terms:
        times = numerator * (divisor // (denominator * below))
        for monomial, coefficient in coefficients.items():
            total[monomial] += times * coefficient
    return {monomial: Fraction(value, divisor) for monomial, value in total.items() if value}
