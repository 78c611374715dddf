"""The words and signs of any text, comments too, whether it parses or not.

The parser knows which word is a keyword in its place and which is a name, as far as it could read; where it dropped a
statement, a word that is a keyword somewhere counts as one.
"""

from __future__ import annotations

import re
from enum import Enum

from stratc_dsl.parse import keywords, terminals
from stratc_dsl.record import Record
from stratc_dsl.span import Source, Span


class Kind(Enum):
    KEYWORD = "keyword"
    NAME = "name"
    NUMBER = "number"
    TEXT = "text"
    COMMENT = "comment"
    SIGN = "sign"
    LINE_END = "line end"


class Lexeme(Record):
    kind: Kind
    text: str
    span: Span


_LEXEME = re.compile(
    r"(?P<COMMENT>#[^\n]*)"
    r'|(?P<TEXT>"[^"\n]*"?)'
    r"|(?P<LINE_END>\n)"
    r"|(?P<NAME>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<NUMBER>[0-9]+(?:_[0-9]+)*(?:\.[0-9]+(?:_[0-9]+)*)?(?:%|bps(?!\w)|[smhdy](?!\w))?)"
    r"|(?P<SIGN>\+-|\.\.|<=|>=|[^\s\ufeff])"
)


_LIMIT = re.compile(r",[ \t]*(?:min|max)(?=[ \t]+[-+0-9(])")


def begins_limit(text: str, comma: Lexeme) -> bool:
    """Whether a comma belongs to the `min` or `max` behind it, where any other comma ends a statement."""
    return comma.text == "," and _LIMIT.match(text, comma.span.start) is not None


MAX_READ = 200_000
"""Characters of a text that is parsed for its lexemes; longer ones are a generator's, and go by the words alone."""


def lexemes(source: Source) -> tuple[Lexeme, ...]:
    """Every lexeme in the order of the text."""
    read = terminals(source) if len(source.text) <= MAX_READ else {}
    words = keywords()
    found: list[Lexeme] = []
    for match in _LEXEME.finditer(source.text):
        kind = Kind[match.lastgroup or "SIGN"]
        terminal = read.get(match.start())
        limits = bool(found) and match.group() in ("min", "max") and begins_limit(source.text, found[-1])
        if limits or (kind is Kind.NAME and (terminal != "NAME" if terminal else match.group() in words)):
            kind = Kind.KEYWORD
        found.append(Lexeme(kind, match.group(), Span(match.start(), match.end())))
    return tuple(found)
