"""Copies of a vault with other text, compiled fast: not optimised, for a chain that takes code of any size."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from stratc_targets.vyper.build import VAULT, Compiled, Mode, compile_actions, compile_around

UNOPTIMISED = Mode("none")
"""Takes half the time: the differential tests run what `build` really emits."""


def compile_weakened(sources: Mapping[str, str]) -> Compiled:
    """Both contracts. Copies that differ in `Vault.vy` alone have their actions from one compilation."""
    below = frozenset((path, text) for path, text in sources.items() if path != VAULT)
    return compile_around(_actions(below), UNOPTIMISED, sources)


@cache
def _actions(sources: frozenset[tuple[str, str]]) -> Compiled:
    return compile_actions(UNOPTIMISED, dict(sorted(sources)))
