"""Refutations by the facts that they use: where these hold again, in another case or for another goal, they refute."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct, field

from stratc_checker.query import Any_, Fact, flat
from stratc_compiler.prooftree import Node
from stratc_dsl.record import Record

MOST = 1_000
"""Refutations kept of a context, and of a goal: to go through more takes longer than to find them anew."""


class Found(Record):
    """A refutation, and the facts that it uses (by identity)."""

    node: Node
    uses: frozenset[int]


Lemma = tuple[frozenset[int], Found]
"""The facts that a refutation needs beyond the context, and the refutation."""


class _Lemmas(Struct):
    """Lemmas under each fact that they need, in the order in which they were found."""

    by_fact: dict[int, list[Lemma]] = field(default_factory=dict)
    known: set[frozenset[int]] = field(default_factory=set)

    def add(self, needs: frozenset[int], found: Found) -> None:
        if needs in self.known or len(self.known) >= MOST:
            return
        self.known.add(needs)
        for fact in needs:
            self.by_fact.setdefault(fact, []).append((needs, found))


class Learned:
    """What was refuted so far in one context, in its own cases and in those of the goal that is looked at.

    `whole` is a refutation of the context by itself, whatever the goal.
    """

    def __init__(self, context: Sequence[Fact]) -> None:
        self.whole: Found | None = None
        self._context = frozenset(map(id, context))
        self._always = _Lemmas()
        self.begin(())

    def begin(self, goal: Sequence[Fact]) -> None:
        """Forget what was refuted by facts of the goal before: they may be gone, and others in their place."""
        self._goal = frozenset(map(id, _within(goal)))
        self._now = _Lemmas()

    def add(self, found: Found) -> None:
        needs = found.uses - self._context
        if not needs:
            self.whole = found
        (self._always if needs.isdisjoint(self._goal) else self._now).add(needs, found)

    def among(self, new: Sequence[int], assumed: frozenset[int]) -> Found | None:
        """A refutation that needs something of what is new, and else nothing but what is assumed."""
        together: frozenset[int] | None = None
        for store in (self._always, self._now):
            for one in new:
                for needs, found in store.by_fact.get(one, ()):
                    together = together or assumed.union(new)  # most of what is asked for has no lemma at all
                    if needs <= together:
                        return found
        return None


def _within(facts: Iterable[Fact]) -> Iterator[Fact]:
    """The facts, and those that their choices are between."""
    for fact in facts:
        yield fact
        if isinstance(fact, Any_):
            for part in fact.parts:
                yield from _within(flat(part))
