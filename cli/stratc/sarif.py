"""Findings as SARIF 2.1.0, which code-scanning services and editors read."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from stratc import __version__
from stratc.explain import explanation
from stratc.problem import Problem, news

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def sarif(found: Iterable[Problem], left_out: Sequence[str] = ()) -> str:
    """One SARIF log with one run: a result for each finding, a rule for each code that was found.

    Files that are `left_out` are told as notifications of the run: they have no results, and not for want of faults.
    """
    problems = list(news(found, set()))
    codes = sorted({str(problem.fields["code"]) for problem in problems})
    run: dict[str, Any] = {
        "tool": {"driver": {"name": "stratc", "version": __version__, "rules": [_rule(code) for code in codes]}},
        "columnKind": "unicodeCodePoints",
        "results": [_result(problem, codes) for problem in problems],
    }
    if left_out:
        run["invocations"] = [{"executionSuccessful": True, "toolExecutionNotifications": list(map(_note, left_out))}]
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=2, ensure_ascii=False) + "\n"


def _note(file: str) -> dict[str, Any]:
    return {"level": "note", "message": {"text": "not judged, by --exclude"}, "locations": [_location(file, None)]}


def _rule(code: str) -> dict[str, Any]:
    said = explanation(code) or code
    first = said.partition("\n\n")[0].replace("\n", " ")
    return {"id": code, "shortDescription": {"text": first}, "fullDescription": {"text": said}}


def _result(problem: Problem, codes: list[str]) -> dict[str, Any]:
    fields: dict[str, Any] = problem.fields
    help = f"\nhelp: {fields['help']}" if fields["help"] else ""
    label = fields["primary"]["text"] if fields["primary"] else ""
    said = f"{fields['message']}: {label}" if label else fields["message"]
    return {
        "ruleId": fields["code"],
        "ruleIndex": codes.index(fields["code"]),
        "level": fields["severity"],
        "message": {"text": f"{said}{help}"},
        "locations": [_location(fields["file"], fields["primary"])],
        "relatedLocations": [
            {"id": number} | _location(one.get("file", fields["file"]), one) | {"message": {"text": one["text"]}}
            for number, one in enumerate(fields["secondary"])
        ],
    }


def _location(file: str, label: dict[str, Any] | None) -> dict[str, Any]:
    place: dict[str, Any] = {"artifactLocation": {"uri": _uri(file)}}
    if label is not None:
        start, end = label["start"], label["end"]
        place["region"] = {
            "startLine": start["line"],
            "startColumn": start["column"],
            "endLine": end["line"],
            "endColumn": end["column"],
        }
    return {"physicalLocation": place}


def _uri(file: str) -> str:
    """A path as given stays relative: services resolve it against the root of the checkout."""
    path = Path(file)
    return path.as_uri() if path.is_absolute() else quote(os.fsencode(path.as_posix()))
