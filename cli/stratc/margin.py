"""`stratc margin`: how far each assumption can be pushed, and what would repair a claim that is not proved."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

from stratc import __version__
from stratc.analysis import Model, load
from stratc.colour import paint_for
from stratc.decide import Report, Timed, prove, status_of
from stratc.margin_text import buffers_text, margins_text, place_of, repair_text
from stratc.problem import news, tell
from stratc.progress import line_of
from stratc.render import verification_text
from stratc.resting import Denied
from stratc.status import Status
from stratc_compiler.buffers import Buffer, buffers
from stratc_compiler.constants import Constant
from stratc_compiler.environment import box_of
from stratc_compiler.margins import OPTIONS, Margin, Repair, margins, repairs
from stratc_compiler.text import percent
from stratc_compiler.verdict import Proved, Refuted, Verification
from stratc_targets.venues import venue_factories


def margin(files: Sequence[str], format: str, deny_warnings: bool) -> Status:
    """Print verdicts, then margins and repairs: text as they are found out, JSON once at the end."""
    reports, documents = [], []
    told: set[str] = set()
    for file in files:
        loaded = load(file, deny_warnings)
        report = prove(loaded, Denied(warnings=deny_warnings), show_progress=format == "text")
        reports.append(report)
        shown = [_strategy(model, timed, format) for model, timed in zip(loaded.models, report.results, strict=False)]
        documents.append(
            {"file": file, "strategies": shown, "diagnostics": [problem.fields for problem in report.problems]}
        )
        if format == "text":
            _tell(report, told)
    if format == "json":
        document = {"stratc": __version__, "files": documents, "status": int(status_of(reports))}
        sys.stdout.write(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
    return status_of(reports)


def _tell(report: Report, told: set[str]) -> None:
    for problem in news(report.problems, told):
        tell(problem)


def _strategy(model: Model, timed: Timed, format: str) -> dict[str, Any]:
    verification = timed.verification
    factories = venue_factories(model.vault.strategy)
    paint = paint_for(sys.stdout)
    if format == "text":
        print(verification_text(verification, timed.seconds, paint), end="\n\n", flush=True)
    spare = buffers(model.vault, box_of(model.vault), OPTIONS.effort)
    if format == "text" and spare:
        print(buffers_text(spare, paint), end="\n\n", flush=True)
    found: list[Margin] = []
    mended: list[Repair] = []
    with line_of(model.vault.strategy.name, format == "text") as line:

        def show(text: str, end: str) -> None:
            if format == "text":
                line.erase()
                print(text, end=end, flush=True)

        pushed = margins(verification, factories, told=line.pushing)
        for constant, group in groupby(pushed, lambda one: one.constant):
            together = list(group)
            found += together
            show(margins_text(constant, together, verification.source, paint), "\n\n")
        for repair in repairs(verification, factories, told=line.mending):
            mended.append(repair)
            show(repair_text(repair, verification.source, paint), "\n")
    return _json(verification, spare, found, mended)


def _json(
    verification: Verification, spare: Iterable[Buffer], found: Iterable[Margin], mended: Iterable[Repair]
) -> dict[str, Any]:
    return {
        "name": verification.vault.strategy.name,
        "proved": verification.proved,
        "buffers": [_buffer_json(one) for one in spare],
        "margins": [_margin_json(one, verification) for one in found],
        "repairs": [_repair_json(one, verification) for one in mended],
    }


def _buffer_json(one: Buffer) -> dict[str, Any]:
    told = {"at_target": one.at_target, "settled": one.settled, "in_a_round": one.in_a_round}
    return {"venue": one.venue, **{when: None if share is None else percent(share) for when, share in told.items()}}


def _number(constant: Constant, verification: Verification) -> dict[str, Any]:
    """Which number it is: the words of the statement, what tells apart the numbers of one, and where it stands."""
    line, column, file = place_of(constant, verification.source)
    return {
        "statement": verification.source.words(constant.span),
        "number": constant.field.words or constant.field.name,
        "value": constant.told(constant.value),
        "span": {"line": line, "column": column, "file": file},
    }


def _margin_json(one: Margin, verification: Verification) -> dict[str, Any]:
    word = {Proved: "proved", Refuted: "refuted"}.get(type(one.verdict), "unknown")
    return {
        "claim": one.claim,
        **_number(one.constant, verification),
        "holds": one.constant.told(one.holds),
        "fails": None if one.fails is None else one.constant.told(one.fails),
        "verdict": None if one.fails is None else word,
    }


def _repair_json(one: Repair, verification: Verification) -> dict[str, Any]:
    return {
        "claim": one.claim,
        **_number(one.constant, verification),
        "repaired": one.constant.told(one.value),
        "not_proved": list(one.others),
    }
