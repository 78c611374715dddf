"""How Hypothesis tries a venue: as often as is asked, and nothing is kept of it."""

from __future__ import annotations

from hypothesis import HealthCheck, Phase, settings


def quietly(examples: int, *, seeded: bool = True) -> settings:
    """So many examples, the same ones in every run where they are `seeded`."""
    return settings(
        max_examples=examples,
        derandomize=seeded,
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
