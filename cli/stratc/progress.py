"""How far a command is, on a line of the terminal that is written over and gone in the end."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from msgspec import Struct, field

from stratc_compiler.findings import Progress

ERASE = "\r\x1b[K"


class Line(Struct):
    """Says on standard error how far a command is with one strategy; nothing where it is not `shown`."""

    name: str
    shown: bool
    started: float = field(default_factory=time.perf_counter)

    def proving(self, progress: Progress) -> None:
        claims = f"{progress.claims} of {progress.all_claims} claims"
        obligations = f"{progress.obligations} of {progress.all_obligations} obligations"
        self._say(f"{claims}, {obligations}")

    def pushing(self, done: int, of: int) -> None:
        self._say(f"margins, {done} of {of} numbers")

    def mending(self, done: int, of: int) -> None:
        self._say(f"repairs, {done} of {of} numbers")

    def drawing(self, done: int, of: int) -> None:
        self._say(f"map, {done} of {of} rows")

    def _say(self, what: str) -> None:
        if self.shown:
            said = f"{self.name}: {what}, {time.perf_counter() - self.started:.1f} s"
            sys.stderr.write(f"{ERASE}{said[: _width() - 1]}")  # a line that wraps is not written over
            sys.stderr.flush()

    def erase(self) -> None:
        """Before something else is printed, and in the end."""
        if self.shown:
            sys.stderr.write(ERASE)
            sys.stderr.flush()


@contextmanager
def line_of(name: str, wanted: bool = True) -> Iterator[Line]:
    """The line of a strategy: seen on a terminal, if it is wanted there."""
    line = Line(name, wanted and sys.stderr.isatty() and os.environ.get("TERM") != "dumb")
    try:
        yield line
    finally:
        line.erase()


def _width() -> int:
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns or 80
    except OSError:
        return 80
