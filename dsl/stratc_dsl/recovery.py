"""Where to read on after a syntax error, found in the bare text: brackets, line ends and words that open a block."""

from __future__ import annotations

import re

from stratc_dsl.newline import MAX_BRACKETS
from stratc_dsl.span import Span

_STOP = re.compile(r'#[^\n]*|"[^"\n]*"|[\n;{}()\[\]]')
MAX_BLOCKS = 8
"""Blocks inside blocks: the language has three."""

_HEADER = re.compile(
    r"(?:assume|allocate|hedge|floors|rules|signals|roles|limits|fees|exit|prove)(?=[ \t\r\f]*\{)"
    r"|(?:strategy|token|signal)(?=[ \t\r\f]+\w+[ \t\r\f]*\{)|venue(?=[ \t\r\f]+\w+[ \t\r\f]*=)"
    r"|base(?=[ \t\r\f]+\w)|use(?=[ \t\r\f]*\")"
)


def statement_end(text: str, start: int, depth: int, in_block: bool) -> int:
    """Where the statement around `start` ends: a line end or `;` outside of brackets, or the `}` of the block around.

    `depth` of its brackets are open at `start`. Where one is never closed, the statement ends with the line.
    """
    braces, first_line_end = 0, -1
    for match in _STOP.finditer(text, start):
        sign = match.group()
        if braces > MAX_BLOCKS or depth > 2 * MAX_BRACKETS:  # so deep that no bracket can be told to close another
            line_end = first_line_end if first_line_end >= 0 else text.find("\n", match.start())
            return line_end if line_end >= 0 else len(text)
        if sign in ("\n", ";"):
            if braces == 0 and depth <= 0:
                return match.start()
            if first_line_end < 0:
                first_line_end = match.start()
        elif sign in ("(", "["):
            depth += 1
        elif sign in (")", "]"):
            depth -= 1
        elif sign == "{":
            braces += 1
        elif sign == "}":
            if braces == 0 and in_block:
                return match.start() if first_line_end < 0 else first_line_end
            braces -= braces > 0
    return first_line_end if first_line_end >= 0 else len(text)


def unopened_block_end(text: str, start: int) -> int:
    """Where a block ends that lacks its `{`: behind its `}`, or before the line that begins the next declaration."""
    line_end = text.find("\n", start)
    if line_end < 0:
        return len(text)
    braces = 0 if text[line_end:].lstrip()[:1] == "{" else 1
    for match in _STOP.finditer(text, line_end):
        sign = match.group()
        if sign == "{":
            braces += 1
        elif sign == "}":
            braces -= 1
            if braces <= 0:
                return match.end()
        elif sign == "\n" and braces == 1 and _HEADER.match(text, _first_word(text, match.end())):
            return match.start()
    return len(text)


def next_header(text: str, offset: int) -> int:
    """Where the next line begins that starts with the word of a declaration or block; the end where none does."""
    line_end = text.find("\n", offset)
    while line_end >= 0:
        if _HEADER.match(text, _first_word(text, line_end + 1)):
            return line_end
        line_end = text.find("\n", line_end + 1)
    return len(text)


def header_at(text: str, offset: int) -> Span | None:
    """The word that begins a declaration or block, where the line of `offset` has nothing else before `offset`."""
    start = _first_word(text, text.rfind("\n", 0, offset) + 1)
    header = _HEADER.match(text, start)
    if header is None or text[start:offset].strip() not in ("", header.group()):
        return None
    return Span(header.start(), header.end())


def _first_word(text: str, line_start: int) -> int:
    while line_start < len(text) and text[line_start] in " \t\r\f":
        line_start += 1
    return line_start
