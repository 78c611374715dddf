"""The numbers of the charts, in the units of a drawing that is 360 wide: a phone shows it as it is.

Floats are fine here: what is drawn was decided exactly, and exact values stand beside it in words.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from itertools import groupby

from stratc.margin_text import statement
from stratc_compiler.heatmap import Map
from stratc_compiler.ideal_world import IdealWorld
from stratc_compiler.interpret import Evaluator
from stratc_compiler.margins import Margin
from stratc_compiler.text import percent
from stratc_compiler.vault import Vault
from stratc_compiler.verdict import Refuted, Scenario
from stratc_dsl.record import Record
from stratc_dsl.span import Source

WIDTH = 360.0
LEFT, RIGHT = 8.0, 352.0

# ── a line for a number ────────────────────────────────────────────────────────────────────


class Scale(Record):
    """Values to places between LEFT and RIGHT."""

    low: Fraction
    high: Fraction

    def at(self, value: Fraction) -> float:
        size = self.high - self.low
        part = (value - self.low) / size if size else Fraction(1, 2)
        return round(LEFT + (RIGHT - LEFT) * float(min(max(part, Fraction(0)), Fraction(1))), 1)


# ── allocation ─────────────────────────────────────────────────────────────────────────────


class Mark(Record):
    """A place on a line, with what it means."""

    x: float
    kind: str
    told: str


class BandRow(Record):
    """One position, or what is hedged: its band from `left` to `right`; marks are target, limits and where it was."""

    name: str
    left: float
    right: float
    marks: tuple[Mark, ...]
    told: str


def bands(vault: Vault, states: Mapping[str, Mapping[str, int]]) -> tuple[tuple[BandRow, ...], float]:
    """Every position and every hedged sensitivity against its band, with where each stands in states that are named;
    and where zero is.
    """
    targets = vault.strategy.allocations
    shares = {name: weights(vault, state) for name, state in states.items()}
    ends = [edge for one in targets for edge in (one.target, one.low, one.high, one.minimum, one.maximum)]
    reached = [share for of in shares.values() for share in of.values()]
    ends += [edge for hedge in vault.hedges for edge in (hedge.low, hedge.high)]
    all_values = [value for value in (*ends, *reached, Fraction(0)) if value is not None]
    scale = Scale(min(all_values), max(all_values))
    rows = []
    for one in targets:
        name = str(one.position)
        low, high = one.low if one.low is not None else one.target, one.high if one.high is not None else one.target
        marks = [Mark(scale.at(one.target), "target", f"target {percent(one.target)}")]
        for word, limit in (("min", one.minimum), ("max", one.maximum)):
            if limit is not None:
                marks.append(Mark(scale.at(limit), "limit", f"{word} {percent(limit)}"))
        marks += _stood(name, shares, scale)
        band = f"{percent(low)} .. {percent(high)}" if one.low is not None else "no band"
        told = f"target {percent(one.target)}, {band}"
        rows.append(BandRow(name, scale.at(low), scale.at(high), tuple(marks), told))
    for hedge in vault.hedges:
        name, told = str(hedge.greek), f"hedged, {percent(hedge.low)} .. {percent(hedge.high)}"
        rows.append(BandRow(name, scale.at(hedge.low), scale.at(hedge.high), tuple(_stood(name, shares, scale)), told))
    return tuple(rows), scale.at(Fraction(0))


def _stood(name: str, shares: Mapping[str, Mapping[str, Fraction]], scale: Scale) -> list[Mark]:
    return [
        Mark(scale.at(of[name]), word, f"{word} {percent(round(of[name], 4))}")
        for word, of in shares.items()
        if name in of
    ]


def weights(vault: Vault, state: Mapping[str, int]) -> dict[str, Fraction]:
    """Shares of nav, those of debts negative, and what is hedged; none where nav is not positive.

    A margin counts for the whole of its account, and what is short there for nothing besides.
    """
    view = Evaluator(vault, IdealWorld(vault, dict(state)))
    nav = view.named("assets") - view.named("debts")
    if nav <= 0:
        return {}
    worths = {held.name: (-1 if held.debt else 1) * view.named(held.value.name) for held in vault.held}
    for venue in vault.perps:
        _, cash, short = venue.account
        worths[cash.name] += worths.pop(short.name)
    for hedge in vault.hedges:
        long, owed = (view.named(side.name) for side in (hedge.greek.long, hedge.greek.short))
        worths[str(hedge.greek)] = long - owed
    return {name: Fraction(worth, nav) for name, worth in worths.items()}


# ── the counterexample over the round ──────────────────────────────────────────────────────


class Line(Record):
    """One quantity from the settled vault to the moment at which the claim breaks."""

    name: str
    ends: tuple[float, float]  # y
    labels: tuple[str, str]
    beside: tuple[float, float]  # y of the labels, which may not lie on each other
    colour: int


class RoundChart(Record):
    """Lines of one unit. `title` says which; `zero` is where zero is, None where it is not on the chart."""

    title: str
    lines: tuple[Line, ...]
    zero: float | None
    height: float


TOP = 26.0
STEP = 13.0
"""Labels are at least so far from each other."""


def told_of(vault: Vault, scenario: Scenario) -> Vault | None:
    """The vault that a scenario is about: this one, or one of ours that it holds; None where it is neither."""
    if all(name in scenario.settled for name in (held.name for held in vault.held)):
        return vault
    return next((found for one in vault.inner.values() if (found := told_of(one, scenario)) is not None), None)


def round_charts(vault: Vault, scenario: Scenario) -> tuple[RoundChart, ...]:
    """What is held and owed, in USD, and prices, as shares of what they were."""
    states = (scenario.settled, scenario.after)
    views = [Evaluator(vault, IdealWorld(vault, dict(state))) for state in states]
    values = {"nav": tuple(view.named("assets") - view.named("debts") for view in views)}
    for held in vault.held:
        sign = -1 if held.debt else 1
        values[held.name] = tuple(sign * view.named(held.value.name) for view in views)
    moved = {name: (Fraction(a, 10**18), Fraction(b, 10**18)) for name, (a, b) in values.items() if a or b}
    largest = max((abs(value) for pair in moved.values() for value in pair), default=Fraction(0))
    unit, size = ("million USD", 10**6) if largest >= 10**7 else ("USD", 1)
    charts = [_chart(unit, 130.0, moved, lambda value: _amount(value / size, size > 1))]
    names = [f"price({token.name})" for token in vault.strategy.tokens]
    prices = {
        name: (Fraction(1), Fraction(states[1][name], states[0][name]))
        for name in names
        if states[0].get(name) and states[0][name] != states[1][name]
    }
    if prices:
        charts.append(
            _chart("prices, 100% where the round began", 60.0, prices, lambda value: percent(round(value, 4)))
        )
    return tuple(charts)


def _percent(value: Fraction) -> str:
    return percent(round(value, 4))


def _amount(value: Fraction, parts: bool) -> str:
    """Short enough for the room left of the axis: dollars without cents, millions with two digits."""
    return f"{float(value):,.2f}".rstrip("0").rstrip(".") if parts else f"{float(value):,.0f}"


def _chart(
    title: str, plot: float, values: Mapping[str, tuple[Fraction, Fraction]], told: Callable[[Fraction], str]
) -> RoundChart:
    ends = [value for pair in values.values() for value in pair]
    low, high = min(ends), max(ends)

    def y(value: Fraction) -> float:
        part = float((value - low) / (high - low)) if high > low else 0.5
        return round(TOP + plot * (1 - part), 1)

    before, after = (_spread([y(pair[side]) for pair in values.values()]) for side in (0, 1))
    lines = tuple(
        Line(
            name,
            (y(pair[0]), y(pair[1])),
            (told(pair[0]), _cut(f"{told(pair[1])} {name}", 34)),
            (before[place], after[place]),
            place % 6,
        )
        for place, (name, pair) in enumerate(values.items())
    )
    bottom = max((*before, *after, TOP + plot))
    return RoundChart(title, lines, y(Fraction(0)) if low < 0 < high else None, bottom + 34)


def _cut(text: str, most: int) -> str:
    """What there is room for; the words below the chart are whole."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _spread(places: Sequence[float]) -> list[float]:
    """The same places, moved down where labels would lie on each other."""
    found = list(places)
    last = -STEP
    for place in sorted(range(len(places)), key=places.__getitem__):
        found[place] = last = round(max(places[place], last + STEP), 1)
    return found


