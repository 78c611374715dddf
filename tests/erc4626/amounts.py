"""Amounts for Hypothesis: up to a bound that is known only once the vault stands, and anywhere in a word."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

_SCALE = 10**30

PARTS = st.one_of(st.integers(0, _SCALE), st.sampled_from([0, 1, _SCALE // 3, _SCALE - 1, _SCALE]), st.floats(0, 1))
"""Parts of a bound: see `up_to`; small floats are small amounts."""

WORDS = st.one_of(st.integers(0, 2**256 - 1), st.integers(0, 10**24), st.sampled_from([0, 1, 2**128, 2**255]))
"""Any uint256."""


def up_to(most: int, part: int | float) -> int:
    """An amount from 1 to the bound: an integer is a part of the whole, a float a part of its digits."""
    if isinstance(part, float):
        return max(1, min(most, int(most**part)))
    return max(1, most * part // _SCALE)


def tried(examples: int = 12, **drawn: st.SearchStrategy[Any]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """A property for so many draws. The vault is made once for all of them: each draw must put it back."""
    configured = settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        phases=(Phase.explicit, Phase.generate, Phase.shrink),
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
    return lambda test: configured(given(**drawn)(test))
