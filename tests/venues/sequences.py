"""Random sequences of operations on a venue's own contracts and on its books, side by side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

from hypothesis import given
from hypothesis import strategies as st

from lab.chain import Chain
from venues.quietly import quietly


class Beside(Protocol):
    """A venue and its books; `count` has how often each operation succeeded and reverted."""

    count: Counter[str]

    def step(self, step: Any, /) -> object:
        """The same on either side. Raises AssertionError where they differ."""


Pair = TypeVar("Pair", bound=Beside)


def _nothing(beside: object) -> None:
    pass


def told_beside(
    chain: Chain,
    sequences: int,
    drawn: st.SearchStrategy[tuple[Callable[[], Pair], Sequence[Any]]],
    *,
    seeded: bool,
    met: Callable[[Pair], None] = _nothing,
) -> Counter[str]:
    """So many sequences, each undone: how often each operation succeeded and reverted.

    What is drawn begins a pair, and has the steps; `met` is shown what they came to.
    """
    count: Counter[str] = Counter()

    @quietly(sequences, seeded=seeded)
    @given(drawn)
    def told(one: tuple[Callable[[], Pair], Sequence[Any]]) -> None:
        begin, steps = one
        start = chain.snapshot()
        try:
            beside = begin()
            for step in steps:
                beside.step(step)
            count.update(beside.count)
            met(beside)
        finally:
            chain.revert(start)

    told()
    print(f"{sequences} sequences, {count.total()} operations; {dict(count)}")
    return count
