"""Between offsets in characters, which stratc counts in, and the lines and code units that editors count in."""

from __future__ import annotations

import re
from bisect import bisect_right

from lsprotocol import types
from pygls.workspace import PositionCodec

from stratc_dsl.span import Span

_LINE_END = re.compile(r"\r\n|\r|\n")
"""As the protocol has it: a carriage return alone ends a line in an editor, though not in a strategy."""


class Positions:
    """Places in one text, in the code units that were agreed upon with the client (UTF-16 if none were)."""

    def __init__(self, text: str, codec: PositionCodec) -> None:
        self._text = text
        self._codec = codec
        ends = list(_LINE_END.finditer(text))
        self._starts = [0, *(match.end() for match in ends)]
        self._ends = [*(match.start() for match in ends), len(text)]

    def position(self, offset: int) -> types.Position:
        """Where a character is; behind the last one for offsets beyond the text."""
        line = bisect_right(self._starts, min(offset, len(self._text))) - 1
        before = self._text[self._starts[line] : min(offset, self._ends[line])]
        return types.Position(line, self._codec.client_num_units(before))

    def range(self, span: Span) -> types.Range:
        return types.Range(self.position(span.start), self.position(span.end))

    def offset(self, position: types.Position) -> int:
        """The character at a position; the end of its line, or of the text, where the position is beyond."""
        if position.line >= len(self._starts):
            return len(self._text)
        start, end = self._starts[position.line], self._ends[position.line]
        units = 0
        for offset in range(start, end):
            if units >= position.character:
                return offset
            units += self._codec.client_num_units(self._text[offset])
        return end

    def lines(self, span: Span) -> list[tuple[int, Span]]:
        """The parts of a span by line, line ends left out: what a client that knows no longer tokens can take."""
        first = bisect_right(self._starts, span.start) - 1
        last = bisect_right(self._starts, max(span.start, span.end - 1)) - 1
        return [
            (line, Span(max(span.start, self._starts[line]), max(span.start, min(span.end, self._ends[line]))))
            for line in range(first, last + 1)
        ]

    def units(self, span: Span) -> int:
        """How long a part of one line is."""
        return int(self._codec.client_num_units(self._text[span.start : span.end]))
