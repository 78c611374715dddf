"""Storage while one function runs: what was read of it, and what was written since."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import combinations

from library_proofs.terms import Term, both, choice, equal, implies

Place = tuple[str, tuple[Term, ...]]
"""A variable, and the keys of an entry if it is a mapping."""


@dataclass(slots=True)
class Storage:
    """`first` are the values from before the function ran, or after a call to others; `written` is what came since."""

    first: dict[Place, Term] = field(default_factory=dict)
    written: list[tuple[Term, Place, Term]] = field(default_factory=list)
    past: list[Term] = field(default_factory=list)

    def read(self, place: Place, fresh: Callable[[], Term]) -> Term:
        """The value there now; `fresh` makes an unknown for what was not read before."""
        if place not in self.first:
            self.first[place] = fresh()
        value = self.first[place]
        for path, (name, keys), new in self.written:
            if name == place[0]:
                value = choice(both(path, _same(keys, place[1])), new, value)
        return value

    def write(self, path: Term, place: Place, value: Term) -> None:
        self.written.append((path, place, value))

    def forget(self) -> None:
        """Somebody else was called: anything can have changed."""
        self.past.extend(self.facts)
        self.written.clear()
        self.first.clear()

    @property
    def facts(self) -> tuple[Term, ...]:
        """Entries of equal keys are the same entry."""
        pairs = combinations(self.first.items(), 2)
        alike = (
            implies(_same(keys, others), equal(value, other))
            for ((name, keys), value), ((again, others), other) in pairs
            if name == again and keys
        )
        return (*self.past, *alike)


def _same(keys: tuple[Term, ...], others: tuple[Term, ...]) -> Term:
    return both(*(equal(one, other) for one, other in zip(keys, others, strict=True)))
