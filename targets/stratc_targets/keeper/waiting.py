"""Waiting: until told to stop, and longer after each failure."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass

_SLICE_SECONDS = 0.1


class Stop:
    """Whether the keeper has to end: it was told to (a signal), or a deadline in `time.monotonic()` has passed."""

    def __init__(self, deadline: float | None = None) -> None:
        self.told = False
        self._deadline = deadline

    def tell(self) -> None:
        """To be called from a signal handler: an assignment, since a lock taken there could deadlock."""
        self.told = True

    @property
    def reached(self) -> bool:
        return self.told or (self._deadline is not None and time.monotonic() >= self._deadline)

    def wait(self, seconds: float) -> None:
        """Sleep, or less where the keeper has to end."""
        until = time.monotonic() + seconds
        while not self.reached and (left := until - time.monotonic()) > 0:
            time.sleep(min(left, _SLICE_SECONDS))


@dataclass(slots=True)
class Backoff:
    """Delays in seconds that double from `first` to `most`, each shortened at random by up to a half.

    The randomness keeps many clients of one endpoint from coming back all at once.
    """

    first: float
    most: float
    failures: int = 0
    jitter: Callable[[], float] = random.random

    def next(self) -> float:
        """The delay after one more failure."""
        delay = min(self.first * 2.0 ** min(self.failures, 60), self.most)
        self.failures += 1
        return delay * (1 - self.jitter() / 2)
