"""What the compiler has to say about a well-typed strategy that it cannot carry out yet."""

from __future__ import annotations

from dataclasses import dataclass, field

from stratc_dsl.record import Record
from stratc_dsl.span import NOWHERE, Span


class Place(Record):
    """One thing that is not supported, in the words of the manual, where it stands, and what to do instead."""

    what: str
    span: Span
    cure: str = ""


@dataclass
class Unsupported(Exception):
    """The strategy is valid, but uses something this version neither proves nor emits. Never dropped silently.

    `what` names all of it; where that is several things, `label` is the one at `span`, and `also` are the others.
    """

    what: str
    help: str
    span: Span = field(default=NOWHERE, compare=False)
    label: str = ""
    also: tuple[Place, ...] = ()

    def __str__(self) -> str:
        return f"not supported yet: {self.what}"
