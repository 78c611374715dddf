"""Why linear rows contradict each other: multipliers under which they add up to what cannot be, in exact fractions.

Rows that contradict each other, none of them dispensable, have such multipliers in one way only, up to a factor: they
span the null space of the rows' coefficients. That is elimination, no search; the solver is asked where some row is
dispensable after all.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import gcd, lcm

from stratc_checker.polynomial import Monomial
from stratc_compiler import smt
from stratc_compiler.expr import And, Cmp, Expr, Formula, Mul, Or, Plain, Rel, number, total
from stratc_compiler.relax import ZERO, real
from stratc_compiler.rows import Row

Multipliers = list[tuple[Fraction, Row]]
Equation = dict[int, int]
"""Coefficients, in sum zero, by the number of the row whose multiplier they belong to. Integers: fractions are slow."""


def multipliers(rows: list[Row], rlimit: int) -> Multipliers | None:
    """Multipliers that refute the rows, none of them zero; None where the rows do not contradict each other."""
    found: Sequence[Fraction | int] | None = _direction(rows) or _asked(rows, rlimit)
    return None if found is None else _used(found, rows)


def only_multipliers(rows: list[Row]) -> Multipliers | None:
    """The same where the rows have them in one way only; None, too, where they have them in several. Asks no solver."""
    found = _direction(rows)
    return None if found is None else _used(found, rows)


def _used(found: Sequence[Fraction | int], rows: list[Row]) -> Multipliers:
    return [(Fraction(value), row) for value, row in zip(found, rows, strict=True) if value]


def _direction(rows: list[Row]) -> Sequence[int] | None:
    """The one direction of the null space, if it is one and refutes; as small as integers can be."""
    lone, others = _lone(_equations(rows))
    solved = lone | eliminated(sorted(others, key=len))
    free = [index for index in range(len(rows)) if index not in solved]
    if len(free) != 1:
        return None
    values = _satisfying(solved, free[0], len(rows))
    found = next((way for way in (values, [-value for value in values]) if _refutes(way, rows)), None)
    if found is None:
        return None
    multiples = [value * row.divisor for value, row in zip(found, rows, strict=True)]
    common = gcd(*multiples)
    return [value // common for value in multiples]


def _satisfying(solved: dict[int, Equation], free: int, count: int) -> list[int]:
    """Multipliers of the integers of so many rows that satisfy the equations."""
    known = {free: (1, 1)}  # numerators and denominators: fractions are slow
    for pivot, equation in reversed(solved.items()):
        others = [(times, *known[index]) for index, times in equation.items() if index != pivot]
        below = lcm(*(divisor for _, _, divisor in others))
        above = -sum(times * value * (below // divisor) for times, value, divisor in others)
        below *= equation[pivot]
        common = gcd(above, below)
        known[pivot] = above // common, below // common
    whole = lcm(*(divisor for _, divisor in known.values()))
    return [value * (whole // divisor) for value, divisor in (known[index] for index in range(count))]


def _equations(rows: list[Row]) -> list[Equation]:
    """What multipliers of the rows' integers have to satisfy for every monomial to vanish."""
    equations: dict[Monomial, Equation] = {}
    for index, row in enumerate(rows):
        for monomial, coefficient in row.coefficients.items():
            if monomial:
                equations.setdefault(monomial, {})[index] = coefficient
    return list(equations.values())


def eliminated(equations: Sequence[Equation]) -> dict[int, Equation]:
    """Gauss: every pivot's number with its equation, in which no pivot before it is.

    A number below zero is a pivot only where an equation speaks of nothing else.
    """
    solved: dict[int, Equation] = {}
    for equation in equations:
        left = equation
        for pivot, other in solved.items():
            if pivot in left:
                left = _without(pivot, left, other)
        if left:
            solved[min(left, key=lambda index: (index < 0, abs(left[index]), index))] = left
    return solved


def _lone(equations: Sequence[Equation]) -> tuple[dict[int, Equation], list[Equation]]:
    """Pivots that no equation left over and no later pivot's speaks of, with their equations; and those left over.

    Nothing has to be eliminated for what only one equation speaks of, and half of the equations are done with by that.
    """
    speaking: dict[int, set[int]] = {}
    for place, equation in enumerate(equations):
        for index in equation:
            speaking.setdefault(index, set()).add(place)
    left = dict(enumerate(equations))
    ready = [index for index, numbers in speaking.items() if len(numbers) == 1 and index >= 0]
    solved: dict[int, Equation] = {}
    while ready:
        pivot = ready.pop()
        if not speaking[pivot]:
            continue  # another pivot of the same equation came first
        (place,) = speaking[pivot]
        solved[pivot] = left.pop(place)
        for index in solved[pivot]:
            speaking[index].discard(place)
            if len(speaking[index]) == 1 and index >= 0:
                ready.append(index)
    return solved, list(left.values())


def _without(pivot: int, equation: Equation, other: Equation) -> Equation:
    """What two equations say that does not speak of the pivot."""
    times, by = equation[pivot], other[pivot]
    sums = {index: value * by for index, value in equation.items()}
    for index, value in other.items():
        sums[index] = sums.get(index, 0) - times * value
    common = gcd(*sums.values()) or 1
    return {index: value // common for index, value in sums.items() if value}


def _refutes(values: list[int], rows: list[Row]) -> bool:
    if any(value < 0 for value, row in zip(values, rows, strict=True) if row.relation != "="):
        return False
    constant = sum(value * row.coefficients.get((), 0) for value, row in zip(values, rows, strict=True))
    strict = any(value and row.relation == ">" for value, row in zip(values, rows, strict=True))
    return constant < 0 or (constant == 0 and strict)


def _asked(rows: list[Row], rlimit: int) -> list[Fraction] | None:
    """The same by the solver: whether multipliers exist is a question of linear arithmetic too."""
    unknowns = [real(f"multiplier#{index}") for index in range(len(rows))]
    pairs = list(zip(unknowns, rows, strict=True))
    wanted: list[Formula] = [Cmp(unknown, Rel.GE, ZERO) for unknown, row in pairs if row.relation != "="]
    for equation in _equations(rows):
        wanted.append(Cmp(_sum([Mul(number(c), unknowns[i]) for i, c in equation.items()]), Rel.EQ, ZERO))
    constant = _sum([Mul(number(row.coefficients.get((), 0)), unknown) for unknown, row in pairs])
    strict = _sum([unknown for unknown, row in pairs if row.relation == ">"])
    negative = Cmp(constant, Rel.EQ, number(-1))
    strictly = And((Cmp(constant, Rel.EQ, ZERO), Cmp(strict, Rel.EQ, number(1))))
    answer = smt.Query((*wanted, Or((negative, strictly))), rlimit).solve()
    if not isinstance(answer, smt.Sat):
        return None
    return [answer.values.get(unknown.name, Fraction(0)) * row.divisor for unknown, row in pairs]


def _sum(terms: list[Expr]) -> Expr:
    return total(tuple(terms), Plain.NUMBER)
