"""A linear relaxation in floating point: fast, and believed by nobody. What it finds is a hint; others compute exactly.

Strict rows are kept `slack` apart from zero, and the largest slack is looked for: where it is zero, strict rows
contradict the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import highspy
import numpy as np
from numpy.typing import NDArray

from stratc_checker.polynomial import Monomial
from stratc_compiler.rows import Row
from stratc_dsl.record import Record

TINY = 1e-9
"""Slacks and multipliers below this are taken for zero."""

UNIT = 1_024
"""So many units of account are one here. All is worth some 10^6 of them and more, a rounding one, and tolerances are
absolute: in a unit between the two, what is left of large sums by rounding is below them, and a rounding is not."""

STEEP = 1e3
"""What a slack of 1 is worth to the solver. Its tolerance for the signs of multipliers is absolute, and those of dust
are 10^-12 of those of whole positions: at 1 it leaves some with the wrong sign, and the exact solver is asked."""

# Virtual shares of a base token with few decimals are coefficients that HiGHS would refuse, and the row with them.
OPTIONS = (
    ("output_flag", False),
    ("presolve", "off"),
    ("solver", "simplex"),
    ("threads", 1),
    ("large_matrix_value", 1e30),
    # Ten digits are more than it can keep to; with its own seven, rows are named that do not contradict each other.
    ("primal_feasibility_tolerance", 1e-9),
    ("dual_feasibility_tolerance", 1e-9),
)

MOST = 10**30
"""Coefficients from here on HiGHS refuses (`large_matrix_value`), and all rows that are added with them."""

FARTHEST = 10**20
"""And bounds from here on, which it takes for infinite (`infinite_bound`)."""

Vector = NDArray[np.float64]


class Contradiction(Record):
    """Numbers of active rows that seem to contradict each other: those with a multiplier that is not tiny."""

    rows: list[int]


class Point(Record):
    """A point that seems to satisfy the active rows: the value of every row's polynomial there, active or not."""

    values: Vector


class Basis(Record):
    """Where the solver stands: rows that bind, monomials that it left at zero, and whether the slack is at its most."""

    rows: list[Row]
    zero: list[Monomial]
    most_slack: bool


