"""How far the proofs are, on a line of the terminal that is written over and gone in the end."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from msgspec import Struct, field

from stratc_compiler.findings import Progress, Told, tell_nobody

ERASE = "\r\x1b[K"


class _Line(Struct):
    """Says on standard error how much of one strategy is proved."""

    name: str
    started: float = field(default_factory=time.perf_counter)

    def __call__(self, progress: Progress) -> None:
        seconds = time.perf_counter() - self.started
        claims = f"{progress.claims} of {progress.all_claims} claims"
        obligations = f"{progress.obligations} of {progress.all_obligations} obligations"
        said = f"{self.name}: {claims}, {obligations}, {seconds:.1f} s"
        sys.stderr.write(f"{ERASE}{said[: _width() - 1]}")  # a line that wraps is not written over
        sys.stderr.flush()


@contextmanager
def progress_of(name: str, wanted: bool) -> Iterator[Told]:
    """Whom to tell of the progress with a strategy: a terminal, if it is wanted there, else nobody."""
    if not wanted or not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        yield tell_nobody
        return
    try:
        yield _Line(name)
    finally:
        sys.stderr.write(ERASE)
        sys.stderr.flush()


def _width() -> int:
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns or 80
    except OSError:
        return 80
