"""`stratc check`: are the strategies well formed?"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from stratc import __version__
from stratc.analysis import Loaded, load
from stratc.problem import news, tell
from stratc.status import Status


def check(files: Sequence[str], format: str, deny_warnings: bool) -> Status:
    """Say of every file whether it is well formed: text file by file, JSON or SARIF once at the end.

    Only who asks for one of these waits for what prints them.
    """
    checked: list[Loaded] = []
    told: set[str] = set()
    for file in files:
        checked.append(load(file, deny_warnings, may_only_share=True))
        if format == "text":
            _print(checked[-1], told)
    status = Status.BAD_INPUT if any(one.faulty for one in checked) else Status.PROVED
    if format == "json":
        sys.stdout.write(_json(checked, status))
    if format == "sarif":
        from stratc.sarif import sarif

        sys.stdout.write(sarif(problem for one in checked for problem in one.problems))
    return status


def _print(loaded: Loaded, told: set[str]) -> None:
    """One line to standard output for a good file, every finding that was not `told` yet to standard error."""
    for problem in news(loaded.problems, told):
        tell(problem)
    if not loaded.faulty:
        print(f"{loaded.file}: {', '.join(_names(loaded)) or 'what it shares'} is well formed", flush=True)


def _names(loaded: Loaded) -> list[str]:
    return [model.vault.strategy.name for model in loaded.models]


def _json(checked: Sequence[Loaded], status: Status) -> str:
    """One object, described by docs/check.schema.json, with a line end."""
    import json

    files = [
        {
            "file": loaded.file,
            "strategies": _names(loaded),
            "diagnostics": [problem.fields for problem in loaded.problems],
        }
        for loaded in checked
    ]
    document = {"stratc": __version__, "files": files, "status": int(status)}
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
