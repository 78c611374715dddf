"""Two numbers assumed, pushed together: which verdicts a strategy gets in the plane between them.

Whatever a milder assumption allows a harsher one allows, too. So where all is proved all is proved of milder pairs,
and where something is refuted it is of harsher ones: along each row only the borders are looked for. (`consistent`,
of which that is not so, is asked there as well.)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from typing import Literal

from stratc_compiler import driver
from stratc_compiler.constants import Constant, with_value
from stratc_compiler.errors import Unsupported
from stratc_compiler.margins import OPTIONS, Margin, Pushed, Setting, end_of, tell_nobody
from stratc_compiler.vault import VenueFactory
from stratc_compiler.verdict import ClaimResult, Proved, Refuted, Verification
from stratc_compiler.workers import in_order
from stratc_dsl.record import Record

STEPS = 10
"""Values on each axis beyond the one that is assumed."""

BEYOND = 2
"""How much farther an axis goes than to the first margin that ends: behind it no pair is proved any more."""


class Cell(Record):
    """The worst verdict of a strategy, and the claims that it is about; none if all are proved."""

    verdict: Literal["proved", "refuted", "unknown"]
    claims: tuple[str, ...] = ()


class Map(Record):
    """`rows[j][i]` is what comes of the i-th value of `across` and the j-th of `up`, the assumed ones first."""

    across: Constant
    up: Constant
    columns: tuple[Fraction, ...]
    lines: tuple[Fraction, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def told(self, place: int, number: int) -> str:
        """Both numbers of a cell, its verdict, and the claims that it is about."""
        cell = self.rows[number][place]
        pair = f"{self.across.told(self.columns[place])}, {self.up.told(self.lines[number])}"
        return f"{pair}: {cell.verdict} {', '.join(cell.claims)}".rstrip()


class _Row(Record):
    """A row to be looked through: the strategy with the row's value in its place already."""

    setting: Setting
    across: Constant
    columns: tuple[Fraction, ...]


def heat_map(
    verification: Verification,
    factories: Mapping[str, VenueFactory],
    across: Constant,
    up: Constant,
    margins: Iterable[Margin],
    options: driver.Options = OPTIONS,
    told: Pushed = tell_nobody,
) -> Map:
    """The map of two numbers, from what is assumed of each to as far again beyond its first margin.

    `told` is called meanwhile with how many rows are known.
    """
    strategy, known = verification.vault.strategy, list(margins)
    columns, lines = (_values(one, [m for m in known if m.constant == one]) for one in (across, up))
    rows = [
        _Row(Setting(with_value(strategy, up, value), verification.source, factories, options), across, columns)
        for value in lines
    ]
    cells = in_order(_row, rows, options.workers, lambda done: told(done, len(rows)))
    return Map(across, up, columns, lines, tuple(cells))


def _values(constant: Constant, margins: list[Margin]) -> tuple[Fraction, ...]:
    """Even steps outwards, each of as few digits as the constant has, the first value the one that stands there."""
    ends = [abs(one.fails - constant.value) for one in margins if one.fails is not None]
    sign, end = constant.field.harsher, end_of(constant)
    far = min(min(ends) * BEYOND if ends else abs(constant.value) or Fraction(1), abs(end - constant.value))
    grain = constant.step(constant.value)
    stride = max(grain, round(far / STEPS / grain) * grain)
    values = [constant.value + sign * number * stride for number in range(STEPS + 1)]
    return tuple(value for value in values if (end - value) * sign >= 0)


def _row(row: _Row) -> tuple[Cell, ...]:
    known: dict[int, Cell] = {}

    def cell(number: int) -> Cell:
        if number not in known:
            known[number] = _cell(row, row.columns[number])
        return known[number]

    count = len(row.columns)
    proved = _first(count, lambda number: cell(number).verdict != "proved")
    refuted = _first(count, lambda number: cell(number).verdict == "refuted", proved)
    worst = cell(refuted) if refuted < count else None
    return tuple(
        Cell("proved") if number < proved else cell(number) if number < refuted or worst is None else worst
        for number in range(count)
    )


def _first(count: int, holds: Callable[[int], bool], low: int = 0) -> int:
    """The first number from `low` on of which it holds, as it does of all after one; `count` if there is none."""
    high = count
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle + 1, high)
    return low


def _cell(row: _Row, value: Fraction) -> Cell:
    setting = row.setting
    try:
        vault = driver.model(with_value(setting.strategy, row.across, value), setting.source, setting.factories)
    except Unsupported:
        return Cell("unknown")
    options = driver.Options(setting.options.effort, workers=1)
    claims = driver.verify(vault, setting.source, options).claims
    if refuted := _names(claims, lambda claim: isinstance(claim.verdict, Refuted)):
        return Cell("refuted", refuted)
    unknown = _names(claims, lambda claim: not isinstance(claim.verdict, Proved))
    return Cell("unknown", unknown) if unknown else Cell("proved")


def _names(claims: Iterable[ClaimResult], which: Callable[[ClaimResult], bool]) -> tuple[str, ...]:
    return tuple(claim.name for claim in claims if which(claim))
