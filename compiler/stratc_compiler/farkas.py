"""Why linear rows contradict each other: multipliers under which they add up to what cannot be, in exact fractions.

Rows that contradict each other, none of them dispensable, have such multipliers in one way only, up to a factor: they
span the null space of the rows' coefficients. That is elimination, no search; the solver is asked where some row is
dispensable after all.
"""

from __future__ import annotations

from fractions import Fraction

from stratc_checker.polynomial import Monomial
from stratc_compiler import smt
from stratc_compiler.expr import And, Cmp, Expr, Formula, Mul, Or, Plain, Rel, number, total
from stratc_compiler.relax import ZERO, real
from stratc_compiler.rows import Row

Multipliers = list[tuple[Fraction, Row]]
Equation = dict[int, Fraction]
"""Coefficients by the number of the row whose multiplier they belong to; they add up to zero."""


def multipliers(rows: list[Row], rlimit: int) -> Multipliers | None:
    """Multipliers that refute the rows, none of them zero; None where the rows do not contradict each other."""
    found = _direction(rows)
    if found is None:
        found = _asked(rows, rlimit)
    return None if found is None else [(value, row) for value, row in zip(found, rows, strict=True) if value]


def _direction(rows: list[Row]) -> list[Fraction] | None:
    """The one direction of the null space, if it is one and refutes."""
    solved = _solved(_equations(rows))
    free = [index for index in range(len(rows)) if index not in solved]
    if len(free) != 1:
        return None
    one = Fraction(1)
    values = [one if index == free[0] else -solved[index].get(free[0], Fraction(0)) for index in range(len(rows))]
    return next((way for way in (values, [-value for value in values]) if _refutes(way, rows)), None)


def _equations(rows: list[Row]) -> list[Equation]:
    """What multipliers have to satisfy for every monomial to vanish, the shortest first."""
    equations: dict[Monomial, Equation] = {}
    for index, row in enumerate(rows):
        for monomial, coefficient in row.polynomial.items():
            if monomial:
                equations.setdefault(monomial, {})[index] = coefficient
    return sorted(equations.values(), key=len)


def _solved(equations: list[Equation]) -> dict[int, Equation]:
    """Gauss-Jordan: every pivot's number with its equation, in which its own coefficient is 1 and no other pivot is."""
    solved: dict[int, Equation] = {}
    for equation in equations:
        left = dict(equation)
        for pivot in [index for index in left if index in solved]:
            _subtract(left, solved[pivot], left[pivot])
        if not left:
            continue
        pivot = min(left, key=lambda index: (left[index].denominator, index))
        scaled = {index: value / left[pivot] for index, value in left.items()}
        for other in solved.values():
            if pivot in other:
                _subtract(other, scaled, other[pivot])
        solved[pivot] = scaled
    return solved


def _subtract(equation: Equation, other: Equation, times: Fraction) -> None:
    for index, value in other.items():
        left = equation.get(index, Fraction(0)) - times * value
        if left:
            equation[index] = left
        else:
            equation.pop(index, None)


def _refutes(values: list[Fraction], rows: list[Row]) -> bool:
    if any(value < 0 for value, row in zip(values, rows, strict=True) if row.relation != "="):
        return False
    constant = sum((v * row.polynomial.get((), Fraction(0)) for v, row in zip(values, rows, strict=True)), Fraction(0))
    strict = any(value and row.relation == ">" for value, row in zip(values, rows, strict=True))
    return constant < 0 or (constant == 0 and strict)


def _asked(rows: list[Row], rlimit: int) -> list[Fraction] | None:
    """The same by the solver: whether multipliers exist is a question of linear arithmetic too."""
    unknowns = [real(f"multiplier#{index}") for index in range(len(rows))]
    pairs = list(zip(unknowns, rows, strict=True))
    wanted: list[Formula] = [Cmp(unknown, Rel.GE, ZERO) for unknown, row in pairs if row.relation != "="]
    for equation in _equations(rows):
        wanted.append(Cmp(_sum([Mul(number(c), unknowns[i]) for i, c in equation.items()]), Rel.EQ, ZERO))
    constant = _sum([Mul(number(row.polynomial.get((), 0)), unknown) for unknown, row in pairs])
    strict = _sum([unknown for unknown, row in pairs if row.relation == ">"])
    negative = Cmp(constant, Rel.EQ, number(-1))
    strictly = And((Cmp(constant, Rel.EQ, ZERO), Cmp(strict, Rel.EQ, number(1))))
    answer = smt.Query((*wanted, Or((negative, strictly))), rlimit).solve()
    if not isinstance(answer, smt.Sat):
        return None
    return [answer.values.get(unknown.name, Fraction(0)) for unknown in unknowns]


def _sum(terms: list[Expr]) -> Expr:
    return total(tuple(terms), Plain.NUMBER)
