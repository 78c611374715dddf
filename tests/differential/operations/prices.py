"""What feeds and the sequencer answer, and time, which makes answers old."""

from __future__ import annotations

from dataclasses import dataclass

from differential.pair import Pair
from lab.sequencer import LONG_AGO

_SENSIBLE = {
    "WETH": (300 * 10**8, 2_000 * 10**8, 20_000 * 10**8),
    "WBTC": (9_000 * 10**8, 60_000 * 10**8, 600_000 * 10**8),
    "USDC": (9 * 10**7, 10**8, 11 * 10**7),
}
"""Lowest, usual and highest answers: what a pool can follow. After an odd answer a move begins from the usual."""


@dataclass(frozen=True)
class Move:
    """A price to `permille` of itself, the pool after it if `arbitrage`."""

    token: str
    permille: int
    arbitrage: bool = True

    def apply(self, pair: Pair) -> None:
        answer = pair.market.feeds[self.token].answer * self.permille // 1_000
        low, usual, high = _SENSIBLE[self.token]
        if not low <= answer <= high:
            answer = usual
        pair.feed(self.token, answer, arbitrage=self.arbitrage)
        pair.tally.done["move price"] += 1


@dataclass(frozen=True)
class Report:
    """A feed reports nonsense: an answer, or an age (negative: from the future)."""

    token: str
    answer: int | None = None
    age: int = 0

    def apply(self, pair: Pair) -> None:
        answer = pair.market.feeds[self.token].answer if self.answer is None else self.answer
        pair.feed(self.token, answer, self.age, arbitrage=False)
        pair.tally.done["odd answer"] += 1


@dataclass(frozen=True)
class Sequencer:
    """The sequencer's feed gives an answer that has held for `age` seconds (negative: from the future; None: never)."""

    answer: int
    age: int | None

    def apply(self, pair: Pair) -> None:
        pair.sequencer(self.answer, self.age)
        pair.tally.done["sequencer"] += 1


@dataclass(frozen=True)
class Mend:
    """Every feed answers again, the sequencer has long been up, and the pool follows."""

    def apply(self, pair: Pair) -> None:
        pair.sequencer(0, LONG_AGO)
        for token, feed in pair.market.feeds.items():
            low, usual, high = _SENSIBLE[token]
            pair.feed(token, feed.answer if low <= feed.answer <= high else usual, arbitrage=False)
        pair.arbitrage()
        pair.tally.done["mend feeds"] += 1


@dataclass(frozen=True)
class Wait:
    seconds: int
    refresh: bool = True

    def apply(self, pair: Pair) -> None:
        pair.warp(self.seconds)
        if self.refresh:
            for token, feed in pair.market.feeds.items():
                pair.feed(token, feed.answer, arbitrage=False)
        pair.tally.done["wait"] += 1
