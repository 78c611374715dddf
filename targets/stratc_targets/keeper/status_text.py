"""The table of `status`, as text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from fractions import Fraction
from math import inf, isinf

from stratc_dsl.paint import Paint, Part
from stratc_targets.keeper.conditions import Negated, Number, OutsideBand, Several
from stratc_targets.keeper.config import Deployment, KeeperConfig
from stratc_targets.keeper.measures import USD
from stratc_targets.keeper.overview import Aged, Coming, Exposed, Kept, Overview, Owing, Short, Weighed, used_up
from stratc_targets.keeper.state import Seen
from stratc_targets.keeper.watch import Measured
from stratc_targets.keeper.watchlist import COUNTED, Alarm

MODES = ("open", "frozen", "exited", "stuck")
NEAR = Fraction(9, 10)
"""From this share of an assumption on it is shown as nearly used up."""

Row = Sequence[str]


def status_text(
    config: KeeperConfig,
    deployment: Deployment,
    seen: Overview,
    measured: Sequence[Measured],
    round_: Seen | None,
    paint: Paint,
) -> str:
    """Every part of the table that there is something to say in."""
    parts = [_heading(config, deployment, seen, round_)]
    if seen.why is not None:
        parts.append(paint(f"the vault cannot be read: {seen.why}", Part.ERROR))
    parts.append(_table(("position", "worth", "weight", "band", "room"), map(_weighed, seen.weights), paint))
    parts.append(_table(("floor", "now", "edge", "distance"), (_kept(one, paint) for one in seen.floors), paint))
    parts.append(_table(("loan", "health", "buffer"), map(_owing, seen.loans), paint))
    parts.append(_table(("short", "margin", "liquidated below", "price may rise"), map(_short, seen.shorts), paint))
    parts.append(
        _table(("sensitivity", "per 100%", "of nav", "band", "room"), map(_exposed, seen.sensitivities), paint)
    )
    parts.append(_table(("rule", "", "next"), (_coming(one, paint) for one in seen.rules), paint))
    parts.append(_table(("price", "age", "heartbeat"), (_aged(one, paint) for one in seen.ages), paint))
    parts.append(_table(("assumption", "measured", "assumed", "used up"), (_used(o, paint) for o in measured), paint))
    for one in measured:
        if one.value is not None and not one.alarm.inside(one.value):
            at_stake = ", ".join(one.alarm.claims) or "no claim"
            parts.append(paint(f"{one.alarm.text}: this does not hold. At stake: {at_stake}", Part.ERROR))
    return "\n\n".join(part for part in parts if part)


def _heading(config: KeeperConfig, deployment: Deployment, seen: Overview, round_: Seen | None) -> str:
    when = datetime.fromtimestamp(seen.head.time, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    lines = [
        f"{config.strategy} at {deployment.vault} on chain {deployment.chain_id}",
        f"block {seen.head.number:,} of {when}; the vault is {MODES[seen.mode]}",
    ]
    if seen.nav is not None:
        lines.append(f"net asset value {_usd(seen.nav)}, {_places(Fraction(seen.supply, USD), 4)} shares")
    if round_ is not None:
        since = seen.head.time - round_.began
        lines.append(f"the round began {_span(since)} ago, of {_span(config.period)} that are assumed at most")
    return "\n".join(lines)


def _weighed(one: Weighed) -> Row:
    band = one.band
    low, high = (_open(edge) for edge in (band.low, band.high))
    sign = "-" if band.debt else ""
    worth = (sign if one.worth else "") + _usd(one.worth)
    weight = "" if one.weight is None else f"{sign}{_percent(one.weight)}"
    edges = "any" if (band.low, band.high) == (None, None) else f"{sign}{low} .. {sign}{high}"
    return band.position, worth, weight, edges, _points(one.room)


def _kept(one: Kept, paint: Paint) -> Row:
    now, edge = (_side(side, usd=one.usd) for side in (one.now, one.edge))
    far = _side(one.room, usd=False) if isinf(one.room) else _percent(one.room)
    return one.floor.text, now, edge, paint(f"{far}: broken", Part.ERROR) if one.room < 0 else far


def _owing(one: Owing) -> Row:
    left = "no debt" if one.buffer == inf else "no collateral" if isinf(one.buffer) else _percent(one.buffer)
    return one.venue, _side(one.health, usd=False), left


def _short(one: Short) -> Row:
    if isinf(one.margin) and one.margin > 0:
        return one.account.venue, "nothing is short", _percent(one.account.least), ""
    margin = "nothing covers it" if isinf(one.margin) else _percent(one.margin)
    rise = "" if isinf(one.rise) else _percent(one.rise)
    return one.account.venue, margin, _percent(one.account.least), rise


def _exposed(one: Exposed) -> Row:
    low, high = one.sensitivity.low, one.sensitivity.high
    edges = "any" if (low, high) == (None, None) else f"{_open(low)} .. {_open(high)}"
    share = "" if one.share is None else _percent(one.share)
    return one.sensitivity.name, _usd(one.worth), share, edges, _points(one.room)


def _points(room: Number) -> str:
    """How far the edge of a band is, where it has one that is not the whole world away."""
    if isinf(room):
        return "" if room > 0 else "outside, without nav"
    return f"{_places(Fraction(room) * 100, 2)} points of nav"


def _coming(one: Coming, paint: Paint) -> Row:
    text = one.rule.text.partition(" do ")
    return text[2] or one.rule.name, text[0], _next(one, paint)


def _next(one: Coming, paint: Paint) -> str:
    if one.due is None:
        return paint("cannot be told", Part.WARNING)
    if one.due:
        return paint("due", Part.WARNING)
    if one.seconds is not None:
        return f"in {_span(one.seconds)}"
    if one.away is None:
        return ""
    if one.away < 0:
        return "waits: it is held back"  # guarded, or one of higher priority comes first
    by_weight = isinstance(one.rule.trigger, OutsideBand)
    if isinf(one.away):
        return "not while it is empty" if by_weight else "not without debt"
    unit = "points of nav" if by_weight else "% of the edge"
    return f"{_places(Fraction(one.away) * 100, 2)} {unit} away" if _told(one) else ""


def _told(one: Coming) -> bool:
    """What a compound condition is away is a mixture of shares: only its sign says anything."""
    return not isinstance(one.rule.trigger, Several | Negated)


def _aged(one: Aged, paint: Paint) -> Row:
    if one.age is None:
        return one.token, paint("cannot be read", Part.WARNING), _span(one.heartbeat)
    age = _span(one.age)
    return one.token, paint(age, Part.ERROR) if one.age > one.heartbeat else age, _span(one.heartbeat)


def _used(one: Measured, paint: Paint) -> Row:
    used = used_up(one)
    if one.why is not None:
        return one.alarm.id, paint(f"cannot be measured: {one.why}", Part.WARNING), _assumed(one.alarm), ""
    if one.value is None or used is None:
        return one.alarm.id, "nothing yet", _assumed(one.alarm), ""
    share = "all, and more" if isinf(used) else _percent(used)
    part = Part.ERROR if not one.alarm.inside(one.value) else Part.WARNING if _is_near(one.alarm, used) else None
    return one.alarm.id, _quantity(one.alarm, one.value), _assumed(one.alarm), paint(share, part) if part else share


def _is_near(alarm: Alarm, used: Number) -> bool:
    return used >= NEAR and alarm.quantity not in COUNTED


# ── numbers ────────────────────────────────────────────────────────────────────────────────


def _assumed(alarm: Alarm) -> str:
    if alarm.low is None and alarm.high is not None:
        return f"<= {_quantity(alarm, alarm.high)}"
    if alarm.high is None and alarm.low is not None:
        return f">= {_quantity(alarm, alarm.low)}"
    return " .. ".join("" if edge is None else _quantity(alarm, edge) for edge in (alarm.low, alarm.high))


def _quantity(alarm: Alarm, value: Fraction) -> str:
    match alarm.quantity:
        case "keeper_interval_seconds":
            return _span(int(value))
        case "price_usd" | "price_ratio":
            return _places(value, 4)
        case "scale":
            return f"{float(value):.3g}"
        case _:
            # Funding is told of a round, in parts of a hundredth of a percent.
            return f"{_places(value * 100, 2 if abs(value) >= Fraction(1, 100) else 4)}%"


def _side(side: Number | None, *, usd: bool) -> str:
    if side is None:
        return ""
    if isinf(side):
        return "nothing owed" if side > 0 else "nothing covers it"
    return _usd(Fraction(side) / USD) if usd else _places(Fraction(side), 4)


def _open(edge: Fraction | None) -> str:
    return "" if edge is None else _percent(edge)


def _usd(value: Fraction) -> str:
    return f"{_places(value, 2)} USD"


def _percent(share: Number) -> str:
    return f"{_places(Fraction(share) * 100, 2)}%"


def _places(value: Fraction, places: int) -> str:
    """Rounded to so many places, without zeros at the end."""
    text = f"{float(value):,.{places}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def _span(seconds: int) -> str:
    """A time in its two largest units."""
    parts = []
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
        count, seconds = divmod(seconds, length)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2]) or "0 s"


# ── columns ────────────────────────────────────────────────────────────────────────────────


def _table(titles: Row, rows: Iterable[Row], paint: Paint) -> str:
    """Columns as wide as they need; nothing where there are no rows."""
    body = list(rows)
    if not body:
        return ""
    widths = [max(_width(row[place]) for row in (titles, *body)) for place in range(len(titles))]
    lines = [_line(titles, widths)] + [_line(row, widths) for row in body]
    return "\n".join([paint(lines[0], Part.TITLE), *lines[1:]])


def _line(row: Row, widths: Sequence[int]) -> str:
    cells = [cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)]
    return "  ".join(cells).rstrip()


def _width(cell: str) -> int:
    """How many columns it takes: colours take none."""
    width, hidden = 0, False
    for letter in cell:
        hidden = hidden or letter == "\x1b"
        width += not hidden
        hidden = hidden and letter != "m"
    return width
