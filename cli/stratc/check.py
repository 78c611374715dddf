"""`stratc check`: are the strategies well formed?"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from stratc.analysis import load
from stratc.status import Status


def check(files: Sequence[str]) -> Status:
    """Print one line for each good file, and every problem of the others to standard error."""
    status = Status.PROVED
    for file in files:
        loaded = load(file)
        for problem in loaded.problems:
            print(problem.text, file=sys.stderr)
        if loaded.faulty:
            status = Status.BAD_INPUT
        else:
            names = ", ".join(model.vault.strategy.name for model in loaded.models)
            print(f"{file}: {names} is well formed")
    return status
