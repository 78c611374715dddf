"""Reports as JSON: the object that `stratc verify --format json` prints, described by docs/verify.schema.json."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from stratc import __version__
from stratc.decide import Report, Timed, status_of
from stratc.places import span_json
from stratc_compiler.verdict import ClaimResult, GuardedAssumption, Proved, Refuted, Scenario, Unknown
from stratc_dsl.span import NOWHERE, Source


def reports_json(reports: Sequence[Report]) -> str:
    """One JSON object about all files of a run, with a line end."""
    document = {
        "stratc": __version__,
        "files": [_file(report) for report in reports],
        "status": int(status_of(reports)),
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _file(report: Report) -> dict[str, Any]:
    return {
        "file": report.file,
        "strategies": [strategy_json(result) for result in report.results],
        "diagnostics": [problem.fields for problem in report.problems],
    }


def strategy_json(result: Timed) -> dict[str, Any]:
    verification = result.verification
    return {
        "name": verification.vault.strategy.name,
        "proved": verification.proved,
        "seconds": round(result.seconds, 3),
        "claims": [_claim(claim, verification.source) for claim in verification.claims],
        "assumptions": [_assumption(assumption, verification.source) for assumption in verification.assumptions],
    }


def _claim(claim: ClaimResult, source: Source) -> dict[str, Any]:
    shown: dict[str, Any] = {"name": claim.name, "text": claim.text, "why": None, "help": None, "scenario": None}
    shown["solver_alone"] = list(claim.on_solver_alone)
    span = claim.span
    match claim.verdict:
        case Proved():
            shown["verdict"] = "proved"
        case Unknown(why):
            shown |= {"verdict": "unknown", "why": why}
        case Refuted(why, scenario, help, span=place):
            shown |= {"verdict": "refuted", "why": why, "help": help, "scenario": scenario and _scenario(scenario)}
            span = place if place != NOWHERE else span
    return shown | {"span": span_json(span, source)}


def _scenario(scenario: Scenario) -> dict[str, Any]:
    """Amounts are decimal strings: 18 decimals do not fit the numbers of most JSON readers."""
    return {
        "lines": [{"label": label, "text": text} for label, text in scenario.lines],
        "settled": {name: str(value) for name, value in sorted(scenario.settled.items())},
        "after": {name: str(value) for name, value in sorted(scenario.after.items())},
        "assumptions": [{"id": used.assumption.id, "fully": used.fully} for used in scenario.assumptions],
    }


def _assumption(assumption: GuardedAssumption, source: Source) -> dict[str, Any]:
    return {
        "id": assumption.id,
        "text": assumption.text,
        "guardian": assumption.guardian.value,
        "how": assumption.how,
        "written": assumption.written,
        "span": span_json(assumption.span, source),
    }
