"""The mend that the header of a broken example names is one: with it, every claim is proved."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from refuted.broken import EXAMPLES, FOLDER, mended
from stratc.analysis import load_source
from stratc.decide import prove
from stratc.status import Status
from stratc_dsl import Source


@cache
def status(text: str) -> Status:
    """What a run over the text ends with; several examples are one strategy when mended."""
    return prove(load_source(Source(str(FOLDER / "mended.strat"), text), deny_warnings=True)).status


SLOW = {
    *("turned_funding", "eaten_margin", "narrow_band"),
    *("dead_rule", "deep_deleverage", "dry_pool", "eth_carry_45", "fall_together", "locked_in", "loop_depeg"),
    *("lost_collateral", "one_sided", "ping_pong", "thin_floor"),
    *("inner_exit", "lowered_threshold", "misread", "no_gap", "past_the_ltv"),
}
"""Strategies of their own when mended. Every run tries the one that several become, and all others."""


@pytest.mark.parametrize(
    "path",
    [pytest.param(path, marks=[pytest.mark.long] if path.stem in SLOW else [], id=path.stem) for path in EXAMPLES],
)
def test_mended_everything_is_proved(path: Path) -> None:
    assert status(mended(path)) is Status.PROVED


def test_there_are_examples_to_learn_from() -> None:
    assert len(EXAMPLES) > 10
