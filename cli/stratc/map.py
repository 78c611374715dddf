"""`stratc margin --map`: two numbers assumed, and the verdicts in the plane between them, as an SVG."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from stratc.analysis import load
from stratc.colour import paint_for
from stratc.decide import prove, status_of
from stratc.margin_text import margins_text, statement
from stratc.problem import tell, unreadable
from stratc.progress import line_of
from stratc.replace import Unwritable, check_writable, write_text
from stratc.resting import Denied
from stratc.status import Status
from stratc_compiler.constants import Constant, assumed
from stratc_compiler.heatmap import Map, heat_map
from stratc_compiler.margins import margins, name_of
from stratc_compiler.verdict import Verification
from stratc_targets.venues import venue_factories

SIZE = 44
"""Of a cell, in the SVG's units."""

LEFT, TOP = 90, 36

COLOURS = {"proved": "#4c9f70", "refuted": "#c8553d", "unknown": "#e3b448"}


def map_margins(file: str, names: tuple[str, str], out: str, deny_warnings: bool) -> Status:
    """Write the map of two numbers of the file's one strategy, and print their margins."""
    try:
        check_writable(Path(out))
    except Unwritable as error:
        return _refuse(out, error)
    report = prove(load(file, deny_warnings), Denied(warnings=deny_warnings), show_progress=True)
    for problem in report.problems:
        tell(problem)
    if report.status is Status.BAD_INPUT:
        return report.status
    if len(report.results) != 1:
        tell(unreadable(file, f"holds {len(report.results)} strategies", "a map is about a single one"))
        return Status.BAD_INPUT
    verification = report.results[0].verification
    known = {name_of(one, verification.vault): one for one in assumed(verification.vault.strategy)}
    for name in names:
        if name not in known:
            tell(unreadable(file, f"no number assumed is called `{name}`", _help(name, known)))
            return Status.BAD_INPUT
    drawn = _map(verification, names, known)
    try:
        write_text(Path(out), svg(drawn, verification))
    except Unwritable as error:
        return _refuse(out, error)
    print(f"written to {out}")
    return status_of([report])


def _refuse(out: str, error: Unwritable) -> Status:
    tell(unreadable(out, error.why))
    return Status.BAD_INPUT


def _help(name: str, known: Mapping[str, Constant]) -> str:
    near = get_close_matches(name, known, 1)
    return f"did you mean `{near[0]}`?" if near else f"there are {', '.join(known)}"


def _map(verification: Verification, names: tuple[str, str], known: Mapping[str, Constant]) -> Map:
    factories = venue_factories(verification.vault.strategy)
    across, up = (known[name] for name in names)
    with line_of(verification.vault.strategy.name) as line:
        found = list(margins(verification, factories, only=names, told=line.pushing))
        line.erase()
        for one in dict.fromkeys((across, up)):
            shown = [margin for margin in found if margin.constant == one]
            if shown:
                print(margins_text(one, shown, verification.source, paint_for(sys.stdout)), end="\n\n", flush=True)
        return heat_map(verification, factories, across, up, found, told=line.drawing)


def svg(drawn: Map, verification: Verification) -> str:
    """The map as an SVG: across to the right, up upwards, what is assumed at the lower left."""
    bottom = TOP + SIZE * len(drawn.lines)
    rows = [
        {
            "y": bottom - SIZE * (number + 1),
            "value": drawn.up.told(value),
            "cells": [
                {"x": LEFT + SIZE * place, "verdict": cell.verdict, "told": drawn.told(place, number)}
                for place, cell in enumerate(drawn.rows[number])
            ],
        }
        for number, value in enumerate(drawn.lines)
    ]
    columns = [{"x": LEFT + SIZE * place, "value": drawn.across.told(v)} for place, v in enumerate(drawn.columns)]
    templates = Environment(loader=PackageLoader("stratc"), undefined=StrictUndefined, autoescape=True)
    return (
        templates.get_template("map.svg.j2").render(
            title=f"{verification.vault.strategy.name}, {verification.source.name}",
            width=max(LEFT + SIZE * len(drawn.columns) + 20, 480),
            height=bottom + 92,
            left=LEFT,
            bottom=bottom,
            size=SIZE,
            rows=rows,
            columns=columns,
            colours=COLOURS,
            across=statement(drawn.across, verification.source),
            up=statement(drawn.up, verification.source),
        )
        + "\n"
    )
