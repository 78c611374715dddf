"""Reads the queries of a certificate: a small part of SMT-LIB 2 over the reals, and nothing beyond it.

Every command ends on the line where it begins.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property, lru_cache
from typing import Any

from stratc_checker.polynomial import ONE, Polynomial, Whole, accumulate, constant, multiply, negated, whole

TOKEN = re.compile(r"[()]|[^\s()|]+|\|[^|\\]*\||\S")
"""A bracket, a word, a name, or a bar that is none of them. Names keep their bars: none is taken for a word."""

BAR = "|"

LITERAL = re.compile(r"[0-9]+(?:\.[0-9]+)?")
MOST_LINES = 10_000
"""The carry's obligations have some 1,500."""


class Unreadable(Exception):
    """The query is not in the part of SMT-LIB 2 that is read here."""


@dataclass(frozen=True, eq=False)
class Atom:
    """`polynomial = 0`, `> 0` or `>= 0`. Equal to none but itself: so it is found again quickly."""

    relation: str
    polynomial: Polynomial

    @cached_property
    def whole(self) -> Whole:
        """The same polynomial without fractions: many terms of many proofs name one fact."""
        return whole(self.polynomial)


@dataclass(frozen=True, slots=True)
class All:
    parts: tuple[Formula, ...]


@dataclass(frozen=True, slots=True)
class Any_:
    """At least one of the parts; of none, never."""

    parts: tuple[Formula, ...]


Fact = Atom | Any_
Formula = Fact | All


def flat(formula: Formula) -> Iterator[Fact]:
    """The parts of a conjunction, in the order in which proofs number them."""
    if isinstance(formula, All):
        for part in formula.parts:
            yield from flat(part)
    else:
        yield formula


@dataclass(frozen=True, slots=True)
class Declared:
    name: str


@dataclass(frozen=True, slots=True)
class Asserted:
    facts: list[Fact]
    names: frozenset[str]


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads queries. A line that was read before is not read again: what it says does not depend on those around it.

    Of more than `MOST_LINES` it begins anew, so that whoever keeps one keeps no more than that.
    """

    _lines: dict[str, list[Declared | Asserted]] = field(default_factory=dict)

    def assertions(self, text: str, known: frozenset[str] = frozenset()) -> tuple[frozenset[str], list[list[Fact]]]:
        """Variables, those already known included, and the facts of each assertion about them, in order.

        Raises Unreadable for anything but declarations of reals and assertions.
        """
        if len(self._lines) > MOST_LINES:
            self._lines.clear()
        names = set(known)
        groups: list[list[Fact]] = []
        for line in text.split("\n"):
            commands = self._lines.get(line)
            if commands is None:
                commands = self._lines[line] = [_command(command) for command in _commands(line)]
            for command in commands:
                if isinstance(command, Asserted) and command.names <= names:
                    groups.append(command.facts)
                elif isinstance(command, Declared) and command.name not in names:
                    names.add(command.name)
                else:
                    raise Unreadable(f"declared twice or not at all: {line[:80]}")
        return frozenset(names), groups


def _command(command: Any) -> Declared | Asserted:
    match command:
        case ["declare-const", str(name), "Real"] if name[0] == BAR:
            return Declared(name[1:-1])
        case ["assert", term]:
            names: set[str] = set()
            facts = list(flat(_formula(term, True, names)))
            return Asserted(facts, frozenset(names))
        case _:
            raise Unreadable(f"what does not belong into a query: {str(command)[:80]}")


def _commands(text: str) -> list[Any]:
    stack: list[list[Any]] = [[]]
    for token in TOKEN.findall(text):
        if token == "(":
            stack.append([])
        elif token == ")" and len(stack) > 1:
            done = stack.pop()
            stack[-1].append(done)
        elif token == ")":
            raise Unreadable("a `)` too many")
        elif token == BAR:
            raise Unreadable(f"no token: {token!r} in {text[:80]!r}")
        else:
            stack[-1].append(token)
    if len(stack) > 1:
        raise Unreadable("a `)` is missing")
    return stack[0]


def _formula(term: Any, positive: bool, names: set[str]) -> Formula:
    """The formula, or its negation. Adds the variables that it speaks of to `names`."""
    match term:
        case "true" | "false":
            return All(()) if (term == "true") == positive else Any_(())
        case ["not", operand]:
            return _formula(operand, not positive, names)
        case ["and" | "or" as word, *operands]:
            parts = tuple(_formula(operand, positive, names) for operand in operands)
            return All(parts) if (word == "and") == positive else Any_(parts)
        case ["<" | "<=" | ">" | ">=" | "=" as word, left, right]:
            difference = _term(left, names)
            accumulate(difference, negated(_term(right, names)))
            return _atom(word, difference, positive)
        case _:
            raise Unreadable(f"no formula: {str(term)[:80]}")


def _atom(word: str, difference: Polynomial, positive: bool) -> Formula:
    """`difference word 0`, or its negation."""
    if word == "=":
        apart = Any_((Atom(">", difference), Atom(">", negated(difference))))
        return Atom("=", difference) if positive else apart
    if word in ("<", "<="):
        # What is below zero is above it with the other sign.
        return _atom(word.replace("<", ">"), negated(difference), positive)
    return Atom(word, difference) if positive else Atom(">=" if word == ">" else ">", negated(difference))


def _term(term: Any, names: set[str]) -> Polynomial:
    match term:
        case str() if term[0] == BAR:
            names.add(name := term[1:-1])
            return {(name,): ONE}
        case str():
            return constant(_number(term))
        case ["-", operand]:
            return negated(_term(operand, names))
        case ["+" | "-" as sign, left, right]:
            total, other = _term(left, names), _term(right, names)
            accumulate(total, other if sign == "+" else negated(other))
            return total
        case ["*", left, right]:
            return multiply(_term(left, names), _term(right, names))
        case ["/", str(above), str(below)] if _number(below):
            return constant(_number(above) / _number(below))
        case _:
            raise Unreadable(f"no term: {str(term)[:80]}")


@lru_cache(maxsize=1000)
def _number(text: str) -> Fraction:
    if not LITERAL.fullmatch(text):
        raise Unreadable(f"no number: {text[:80]!r}")
    return Fraction(text)
