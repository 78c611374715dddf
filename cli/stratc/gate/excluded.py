"""Folders of which nothing is judged, such as fixtures that are faulty on purpose. Every file there is named."""

from __future__ import annotations

import os
from pathlib import Path

from stratc.folder import strategies_below
from stratc.gate.revision import GitError, Revision, repository
from stratc_dsl.record import Record


class Excluded(Record):
    """The folders, as the user named them.

    They cover what is *found* there: a file that is named is judged, a strategy that moves into one is gone from where
    it was, and what a judged strategy uses is read wherever it lies.
    """

    folders: tuple[str, ...] = ()

    def covers(self, file: str) -> bool:
        """Whether a file lies below one of them, by its name: where links lead makes no difference."""
        above = Path(os.path.abspath(file)).parents
        return any(Path(os.path.abspath(folder)) in above for folder in self.folders)

    def found(self, base: str | None) -> tuple[str, ...]:
        """Every strategy that is left out, also of those that only the base has. Raises GitError."""
        if not self.folders:
            return ()
        try:
            known = repository()
        except GitError:
            if base is not None:
                raise
            return tuple(filter(self.covers, strategies_below(Path())))
        paths = set(known.listed("*.strat", ".", absent=base is not None))
        paths |= _strategies_of(known.revision(base)) if base is not None else set()
        return tuple(filter(self.covers, sorted(map(known.name_of, paths))))


def _strategies_of(base: Revision) -> set[str]:
    here = base.repository.path_of("x")[:-1]
    return {path for path in base.entries if path.endswith(".strat") and path.startswith(here)}


NOTHING = Excluded()
