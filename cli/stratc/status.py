"""Exit statuses, and which one a run over several files ends with."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum


class Status(IntEnum):
    """What a run says to the shell. INTERNAL is EX_SOFTWARE of sysexits.h, INTERRUPTED what shells report for ^C."""

    PROVED = 0
    REFUTED = 1
    UNFORMATTED = 1  # of `fmt --check`
    WEAKER = 1  # of `diff`
    BAD_INPUT = 2
    UNKNOWN = 3
    INTERNAL = 70
    INTERRUPTED = 130


_WORST_FIRST = (Status.BAD_INPUT, Status.REFUTED, Status.UNKNOWN)


def worst(statuses: Iterable[Status]) -> Status:
    """Bad input before refuted before unknown before proved: a doubt must not hide a certain mistake."""
    present = set(statuses)
    return next((status for status in _WORST_FIRST if status in present), Status.PROVED)
