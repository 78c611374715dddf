"""Breaking printed expressions over lines, as a person would: whole if it fits, else one argument a line."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

WIDTH = 112
"""Columns for a statement inside a function body, indentation not counted."""


@dataclass(frozen=True, slots=True)
class Atom:
    text: str


@dataclass(frozen=True, slots=True)
class Call:
    """`head(arguments)`."""

    head: str
    arguments: tuple[Doc, ...]


class Level(IntEnum):
    """How tightly a chain's operators bind, loosest first."""

    CHOICE = 0  # a if c else b
    OR = 1
    AND = 2
    NOT = 3
    COMPARISON = 4
    SUM = 5
    PRODUCT = 6


@dataclass(frozen=True, slots=True)
class Chain:
    """Operands, each with what stands before it: `a + b` is (("", a), ("+ ", b)).

    Operands that bind no tighter get brackets.
    """

    level: Level
    links: tuple[tuple[str, Doc], ...]


Doc = Atom | Call | Chain


def flat(doc: Doc) -> str:
    """The expression on one line, without outer brackets."""
    match doc:
        case Atom(text):
            return text
        case Call(head, arguments):
            return f"{head}({', '.join(flat(argument) for argument in arguments)})"
        case Chain(level, links):
            return " ".join(prefix + _operand(operand, level) for prefix, operand in links)


def _operand(doc: Doc, level: Level) -> str:
    return f"({flat(doc)})" if isinstance(doc, Chain) and doc.level <= level else flat(doc)


def call(text: str) -> Call:
    """`head(a, b)` given as text, whose arguments are plain names."""
    head, _, rest = text.partition("(")
    return Call(head, tuple(Atom(argument) for argument in rest.removesuffix(")").split(", ")))


def both(*conditions: str) -> Doc:
    """`a and b`, of conditions given as text; true where there are none."""
    if not conditions:
        return Atom("True")
    return Chain(Level.AND, tuple(("and " if place else "", Atom(text)) for place, text in enumerate(conditions)))


def statement(before: str, doc: Doc, after: str = "", width: int = WIDTH) -> list[str]:
    """Lines of `before doc after`, none indented relative to the first more than its depth."""
    whole = before + flat(doc) + after
    if len(whole) <= width:
        return [whole]
    body = _broken(doc, width)
    return [before + body[0], *body[1:-1], body[-1] + after]


def _broken(doc: Doc, width: int) -> list[str]:
    match doc:
        case Atom(text):
            return [text]
        case Call(head, arguments):
            inner = [_ended(_lines(flat(argument), argument, width - 5), ",") for argument in arguments]
            return [f"{head}(", *_indented(inner), ")"]
        case Chain(level, links):
            inner = [_lines(prefix + _operand(operand, level), operand, width - 4, prefix) for prefix, operand in links]
            return ["(", *_indented(inner), ")"]


def _lines(whole: str, doc: Doc, width: int, prefix: str = "") -> list[str]:
    """`whole` if it fits, else the prefix and the expression broken up."""
    if len(whole) <= width:
        return [whole]
    body = _broken(doc, width)
    return [prefix + body[0], *body[1:]]


def _ended(lines: list[str], end: str) -> list[str]:
    return [*lines[:-1], lines[-1] + end]


def _indented(blocks: list[list[str]]) -> list[str]:
    return [f"    {line}" for block in blocks for line in block]
