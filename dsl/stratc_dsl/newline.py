"""Between lexer and parser: newlines inside brackets do not count, and nothing grows deeper than recursion can bear."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lark import Token
from lark.lark import PostLex

MAX_BRACKETS = 32
MAX_OPERATORS = 64
MAX_WORD = 64

_OPENING = frozenset({"LPAR", "LSQB"})
_CLOSING = frozenset({"RPAR", "RSQB"})
_OPERATORS = frozenset({"PLUS", "MINUS", "STAR", "SLASH", "NOT", "AND", "OR"})
_WORDS = frozenset({"NAME", "NUMBER", "RATIO", "DURATION"})


@dataclass(frozen=True)
class LimitReached(Exception):
    """A token that goes beyond what one statement may hold."""

    token: Token
    what: str
    limit: int


class Newlines(PostLex):
    """Drops newlines inside ( ) and [ ]. Raises LimitReached before the parser sees a token too many."""

    # NAME too, though the parser may not take it: where it is not lexed, `to` would match the beginning of `tomorrow`.
    always_accept = ("_NL", "NAME")

    def process(self, stream: Iterator[Token]) -> Iterator[Token]:
        brackets = operators = 0
        for token in stream:
            if token.type in _OPENING:
                brackets += 1
            elif token.type in _CLOSING:
                brackets = max(0, brackets - 1)
            elif token.type in _OPERATORS:
                operators += 1
            elif token.type == "_NL":
                if brackets:
                    continue
                operators = 0
            _check(token, brackets, operators)
            yield token


def _check(token: Token, brackets: int, operators: int) -> None:
    if brackets > MAX_BRACKETS:
        raise LimitReached(token, "brackets inside brackets", MAX_BRACKETS)
    if operators > MAX_OPERATORS:
        raise LimitReached(token, "operators in one statement", MAX_OPERATORS)
    if token.type in _WORDS and len(token) > MAX_WORD:
        raise LimitReached(token, "characters in one word or number", MAX_WORD)
