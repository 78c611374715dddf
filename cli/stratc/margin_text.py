"""Margins and repairs as text for people."""

from __future__ import annotations

from collections.abc import Sequence

from stratc_compiler.buffers import Buffer
from stratc_compiler.constants import Constant
from stratc_compiler.margins import Margin, Repair
from stratc_compiler.text import percent
from stratc_compiler.verdict import Refuted
from stratc_dsl.paint import Paint, Part, plain
from stratc_dsl.span import Source

INDENT = " " * 4


def margins_text(constant: Constant, margins: Sequence[Margin], source: Source, paint: Paint = plain) -> str:
    """One number assumed: claims with the same margin together, those that break first first."""
    groups: dict[tuple[object, ...], list[Margin]] = {}
    for one in sorted(margins, key=_distance):
        groups.setdefault((one.holds, one.fails, type(one.verdict)), []).append(one)
    rows = [(", ".join(one.claim for one in group), _ends(group[0], paint)) for group in groups.values()]
    width = min(40, max((len(claims) for claims, _ in rows), default=0))
    lines = [paint(f"  {statement(constant, source)}", Part.TITLE)]
    for claims, ends in rows:
        lines += (
            [f"{INDENT}{claims}", f"{INDENT}{'':<{width}}  {ends}"]
            if len(claims) > width
            else [f"{INDENT}{claims:<{width}}  {ends}"]
        )
    return "\n".join(lines)


def buffers_text(buffers: Sequence[Buffer], paint: Paint = plain) -> str:
    """One line for each loan: what collateral can lose against the debt before it is liquidated."""
    return "\n".join(f"  {paint(f'buffer({one.venue})', Part.TITLE)}  {_spare(one)}" for one in buffers)


def _spare(one: Buffer) -> str:
    told = [] if one.at_target is None else [f"{float(one.at_target * 100):.3g}% at the targets"]
    for share, when in ((one.settled, "when settled"), (one.in_a_round, f"in a round, as {one.venue} may read prices")):
        told.append(f"not proved to be any {when}" if share is None else f"at least {percent(share)} {when}")
    return "; ".join(told)


def _distance(one: Margin) -> tuple[bool, object]:
    return one.fails is None, abs(one.holds - one.constant.value)


def _ends(one: Margin, paint: Paint) -> str:
    told = one.constant.told
    if one.fails is None:
        return f"{paint('holds', Part.GOOD)} to {told(one.holds)}, the farthest that is tried"
    word = "refuted" if isinstance(one.verdict, Refuted) else "not proved"
    return f"{paint('holds', Part.GOOD)} to {told(one.holds)}, {word} at {told(one.fails)}"


def nearest_text(margins: Sequence[Margin], source: Source, paint: Paint = plain) -> str:
    """Of the margins of one claim the smallest, as a share of the number that stands there, in one line."""
    nearest = min(margins, key=lambda one: (one.fails is None, one.room))
    if nearest.fails is None:
        return "no assumption breaks it, as far as each is tried alone"
    return f"{statement(nearest.constant, source)}: {_ends(nearest, paint)}"


def repair_text(repair: Repair, source: Source, paint: Paint = plain) -> str:
    """The change to be made, where, and what it leaves unproved."""
    line, _, file = place_of(repair.constant, source)
    told = repair.constant.told
    change = f"{told(repair.constant.value)} -> {told(repair.value)}"
    rest = f"still not proved: {', '.join(repair.others)}" if repair.others else "then every claim is proved"
    where = f"{file}:{line}  {statement(repair.constant, source)}"
    return f"  {paint('to prove', Part.HELP)} {repair.claim}  {where}: {change}; {rest}"


def statement(constant: Constant, source: Source) -> str:
    """The statement's words, with what tells its numbers apart."""
    words = " ".join(source.words(constant.span).split())
    return f"{words}, {constant.field.words}" if constant.field.words else words


def place_of(constant: Constant, source: Source) -> tuple[int, int, str]:
    """Line and column, both from 1, and the file where the statement starts."""
    file, start = source.file_at(constant.span.start)
    return *file.line_and_column(start), file.name
