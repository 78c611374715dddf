"""Places in a source text. Offsets only: line and column are computed when a diagnostic is rendered."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Half-open range of character offsets `[start, end)` in the source text of one file."""

    start: int
    end: int

    def __post_init__(self) -> None:
        if not 0 <= self.start <= self.end:
            raise ValueError(f"span {self.start}..{self.end} is not a range")

    def join(self, other: Span) -> Span:
        """The smallest span that covers both."""
        return Span(min(self.start, other.start), max(self.end, other.end))


NOWHERE = Span(0, 0)
"""The span of what has no place in the text (assumptions that the compiler adds by name)."""


@dataclass(frozen=True, slots=True)
class Source:
    """A named source text; `name` is the path as the user wrote it."""

    name: str
    text: str

    def line_and_column(self, offset: int) -> tuple[int, int]:
        """1-based line and column of an offset, columns in characters."""
        before = self.text[:offset]
        return before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1

    def line(self, number: int) -> str:
        """The text of a 1-based line without its line end."""
        return self.text.split("\n")[number - 1].rstrip("\r")