class Relaxation:
    """Rows by number, each of which can be switched on and off."""

    def __init__(self) -> None:
        self._solver: Any = highspy.Highs()  # type: ignore[no-untyped-call]
        for option, value in OPTIONS:
            self._solver.setOptionValue(option, value)
        self._columns: dict[Monomial, int] = {}
        self._slack = 0
        self._solver.addCol(-STEEP, -highspy.kHighsInf, 1.0, 0, np.empty(0, np.int32), np.empty(0))
        self._rows: list[Row] = []
        self._least: list[float] = []  # of each row, where it is switched on
        self._strict: list[bool] = []

    @property
    def size(self) -> int:
        return len(self._rows)

    def row(self, number: int) -> Row:
        return self._rows[number]

    def add(self, rows: Sequence[Row], active: bool) -> list[int]:
        """The numbers that the rows are known by from now on."""
        first = self.size
        self._add_columns(monomial for row in rows for monomial in row.coefficients if monomial)
        entries = [self._entries(row) for row in rows]
        starts = np.cumsum([0, *map(len, entries)])[:-1].astype(np.int32)
        columns = np.array([column for entry in entries for column, _ in entry], np.int32)
        values = np.array([value for entry in entries for _, value in entry])
        self._rows += rows
        self._least += map(_bound_of, rows)
        self._strict += [row.relation == ">" for row in rows]
        bounds = [self._bounds(number) if active else _FREE for number in range(first, self.size)]
        lower, upper = np.array(bounds).reshape(-1, 2).T
        self._solver.addRows(len(rows), lower.copy(), upper.copy(), len(columns), starts, columns, values)
        return list(range(first, self.size))

    def _entries(self, row: Row) -> list[tuple[int, float]]:
        if not _is_told(row):
            return []
        terms = row.coefficients.items()
        entries = [(self._columns[monomial], value / row.divisor) for monomial, value in terms if monomial]
        return [*entries, (self._slack, -1.0)] if row.relation == ">" else entries

    def _add_columns(self, monomials: Iterable[Monomial]) -> None:
        for monomial in monomials:
            if monomial not in self._columns:
                self._columns[monomial] = len(self._columns) + 1
                self._solver.addCol(0.0, -highspy.kHighsInf, highspy.kHighsInf, 0, np.empty(0, np.int32), np.empty(0))

    def forget(self, size: int) -> None:
        """Drop the rows from number `size` on."""
        if self.size > size:
            self._solver.deleteRows(self.size - size, np.arange(size, self.size, dtype=np.int32))
            del self._rows[size:], self._least[size:], self._strict[size:]

    def switch(self, numbers: Iterable[int], on: bool) -> None:
        for number in numbers:
            self._solver.changeRowBounds(number, *(self._bounds(number) if on else _FREE))

    def _bounds(self, number: int) -> tuple[float, float]:
        least = self._least[number]
        if least == -highspy.kHighsInf:
            return _FREE
        return least, least if self._rows[number].relation == "=" else highspy.kHighsInf

    def hints(self) -> Iterator[Contradiction | Point | None]:
        """What the floating-point solver says, from where it was; then from the beginning, then without scaling.

        None where it cannot tell. Where it stands by what was asked of it before, it may name rows that do not
        contradict each other, and seldom names such twice.
        """
        yield self._solved()
        for scaling in (_SCALED, _UNSCALED):
            self._solver.setOptionValue("simplex_scale_strategy", scaling)
            self._solver.clearSolver()
            hint = self._solved()
            self._solver.setOptionValue("simplex_scale_strategy", _SCALED)
            yield hint

    def _solved(self) -> Contradiction | Point | None:
        self._solver.run()
        status = self._solver.getModelStatus()
        if status == highspy.HighsModelStatus.kInfeasible:
            _, found, ray = self._solver.getDualRay()
            return self._contradiction(np.array(ray)) if found else None
        if status != highspy.HighsModelStatus.kOptimal:
            return None
        solution = self._solver.getSolution()
        slack = solution.col_value[self._slack]
        if slack < TINY:
            return self._contradiction(np.array(solution.row_dual))
        return Point(np.array(solution.row_value) - np.array(self._least) + slack * np.array(self._strict))

    def _contradiction(self, multipliers: Vector) -> Contradiction:
        sizes = np.abs(multipliers)
        large = sizes > TINY * sizes.max(initial=0.0)
        return Contradiction(np.nonzero(large)[0].tolist())

    def values(self) -> dict[Monomial, float]:
        """The point of what was solved last, in units of account."""
        found = self._solver.getSolution().col_value
        return {monomial: found[column] * UNIT for monomial, column in self._columns.items()}

    def binding(self) -> list[int]:
        """The numbers of the rows that bind, of what was solved last.

        Among them are those of a contradiction whose multiplier the solver cannot tell from zero: multipliers of dust
        are of another size than those of whole positions.
        """
        return [int(number) for number in np.nonzero(_at_bounds(self._solver.getBasis().row_status))[0]]

    def basis(self) -> Basis:
        """Of what was solved last."""
        found = self._solver.getBasis()
        computed = [status == highspy.HighsBasisStatus.kBasic for status in found.col_status]
        zero = [monomial for monomial, column in self._columns.items() if not computed[column]]
        return Basis([self._rows[number] for number in self.binding()], zero, most_slack=not computed[self._slack])


def _is_told(row: Row) -> bool:
    """Whether HiGHS takes the row. Any other has no coefficient there and never binds: hints know nothing of it."""
    terms = row.coefficients.items()
    return all(abs(value) < (MOST if monomial else FARTHEST * UNIT) * row.divisor for monomial, value in terms)


def _bound_of(row: Row) -> float:
    """What the row without its constant has to be at least, where it is switched on."""
    return -row.coefficients.get((), 0) / row.divisor / UNIT if _is_told(row) else -highspy.kHighsInf


def _at_bounds(statuses: Sequence[Any]) -> NDArray[np.bool_]:
    """Neither computed from others nor, as what has no bounds can be, left at zero."""
    bounds = (highspy.HighsBasisStatus.kLower, highspy.HighsBasisStatus.kUpper)
    return np.array([status in bounds for status in statuses], bool)


_SCALED, _UNSCALED = 2, 0
"""HiGHS's `simplex_scale_strategy`: what it does unless told, and none."""

_FREE = (-highspy.kHighsInf, highspy.kHighsInf)
