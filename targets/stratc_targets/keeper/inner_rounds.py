"""How many rounds of a vault of ours that is held begin within one of this vault, and the other way round.

Proofs of the outer vault let the inner one lose what it may in a round, so many times. Both tell when a round begins;
what is counted is what lies between two such events of one of them, by block and place in the block.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import groupby

from stratc_targets.keeper.chain import Chain
from stratc_targets.keeper.watchlist import RoundsRead

RECALLED, RECALLED_BLOCKS = 10, 2_000
"""So many times so many blocks are looked through for the beginning of a round: nodes answer for few at a time."""


@dataclass(slots=True)
class RoundCount:
    """What was seen of both vaults, since the last round of either began: of each round whether the inner one's."""

    read: RoundsRead
    chain: Chain
    _began: list[bool] = field(default_factory=list)
    _upto: int | None = None

    def begin_again(self) -> None:
        """Count anew: blocks that were counted are no more."""
        self._began, self._upto = [], None

    def measured(self, block: int) -> Fraction | None:
        """The most rounds that began within one, as a share of what is assumed; None before there is a whole one.

        Since the last look, and in the rounds that are under way. Raises RpcDown and Refused.
        """
        if self._upto is None:
            self._began = self._recalled(block)
        elif block > self._upto:
            self._began += self.chain.rounds_begun(self.read.vault, self._upto + 1, block)
        self._upto = block
        share = used(self._began, self.read.inside, self.read.own)
        self._began = _under_way(self._began)
        return share

    def _recalled(self, block: int) -> list[bool]:
        """From the beginning of the round under way of either on, where nodes still know of it."""
        found: list[bool] = []
        for _ in range(RECALLED):
            found = self.chain.rounds_begun(self.read.vault, max(block - RECALLED_BLOCKS + 1, 0), block) + found
            block -= RECALLED_BLOCKS
            if block < 0 or len(set(found)) == 2:
                break
        return found


def used(began: Iterable[bool], inside: int, own: int) -> Fraction | None:
    """Of the most rounds of one vault between two of the other, what share of what may be: `inside` of the inner one.

    What came before the first round of the other is part of one that nobody has seen begin.
    """
    runs = [(inner, Fraction(len(list(run)))) for inner, run in groupby(began)]
    return max((count / (inside if inner else own) for inner, count in runs[1:]), default=None)


def _under_way(began: list[bool]) -> list[bool]:
    """From the last round of the vault whose last one began earlier on: both rounds under way."""
    return list(_kept(began))[::-1]


def _kept(began: list[bool]) -> Iterator[bool]:
    seen: set[bool] = set()
    for inner in reversed(began):
        yield inner
        seen.add(inner)
        if len(seen) == 2:
            return
