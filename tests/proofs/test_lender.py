"""Dollars that are lent out at Morpho: proved, and refuted where more is lost or less can be drawn than is assumed."""

from __future__ import annotations

from pathlib import Path

from proofs.strategies import proved, refuted
from stratc.analysis import load_source
from stratc_compiler.driver import Options, verify
from stratc_compiler.verdict import Verification
from stratc_dsl import Source

TEXT = (Path(__file__).parents[1] / "vyper_target" / "lender.strat").read_text(encoding="utf-8")


def told(*changes: tuple[str, str]) -> Verification:
    text = TEXT
    for old, new in changes:
        assert text.count(old) == 1
        text = text.replace(old, new)
    (model,) = load_source(Source("lender.strat", text)).models
    return verify(model.vault, model.source, Options(workers=1))


def test_it_is_proved() -> None:
    assert told().proved


def test_more_bad_debt_than_is_promised_is_refuted() -> None:
    """A lender pays for what nothing stands behind: 65% of it at most, of all that there is."""
    assert refuted(told(("loss(blue) <= 1%", "loss(blue) <= 1.6%"))) == {"loss <= 1% per round"}


def test_what_is_borrowed_cannot_pay_the_exit() -> None:
    found = told(("liquidity(blue) >= 30%", "liquidity(blue) >= 20%"))
    assert {"exit >= 50% of nav"} <= refuted(found)
    assert "loss <= 1% per round" in proved(found)
