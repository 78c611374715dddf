"""The one layout of strategies, as an edit of the document."""

from __future__ import annotations

from lsprotocol import types

from stratc.lsp.positions import Positions
from stratc_dsl.format import format_text
from stratc_dsl.span import Source, Span


def formatted(source: Source, positions: Positions) -> list[types.TextEdit]:
    """What brings a text into the layout: nothing where it has it. Statements that cannot be read stay as they are."""
    text = format_text(source).text
    # The editor chooses the line ends of its documents, the layout only those of files.
    if text == source.text.replace("\r\n", "\n"):
        return []
    return [types.TextEdit(positions.range(Span(0, len(source.text))), text)]
