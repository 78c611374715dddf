"""Texts of the base revision, as the language reads them; nothing that cannot be read is taken for nothing."""

from __future__ import annotations

import os
import posixpath

from msgspec import Struct, field

from stratc.gate.revision import GitError, Moved, Revision, State
from stratc.problem import AT_BASE, Problem, without_place
from stratc_dsl import Unreadable


class BaseReader(Struct):
    """The `Reader` of one file of the base. `failures` are what cannot be known of it, by path.

    That a file was missing is a mistake of the base, and no failure, where it is missing still or was added since.
    """

    base: Revision
    moved: dict[str, Moved]
    failures: dict[str, Problem] = field(default_factory=dict)

    def __call__(self, name: str, /) -> str | Unreadable:
        path = self.base.path_of(name)
        text = self.text(path)
        if text is None and self._appeared(path):
            return self._failed(path, Unreadable("it is here, and git tracks it neither here nor there"))
        return Unreadable(f"no such file at {self.base.name}") if text is None else text

    def text(self, path: str) -> str | Unreadable | None:
        """None where the base has no such file."""
        try:
            text = self.base.text(path)
        except GitError as error:
            text = Unreadable(str(error), error.help)
        return self._failed(path, text) if isinstance(text, Unreadable) else text

    def _failed(self, path: str, why: Unreadable) -> Unreadable:
        self.failures[path] = at_base(path, f"cannot be read at {self.base.name}: {why.why}", why.help)
        return why

    def _appeared(self, path: str) -> bool:
        """Whether a used file that the base does not have is here, from where git does not see."""
        inside = posixpath.normpath(path)
        here = self.moved.get(inside)
        seen = here is not None and here.tracked and here.state in (State.ADDED, State.RENAMED)
        return not seen and os.path.lexists(os.path.join(self.base.repository.root, inside))


def at_base(file: str, message: str, help: str | None) -> Problem:
    return without_place(AT_BASE, file, message, help)
