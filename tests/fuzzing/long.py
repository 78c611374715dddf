"""Attack the language for a number of minutes: `python tests/fuzzing/long.py 60`. Ends at the first failure."""

from __future__ import annotations

import random
import sys
import time
from collections import Counter

from hypothesis import HealthCheck, given, seed, settings

from fuzzing.texts import TEXTS, attack

BATCH = 1_000


def main(minutes: float) -> None:
    """Batches of each kind in turn, each with a seed of its own, which a failure names."""
    ends, attacked = time.monotonic() + 60 * minutes, Counter[str]()
    while time.monotonic() < ends:
        for kind in TEXTS:
            number = random.SystemRandom().randrange(2**32)
            try:
                batch(kind, number)
            except Exception:
                print(f"{kind}, seed {number}", flush=True)
                raise
            attacked[kind] += BATCH
        print(", ".join(f"{count:,} by {kind}" for kind, count in attacked.items()), flush=True)


def batch(kind: str, number: int) -> None:
    @seed(number)
    @settings(max_examples=BATCH, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(TEXTS[kind])
    def attacked(text: str) -> None:
        attack(text)

    attacked()


if __name__ == "__main__":
    main(float(sys.argv[1]))
