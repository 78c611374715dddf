"""What the compiler has to say about a well-typed strategy that it cannot carry out yet."""

from __future__ import annotations

from dataclasses import dataclass, field

from stratc_dsl.span import NOWHERE, Span


@dataclass
class Unsupported(Exception):
    """The strategy is valid, but uses something this version neither proves nor emits. Never dropped silently."""

    what: str
    help: str
    span: Span = field(default=NOWHERE, compare=False)

    def __str__(self) -> str:
        return f"not supported yet: {self.what}"
