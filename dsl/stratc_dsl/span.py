"""Places in source texts. Offsets only: file, line and column are computed when a diagnostic is rendered.

A main file keeps the offsets of its text. The texts of the files that it uses follow in the same space, one behind the
other, so that two numbers say the place and the file.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from hashlib import sha256
from typing import TypeVar, cast

from msgspec.structs import replace

from stratc_dsl.record import Record, parts


class Span(Record, order=True):
    """Half-open range of character offsets `[start, end)` in the text of one file."""

    start: int
    end: int

    def __post_init__(self) -> None:
        if not 0 <= self.start <= self.end:
            raise ValueError(f"span {self.start}..{self.end} is not a range")

    def __contains__(self, other: Span) -> bool:
        """Whether the other one is part of this one."""
        return self.start <= other.start and other.end <= self.end

    def join(self, other: Span) -> Span:
        """The smallest span that covers both."""
        return Span(min(self.start, other.start), max(self.end, other.end))


NOWHERE = Span(0, 0)
"""The span of what has no place in the text (assumptions that the compiler adds by name)."""


class Placed(Record, kw_only=True):
    """A record that stands somewhere, last of its fields and by name only. Where is never part of equality."""

    span: Span = NOWHERE

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self._said() == other._said()

    def __hash__(self) -> int:
        return hash((type(self), self._said()))

    def _said(self) -> tuple[object, ...]:
        return tuple(getattr(self, name) for name in self.__struct_fields__ if name != "span")


T = TypeVar("T")


def moved(value: T, by: int) -> T:
    """The same value, with every span in it `by` further on."""
    return cast("T", _moved(value, by)) if by else value


def _moved(value: object, by: int) -> object:
    if isinstance(value, Span):
        return Span(value.start + by, value.end + by)
    inner = tuple(_moved(one, by) for one in parts(value))
    if isinstance(value, Record):
        return replace(value, **dict(zip(value.__struct_fields__, inner, strict=True)))
    return inner if isinstance(value, tuple) else value


GAP = 2
"""Offsets between two files. A span may cover the end of a text, and then ends one behind it."""


class Used(Record):
    """A file that the main file uses, itself or through others. `path` leads to it from the main file's folder."""

    path: str
    source: Source


class Source(Record):
    """A named text; `name` is the path as the user wrote it. `used` are in the order of their offsets."""

    name: str
    text: str
    used: tuple[Used, ...] = ()

    @property
    def end(self) -> int:
        """The first offset behind all texts: where the next used file would start."""
        return sum(len(file.text) + GAP for file in self.files())

    def files(self) -> Iterator[Source]:
        """The main file, then every used one, in the order of their offsets."""
        return iter((self, *(one.source for one in self.used)))

    def file_at(self, offset: int) -> tuple[Source, int]:
        """The file that an offset is in, and the offset from the start of its text."""
        *others, last = self.files()
        for file in others:
            if offset < len(file.text) + GAP:
                return file, offset
            offset -= len(file.text) + GAP
        return last, offset

    def line_and_column(self, offset: int) -> tuple[int, int]:
        """1-based line and column of an offset in its file, columns in characters."""
        file, inside = self.file_at(offset)
        before = file.text[:inside]
        return before.count("\n") + 1, inside - (before.rfind("\n") + 1) + 1

    def line(self, number: int) -> str:
        """The text of a 1-based line of this file, without its line end."""
        return self.text.split("\n")[number - 1].rstrip("\r")

    def line_at(self, offset: int) -> str:
        """The text of the line that an offset is in, without its line end."""
        return self.file_at(offset)[0].line(self.line_and_column(offset)[0])

    def words(self, span: Span) -> str:
        """The text of a span, in the file where it stands."""
        file, start = self.file_at(span.start)
        return file.text[start : start + span.end - span.start]

    def digests(self) -> tuple[tuple[str, str], ...]:
        """Every file with the SHA-256 of its text, the main file first. No folder outside of the program is named."""
        named = ((os.path.basename(self.name), self.text), *((one.path, one.source.text) for one in self.used))
        return tuple((name, _sha256(text)) for name, text in named)

    def digest(self) -> str:
        """The SHA-256 of the text. Where files are used, of what `sha256sum` says of all of them in their order."""
        if not self.used:
            return _sha256(self.text)
        return _sha256("".join(f"{digest}  {name}\n" for name, digest in self.digests()))


def _sha256(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
