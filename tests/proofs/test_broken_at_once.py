"""What one of the first guesses breaks is refuted without a proof of anything: the delta-neutral text as first written.

Its bands leave no room for a vault that has unwound its range, and two thousand obligations would say so.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from proofs.strategies import EXAMPLES
from stratc_compiler import findings
from stratc_compiler.claims import claims_of
from stratc_compiler.driver import model
from stratc_compiler.effort import Effort
from stratc_compiler.environment import Box, box_of
from stratc_compiler.findings import answer_all
from stratc_compiler.judge import breaks_at_once, first_guesses, judge
from stratc_compiler.recall import Forgetful, Past
from stratc_compiler.vault import Vault
from stratc_compiler.verdict import Proved, Refuted
from stratc_dsl import Source, parse_strategies
from stratc_targets.venues import venue_factories

AT_FIRST = Path(__file__).parents[1] / "dsl" / "typed" / "delta_neutral_at_first.strat"
EATEN = EXAMPLES / "refuted" / "eaten_margin.strat"

BROKEN = {
    "recovers": "not settled after the keeper's pass: weight(pool) >= 54%",
    "quiet": "`rehedge` is due again after the keeper's pass",
    "hedged": "not hedged after the keeper's pass: delta(WETH) >= -3% of nav does not hold",
}


def modelled(path: Path) -> tuple[Vault, Box, Past]:
    source = Source(str(path), path.read_text())
    (strategy,) = parse_strategies(source).strategies
    vault = model(strategy, source, venue_factories(strategy))
    return vault, box_of(vault), Past(Forgetful(), Effort(), vault)


def test_the_delta_neutral_text_as_first_written_is_refuted_with_scenarios(monkeypatch: pytest.MonkeyPatch) -> None:
    vault, box, past = modelled(AT_FIRST)
    specs = [spec for spec in claims_of(vault, box) if spec.name in BROKEN]
    monkeypatch.setattr(findings, "_size", None)  # nothing is searched for
    first = first_guesses(box, past)
    answers, _ = answer_all(specs, past, 1, breaks=lambda spec: breaks_at_once(spec, first, box, past))
    results = [judge(spec, answered, box, past) for spec, answered in zip(specs, answers, strict=True)]
    verdicts = {one.name: one.verdict for one in results}
    assert {name: one.why for name, one in verdicts.items() if isinstance(one, Refuted)} == BROKEN
    for one in verdicts.values():
        assert isinstance(one, Refuted)
        assert one.scenario is not None
        lines = dict(one.scenario.lines)
        assert lines["the move"] == "within 1h: volatility(WETH, 1d) at 97.9796%"
        assert ("the keeper", "`unwind pool`") in one.scenario.lines


def test_a_claim_is_left_unproved_only_where_it_breaks_and_others_are_answered_as_ever() -> None:
    """Of the eaten margin no guess so early breaks anything; where it is told so of one claim, only that is left."""
    _, box, past = modelled(EATEN)
    specs = [spec for spec in claims_of(past.vault, box) if spec.name in ("quiet", "solvent", "safe(perp)")]
    first = first_guesses(box, past)
    assert not any(breaks_at_once(spec, first, box, past) for spec in specs)
    whole, _ = answer_all(specs, past, 1)
    less, _ = answer_all(specs, past, 1, breaks=lambda spec: spec.name == "safe(perp)")
    for spec, all_, some in zip(specs, whole, less, strict=True):
        kept = [one.evidence for one in some]
        if spec.name == "safe(perp)":
            assert kept == [None] * len(spec.obligations)
        else:
            assert None not in kept
            assert isinstance(judge(spec, some, box, past).verdict, Proved)
        unproved = [number for number, one in enumerate(all_) if one.evidence is None]
        assert unproved == ([0] if spec.name == "safe(perp)" else [])


def test_a_rule_that_reverts_for_another_reason_does_not_break_the_hedge(monkeypatch: pytest.MonkeyPatch) -> None:
    """Buying back may leave too little margin: that is the business of `recovers`, and `hedged` is proved."""
    _, box, past = modelled(EATEN)
    monkeypatch.setattr("stratc_compiler.judge.FIRST", 60)
    first = first_guesses(box, past)
    broken = {spec.name for spec in claims_of(past.vault, box) if breaks_at_once(spec, first, box, past)}
    assert broken == {"survives", "recovers", "safe(perp)"}
