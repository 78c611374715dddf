"""The exact point that a floating-point solver means: where it takes rows to bind, they are zero.

It is computed by elimination in integers, and believed only once every row is seen to hold there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from stratc_checker.polynomial import Monomial
from stratc_compiler.farkas import Equation, eliminated
from stratc_compiler.lp import UNIT, Basis
from stratc_compiler.rows import Row

_ONE, _SLACK = -1, 0
"""Unknowns beside the monomials: what constants are coefficients of, and how far strict rows are from zero."""

Values = dict[Monomial, Fraction]


def vertex(rows: Sequence[Row], basis: Basis) -> Values | None:
    """Values of the monomials at which every row holds; None where the basis does not lead to such."""
    monomials = dict.fromkeys(monomial for row in rows for monomial in row.coefficients if monomial)
    unknowns = {monomial: index for index, monomial in enumerate(monomials, 1)}
    equations = [{unknowns[monomial]: 1} for monomial in basis.zero if monomial in unknowns]
    equations += [{_SLACK: 1, _ONE: -UNIT}] if basis.most_slack else []
    equations += [_equation(row, unknowns) for row in basis.rows]
    values = _solution(eliminated(equations), unknowns)
    return values if values is not None and all(holds(row.coefficients, row.relation, values) for row in rows) else None


def _equation(row: Row, unknowns: dict[Monomial, int]) -> Equation:
    equation = {unknowns[monomial] if monomial else _ONE: value for monomial, value in row.coefficients.items()}
    return equation | {_SLACK: -row.divisor} if row.relation == ">" else equation


def _solution(solved: dict[int, Equation], unknowns: dict[Monomial, int]) -> Values | None:
    """What no equation speaks of is zero; None where the equations contradict each other."""
    if _ONE in solved:
        return None
    known = {_ONE: Fraction(1)}
    for pivot, equation in reversed(solved.items()):
        others = (times * known[index] for index, times in equation.items() if index in known)
        known[pivot] = -sum(others, Fraction(0)) / equation[pivot]
    return {monomial: known.get(index, Fraction(0)) for monomial, index in unknowns.items()}


def holds(polynomial: Mapping[Monomial, Fraction | int], relation: str, values: Values) -> bool:
    """Whether `polynomial relation 0`, each monomial taken for an unknown of its own; what has no value is zero."""
    terms = (times * (values.get(monomial, 0) if monomial else 1) for monomial, times in polynomial.items())
    value = sum(terms, Fraction(0))
    return value == 0 if relation == "=" else value > 0 if relation == ">" else value >= 0