# ── margins ────────────────────────────────────────────────────────────────────────────────


class MarginRow(Record):
    """How far one claim holds: from what is assumed to `end`; `broken` is where it no longer does, if anywhere."""

    claim: str
    start: float
    end: float
    broken: float | None
    told: str
    refuted: bool


class MarginPlot(Record):
    """One number assumed, with every claim whose proof rests on it."""

    statement: str
    assumed: str
    rows: tuple[MarginRow, ...]


def margin_plots(found: Sequence[Margin], source: Source) -> tuple[MarginPlot, ...]:
    """A plot for each number, claims that break first first."""
    return tuple(
        _plot(list(group), source) for _, group in groupby(found, lambda one: (one.constant.place, one.constant.span))
    )


def _plot(found: list[Margin], source: Source) -> MarginPlot:
    constant = found[0].constant
    ends = [one.fails if one.fails is not None else one.holds for one in found if one.fails is not None]
    ends = ends or [one.holds for one in found]
    far = max(abs(end - constant.value) for end in ends) * Fraction(11, 10)
    scale = Scale(Fraction(0), far or Fraction(1))

    def at(value: Fraction) -> float:
        return scale.at(abs(value - constant.value))

    rows = [
        MarginRow(
            one.claim,
            at(constant.value),
            at(one.holds) if one.fails is not None else RIGHT,
            None if one.fails is None else at(one.fails),
            f"holds to {constant.told(one.holds)}"
            + (", as far as is tried" if one.fails is None else f", no longer at {constant.told(one.fails)}"),
            isinstance(one.verdict, Refuted),
        )
        for one in sorted(found, key=lambda one: (one.fails is None, one.room))
    ]
    return MarginPlot(statement(constant, source), constant.told(constant.value), tuple(rows))


