"""A process that verifies one text and ends: whoever started it can end it sooner, solver and all.

Reads `{"name": .., "text": .., "used": {path: text}}` from standard input and writes one JSON object: `problems`, or
`strategies` with their claims. Started by verification.py, by nobody else.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from stratc.analysis import load_source
from stratc.decide import Timed, prove
from stratc.read import read_used
from stratc_compiler.verdict import ClaimResult, Proved, Refuted, Unknown
from stratc_dsl import Unreadable
from stratc_dsl.span import NOWHERE, Source

PATIENCE = 10
"""How much this process gives way to others: the editor must stay quick while the solver works."""


def main() -> None:
    """Answer the one question on standard input."""
    if hasattr(os, "nice"):
        os.nice(PATIENCE)
    asked = json.load(sys.stdin)
    used: dict[str, str] = asked["used"]

    def read(path: str, /) -> str | Unreadable:
        return used[path] if path in used else read_used(path)

    report = prove(load_source(Source(asked["name"], asked["text"]), read=read))
    problems = [problem.fields["message"] for problem in report.problems if problem.fatal]
    json.dump({"problems": problems, "strategies": [_strategy(one) for one in report.results]}, sys.stdout)


def _strategy(result: Timed) -> dict[str, Any]:
    return {
        "name": result.verification.vault.strategy.name,
        "seconds": result.seconds,
        "claims": [_claim(claim) for claim in result.verification.claims],
    }


def _claim(claim: ClaimResult) -> dict[str, Any]:
    told: dict[str, Any] = {"name": claim.name, "text": claim.text, "why": None, "help": None, "scenario": []}
    told["start"] = None if claim.span == NOWHERE else claim.span.start
    match claim.verdict:
        case Proved():
            alone = claim.on_solver_alone
            return told | {"verdict": "proved", "why": "on Z3's word alone" if alone else None}
        case Unknown(why):
            return told | {"verdict": "unknown", "why": why}
        case Refuted(why, scenario, help):
            lines = [list(line) for line in scenario.lines] if scenario else []
            return told | {"verdict": "refuted", "why": why, "help": help, "scenario": lines}


if __name__ == "__main__":
    main()
