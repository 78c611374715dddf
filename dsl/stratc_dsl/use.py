"""From one text to a program: the file and all that it uses, each read and parsed once.

Nothing is read here: texts of used files come from a `Reader` that the caller passes in.
"""

from __future__ import annotations

import os
import posixpath
from typing import Protocol

from msgspec import Struct, field
from msgspec.structs import replace

from stratc_dsl import syntax
from stratc_dsl.diagnostic import Diagnostic
from stratc_dsl.errors import CannotUse, LanguageError, NotPortable, UseCycle, UsedTwice, UsesTooMuch
from stratc_dsl.parse import MAX_CHARACTERS, parse
from stratc_dsl.record import Record
from stratc_dsl.span import Source, Span, Used, moved

MAX_FILES = 64

BESIDE = "the path leads from the folder of the file that says `use`: is it right?"


class Unreadable(Record):
    """Why there is no text to use: `why` goes on after `cannot use PATH:`."""

    why: str
    help: str | None = None


class Reader(Protocol):
    """Gives the text of a used file. The path starts with the folder of the main file as its name says it."""

    def __call__(self, path: str, /) -> str | Unreadable: ...


def no_reader(path: str, /) -> Unreadable:
    """For texts that come without a folder."""
    return Unreadable("only this text was given, and no folder to find files in", "save it as a file beside the others")


class Unit(Record):
    """One file of a program. `uses` are the paths of other units, all paths seen from the main file's folder."""

    path: str
    span: Span
    tree: syntax.File
    uses: tuple[str, ...]


class Link(Record):
    """A path after `use`, and the file that it leads to."""

    span: Span
    file: Used


class Program(Record):
    """Units come after those that they use, the main file last. Not `complete` where a file is missing among them."""

    source: Source
    units: tuple[Unit, ...]
    links: tuple[Link, ...]
    diagnostics: tuple[Diagnostic, ...]
    complete: bool


def load_program(main: Source, read: Reader) -> Program:
    """The main file and all that it uses. Raises nothing, whatever the texts hold."""
    loader = _Loader(main, read)
    path = os.path.basename(main.name)
    loader.add(path, main.text, 0, ())
    source = loader.source
    links = tuple(Link(span, one) for span, found in loader.links for one in source.used if one.path == found)
    return Program(source, tuple(loader.units.values()), links, tuple(loader.diagnostics), loader.complete)


class _Loader(Struct):
    """What was read so far."""

    source: Source
    read: Reader
    units: dict[str, Unit] = field(default_factory=dict)
    tried: set[str] = field(default_factory=set)
    links: list[tuple[Span, str]] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    complete: bool = True
    full: bool = False  # whether a limit was reached, which is said once

    def add(self, path: str, text: str, start: int, chain: tuple[tuple[str, Span], ...]) -> None:
        """Parse one file, and load what it uses. `chain` is who uses whom down to this file, and where it says so."""
        tree = moved(parse(Source(path, text)), start)
        if not isinstance(tree, syntax.File):
            self.diagnostics += tree
            self.complete = False
            return
        uses: dict[str, Span] = {}
        for clause in tree.uses:
            found = self._resolved(clause.path, path)
            if found in uses:
                self.diagnostics.append(UsedTwice(clause.path.span, found, uses[found]).diagnostic())
            elif found is not None:
                uses[found] = clause.path.span
                self._use(found, clause.path.span, ((path, clause.path.span), *chain))
        self.units[path] = Unit(path, Span(start, start + len(text)), tree, tuple(uses))

    def _resolved(self, written: syntax.Text, user: str) -> str | None:
        """The path from the main file's folder, or None after reporting."""
        fault = path_fault(written.value, 'use "{}"')
        if fault is None:
            return posixpath.normpath(posixpath.join(posixpath.dirname(user), written.value))
        self._fail(NotPortable(written.span, *fault))
        return None

    def _use(self, path: str, span: Span, chain: tuple[tuple[str, Span], ...]) -> None:
        users = [user for user, _ in chain]
        if path in users:
            self._circle(path, chain[: users.index(path) + 1])
            return
        self.links.append((span, path))
        if path in self.tried:
            return
        self.tried.add(path)
        text = self._text(path, span)
        if text is None:
            return
        start = self.source.end
        self.source = replace(self.source, used=(*self.source.used, Used(path, Source(self._name(path), text))))
        self.add(path, text, start, chain)

    def _text(self, path: str, span: Span) -> str | None:
        """The text of a file that was not read before, or None after reporting."""
        if len(self.source.used) == MAX_FILES:
            self._too_much(span, MAX_FILES, "files are used by one strategy")
            return None
        text = self.read(self._name(path))
        if isinstance(text, Unreadable):
            self._fail(CannotUse(span, path, text.why, text.help or BESIDE))
            return None
        if sum(len(file.text) for file in self.source.files()) + len(text) > MAX_CHARACTERS:
            self._too_much(span, MAX_CHARACTERS, "characters are read in a file and all that it uses")
            return None
        return text

    def _too_much(self, span: Span, limit: int, what: str) -> None:
        if not self.full:
            self._fail(UsesTooMuch(span, limit, what))
        self.full = True

    def _circle(self, path: str, chain: tuple[tuple[str, Span], ...]) -> None:
        """Report that the first of a chain, which comes from the last use to the first, uses the last of it."""
        (_, closing), *before = chain
        names = [f"`{user}`" for user, _ in reversed(chain)]
        told = f": {' uses '.join([*names, names[0]])}" if before else ""
        cure = "delete this line" if not before else "move what both need into a third file, and use that in both"
        self._fail(UseCycle(closing, path, told, cure, tuple(span for _, span in reversed(before))))

    def _fail(self, error: LanguageError) -> None:
        self.diagnostics.append(error.diagnostic())
        self.complete = False

    def _name(self, path: str) -> str:
        """The path as the main file's name begins: relative to where that one is relative to."""
        from pathlib import PurePath  # here, as most programs are one file, and loading it is a twentieth of a start

        folder = PurePath(self.source.name).parent.as_posix()
        return path if folder == "." else posixpath.join(folder, path)


def path_fault(path: str, form: str) -> tuple[str, str] | None:
    """What makes a path mean something else on another machine, and what to write instead; `form` is how it is said."""
    last = path.replace("\\", "/").rstrip("/").rpartition("/")[2]
    example = f"write it from the folder of this file, for example `{form.format(last or 'tokens.strat')}`"
    if not path.strip():
        return "is empty", f"name a file, for example `{form.format('tokens.strat')}`"
    if not path.isprintable():
        return "has a character in it that cannot be printed", "write it anew"
    if path.startswith(("/", "\\", "~")):
        return "is absolute", example
    if ":" in path:
        return "names a drive or a protocol", example
    if "\\" in path:
        return "has a backslash in it", f"write `{form.format(path.replace(chr(92), '/'))}`"
    return None