# ── two numbers at once ────────────────────────────────────────────────────────────────────

CELL = 22.0
LABELS = 64.0
"""Room for the values of the lines, left of the cells."""


class MapCell(Record):
    """A pair of numbers: what is then decided, and of which claims."""

    x: float
    y: float
    verdict: str
    told: str


class MapLabel(Record):
    """A value of one axis, beside its cells."""

    at: float
    told: str


class MapChart(Record):
    """What is assumed stands at the lower left, harsher numbers to the right and above; cells are `width` wide."""

    across: str
    up: str
    width: float
    height: float
    cells: tuple[MapCell, ...]
    columns: tuple[MapLabel, ...]
    lines: tuple[MapLabel, ...]


def map_chart(drawn: Map, source: Source) -> MapChart:
    """The map of two numbers. Of the columns the first, one in the middle and the last are labelled: no more fit."""
    width = (RIGHT - LABELS) / len(drawn.columns)
    height = CELL * len(drawn.lines)

    def x(place: int) -> float:
        return round(LABELS + width * place, 1)

    def y(number: int) -> float:
        return round(height - CELL * (number + 1), 1)

    cells = [
        MapCell(x(place), y(number), cell.verdict, drawn.told(place, number))
        for number, row in enumerate(drawn.rows)
        for place, cell in enumerate(row)
    ]
    last = len(drawn.columns) - 1
    columns = [
        MapLabel(round(x(place) + width / 2, 1), drawn.across.told(drawn.columns[place]))
        for place in sorted({0, last // 2, last})
    ]
    lines = [MapLabel(y(number) + CELL / 2, drawn.up.told(value)) for number, value in enumerate(drawn.lines)]
    across, up = statement(drawn.across, source), statement(drawn.up, source)
    return MapChart(across, up, round(width, 1), height, tuple(cells), tuple(columns), tuple(lines))
