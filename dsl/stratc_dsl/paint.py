"""Colours of what people read on a terminal. Whoever renders says what a piece of text is; a `Paint` shows it."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum


class Part(Enum):
    """What a piece of text is, with the colour it has (parameters of the ANSI sequence Select Graphic Rendition)."""

    ERROR = "1;31"
    WARNING = "1;33"
    GOOD = "1;32"
    TITLE = "1"  # what is said, in a sentence
    FRAME = "34"  # line numbers, arrows and rules around an excerpt
    THERE = "1;34"  # places that belong to the one that is marked as the error or warning
    HELP = "36"


Paint = Callable[[str, Part], str]
"""The same words with whatever shows them to be that part. Takes up no room: columns are those of the plain text."""


def plain(text: str, _: Part) -> str:
    """No colours, for pipes, files and editors."""
    return text


def ansi(text: str, part: Part) -> str:
    """Colours for a terminal."""
    return f"\x1b[{part.value}m{text}\x1b[0m" if text and not text.isspace() else text
