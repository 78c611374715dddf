"""What the gate found as one JSON object, described by docs/gate.schema.json."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from stratc import __version__
from stratc.compared import compared_json
from stratc.gate.certificates import Audit
from stratc.gate.judged import Judged
from stratc.report import strategy_json
from stratc.status import Status


def document(judged: Sequence[Judged], base: str | None, status: Status, left_out: Sequence[str]) -> str:
    """The object, with a line end."""
    shown = {
        "stratc": __version__,
        "base": base,
        "excluded": list(left_out),
        "files": [_file(one) for one in judged],
        "status": int(status),
    }
    return json.dumps(shown, indent=2, ensure_ascii=False) + "\n"


def _file(judged: Judged) -> dict[str, Any]:
    return {
        "file": judged.file,
        "state": judged.chosen.state.value,
        "was": judged.chosen.was,
        "status": int(judged.status),
        "strategies": [strategy_json(result) for result in judged.report.results],
        "compared": [compared_json(one) for one in judged.compared],
        "certificates": [_certificate(one) for one in judged.audits],
        "notes": list(judged.notes),
        "findings": [problem.fields for problem in judged.problems],
    }


def _certificate(one: Audit) -> dict[str, Any]:
    return {
        "certificate": one.certificate,
        "strategy": one.strategy,
        "status": int(one.status),
        "derivations": one.derivations,
        "witnesses": one.witnesses,
        "why": one.why,
    }
