"""The one layout of .strat texts: text to text, and nothing but the space between words changes.

Lines stay as their author cut them. A statement that cannot be read stays as it is.
"""

from __future__ import annotations

from itertools import groupby

from lark import Token

from stratc_dsl.diagnostic import Diagnostic
from stratc_dsl.format_columns import align, align_comments
from stratc_dsl.format_lines import BYTE_ORDER_MARK, CLOSED_BY, WHITESPACE, Line, lines_of, with_unix_line_ends
from stratc_dsl.parse import read_tokens
from stratc_dsl.record import Record
from stratc_dsl.span import Source

_NOTHING = str.maketrans("", "", WHITESPACE)


class Formatted(Record):
    """A text in the layout of the language; `diagnostics` are its syntax errors, with spans of the text before."""

    text: str
    diagnostics: tuple[Diagnostic, ...]


def format_text(source: Source) -> Formatted:
    """Line ends become LF, a byte order mark stays. Formatting the result changes nothing more."""
    tokens, diagnostics = read_tokens(_with_last_line_end(source))
    lines = _without_spare_blank_lines(lines_of(source.text, tokens))
    align(lines)
    align_comments(lines, source.text)
    mark = BYTE_ORDER_MARK if source.text.startswith(BYTE_ORDER_MARK) else ""
    return Formatted(mark + "".join(f"{_rendered(line)}\n" for line in lines), diagnostics)


def _with_last_line_end(source: Source) -> Source:
    """An unfinished last statement is read differently without."""
    return source if source.text.endswith("\n") else Source(source.name, source.text + "\n")


def is_same_strategy(before: str, after: str) -> bool:
    """Whether two texts have the same signs in the same order, and the parser takes both for the same words."""
    return before.translate(_NOTHING) == after.translate(_NOTHING) and _words(before) == _words(after)


def _words(text: str) -> list[str]:
    """The tokens and their types. Several line ends in a row count as one; those at the ends of the text do not."""
    tokens, _ = read_tokens(_with_last_line_end(Source("", text)))
    words = (token.type if token.type == "_NL" else f"{token.type} {_word(token)}" for token in tokens)
    once = [word for word, _ in groupby(words)]
    return once[once[:1] == ["_NL"] : len(once) - (once[-1:] == ["_NL"])]


def _word(token: Token) -> str:
    """A token as formatting leaves it: only a string and what could not be read keep the space inside."""
    if token.type in ("COMMA_MIN", "COMMA_MAX"):
        return token.translate(_NOTHING)
    return with_unix_line_ends(token.strip(WHITESPACE))


def _without_spare_blank_lines(lines: list[Line]) -> list[Line]:
    """No two blank lines on end, none behind an opening bracket, before a closing one, or at an end of the text."""
    kept: list[Line] = []
    for line in lines:
        if line.blank and (not kept or kept[-1].blank or _opens(kept[-1])):
            continue
        if kept and kept[-1].blank and line.pieces and line.pieces[0].type in CLOSED_BY:
            kept.pop()
        kept.append(line)
    if kept and kept[-1].blank:
        kept.pop()
    return kept


def _opens(line: Line) -> bool:
    return bool(line.pieces) and line.pieces[-1].type in CLOSED_BY.values()


def _rendered(line: Line) -> str:
    if line.blank:
        return ""
    comment = line.comment.gap + line.comment.text if line.comment else ""
    return " " * line.indent + "".join(piece.gap + piece.text for piece in line.pieces) + comment
