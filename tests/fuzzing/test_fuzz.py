"""A bounded attack, in every run of the tests. `make fuzz` attacks for as long as it is told."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings

from fuzzing.texts import TEXTS, attack
from stratc_dsl import Source, parse_strategies


@pytest.mark.parametrize("kind", TEXTS)
def test_no_text_is_answered_with_an_exception(kind: str) -> None:
    @settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(TEXTS[kind])
    def attacked(text: str) -> None:
        attack(text)

    attacked()


@pytest.mark.parametrize(("kind", "codes"), [("grammar", {"E02", "E03", "E04"}), ("mutation", {"E01", "E02"})])
def test_the_attack_reaches_behind_the_parser(kind: str, codes: set[str]) -> None:
    """Texts that all end at their first word would find nothing. Of so few, most kinds of errors are met, not all."""
    reached: set[str] = set()

    @settings(max_examples=60, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(TEXTS[kind])
    def seen(text: str) -> None:
        reached.update(one.code[:3] for one in parse_strategies(Source("seen.strat", text)).diagnostics)

    seen()
    assert len(codes & reached) >= 2
