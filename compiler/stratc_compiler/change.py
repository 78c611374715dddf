"""What changed in meaning from one strategy to another: data only, and how values are told.

A strategy says: as long as this is assumed, that is promised. A change is `weaker` where more is assumed or less is
promised, `stronger` where less is assumed or more is promised, and `neither` where what the vault is or does changes,
of which both strategies say as much.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator
from enum import Enum
from fractions import Fraction
from typing import TypeVar

from stratc_compiler.vault import Vault
from stratc_dsl.record import Record
from stratc_dsl.span import NOWHERE, Placed, Source, Span
from stratc_dsl.strategy import Strategy

T = TypeVar("T")


class Direction(Enum):
    WEAKER = "weaker"
    STRONGER = "stronger"
    NEITHER = "neither"


class Subject(Enum):
    """What a change is about. Changes are told in this order."""

    STRATEGY = "strategy"
    ASSUMPTION = "assumption"
    CLAIM = "claim"
    FLOOR = "floor"
    MARGIN = "margin"
    BAND = "band"
    RULE = "rule"
    TOKEN = "token"
    VENUE = "venue"
    EXIT = "exit"
    ROLE = "role"
    LIMIT = "limit"
    FEE = "fee"
    SIGNAL = "signal"
    ORDER = "order"


class Change(Record):
    """One difference in meaning. `old` and `new` are its places in the two sources, NOWHERE where it has none."""

    subject: Subject
    name: str
    text: str
    direction: Direction
    why: str
    old: Span = NOWHERE
    new: Span = NOWHERE


class Version(Record):
    """One of the two strategies: its model, and the source it stands in."""

    vault: Vault
    source: Source

    @property
    def strategy(self) -> Strategy:
        return self.vault.strategy

    def words(self, span: Span) -> str:
        """What stands there, on one line and without comments."""
        return " ".join(_COMMENT.sub(r"\1", self.source.words(span)).split())


_COMMENT = re.compile(r'("[^"\n]*")|#[^\n]*')


class Two(Record):
    """The two versions that are compared."""

    old: Version
    new: Version

    def change(
        self, subject: Subject, name: str, old: Placed | None, new: Placed | None, direction: Direction, why: str
    ) -> Change:
        """A change of a statement, told in the words of both sources; where one is None it was added or dropped."""
        before = f"`{self.old.words(old.span)}`" if old is not None else ""
        after = f"`{self.new.words(new.span)}`" if new is not None else ""
        text = f"{before} -> {after}" if before and after else f"dropped: {before}" if before else f"added: {after}"
        return Change(subject, name, text, direction, why, _span(old), _span(new))


def _span(node: Placed | None) -> Span:
    return NOWHERE if node is None else node.span


def grown(old: Fraction | int, new: Fraction | int, larger: Direction) -> Direction:
    """The direction of a change of a number, of which `larger` is the direction upwards."""
    if old == new:
        return Direction.NEITHER
    return larger if new > old else opposite(larger)


def opposite(direction: Direction) -> Direction:
    match direction:
        case Direction.WEAKER:
            return Direction.STRONGER
        case Direction.STRONGER:
            return Direction.WEAKER
        case Direction.NEITHER:
            return Direction.NEITHER


def paired(old: Iterable[T], new: Iterable[T], key: Callable[[T], Hashable]) -> Iterator[tuple[T | None, T | None]]:
    """What both have by its key, then what only the new one has. Several of one key are paired as they sort."""
    olds, news = _by_key(old, key), _by_key(new, key)
    for name in [*olds, *(name for name in news if name not in olds)]:
        before, after = olds.get(name, []), news.get(name, [])
        for number in range(max(len(before), len(after))):
            yield _at(before, number), _at(after, number)


def _by_key(items: Iterable[T], key: Callable[[T], Hashable]) -> dict[Hashable, list[T]]:
    found: dict[Hashable, list[T]] = defaultdict(list)
    for item in items:
        found[key(item)].append(item)
    for several in found.values():
        if len(several) > 1:
            several.sort(key=_sorting)
    return found


def _sorting(item: object) -> str:
    """An order of equal keys that does not hang on where they stand."""
    return repr(tuple(getattr(item, name) for name in getattr(item, "__struct_fields__", ()) if name != "span"))


def _at(items: list[T], number: int) -> T | None:
    return items[number] if number < len(items) else None


def told(value: object) -> str:
    """A value of a declaration for people, exactly."""
    match value:
        case Fraction():
            return f"{decimal(value * 100)}%"
        case None:
            return "nothing"
        case tuple():
            return f"[{', '.join(told(one) for one in value)}]"
        case _:
            return str(value)


def decimal(value: Fraction) -> str:
    """A number in all its digits, as a fraction where those do not end."""
    rest, places = value.denominator, 0
    while rest % 10 == 0 or rest % 2 == 0 or rest % 5 == 0:
        rest //= 10 if rest % 10 == 0 else 2 if rest % 2 == 0 else 5
        places += 1
    if rest != 1:
        return f"{value.numerator}/{value.denominator}"
    digits = f"{abs(value.numerator) * 10**places // value.denominator:0{places + 1}d}"
    whole, part = (digits[:-places], digits[-places:].rstrip("0")) if places else (digits, "")
    return ("-" if value < 0 else "") + whole + (f".{part}" if part else "")
