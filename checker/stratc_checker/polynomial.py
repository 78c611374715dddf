"""Polynomials with exact rational coefficients."""

from __future__ import annotations

from fractions import Fraction

Monomial = tuple[str, ...]
"""Variable names in order, a square twice; the empty one is the constant."""

Polynomial = dict[Monomial, Fraction]
"""Coefficients by monomial; none is zero."""

ONE = Fraction(1)


def constant(value: Fraction) -> Polynomial:
    return {(): value} if value else {}


def accumulate(total: Polynomial, other: Polynomial, times: Fraction = ONE) -> None:
    """Add `times * other` to `total`, in place."""
    for monomial, coefficient in other.items():
        value = coefficient if times == 1 else coefficient * times
        if monomial in total:
            value += total[monomial]
        if value:
            total[monomial] = value
        else:
            total.pop(monomial, None)


def negated(polynomial: Polynomial) -> Polynomial:
    return {monomial: -coefficient for monomial, coefficient in polynomial.items()}


def multiply(left: Polynomial, right: Polynomial) -> Polynomial:
    result: Polynomial = {}
    for monomial, coefficient in left.items():
        shifted = {tuple(sorted(monomial + other)) if other else monomial: value for other, value in right.items()}
        accumulate(result, shifted, coefficient)
    return result
