"""Which names a piece of a strategy mentions, whatever they mean."""

from __future__ import annotations

from collections.abc import Iterator

from stratc_dsl import syntax
from stratc_dsl.record import parts
from stratc_dsl.strategy import Assumption, Position


def names_in(node: object) -> Iterator[str]:
    """Every name in a piece of the surface tree, but not those of fields and arguments, which the language gave."""
    match node:
        case syntax.Name(text):
            yield text
        case syntax.Field(_, value) | syntax.Argument(_, value):
            yield from names_in(value)
        case _:
            for part in parts(node):
                yield from names_in(part)


def names_of(assumption: Assumption) -> set[str]:
    """The tokens and venues that an assumption is about."""
    names: set[str] = set()
    for value in parts(assumption):
        if isinstance(value, str):
            names.add(value)
        if isinstance(value, Position):
            names |= {value.token} | ({value.venue} if value.venue else set())
    return names
