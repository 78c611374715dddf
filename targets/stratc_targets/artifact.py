"""What emitters return: named files, still in memory. Only the command line writes them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Artifact:
    """One file to write below the strategy's output folder. Text has `\\n` line ends and ends in one."""

    path: str
    text: str
