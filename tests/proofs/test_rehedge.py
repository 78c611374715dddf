"""`rehedge` as a rule of its own beside a perpetual: proved where what it costs is settled after it, refuted else."""

from __future__ import annotations

import pytest

from proofs.strategies import proved, refuted, vault_of, verified
from proofs.test_perps import attack
from stratc_compiler import decided
from stratc_compiler.claims import claims_of
from stratc_compiler.effort import Effort
from stratc_compiler.environment import box_of
from stratc_compiler.prove import all_proved

REVERSED = "when weights outside band do rebalance\n        when delta(WETH) outside band do rehedge"
TOGETHER = "when weights outside band or delta(WETH) outside band do rebalance"
APART = "when delta(WETH) outside band do rehedge\n        when weights outside band do rebalance"
FIRST, LAST = (TOGETHER, APART), (TOGETHER, REVERSED)


def test_hints_decide_what_the_exact_solver_gave_up_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Over the 600 rows of two rules that trade in one account it spent its budget, and the claim was unknown."""
    vault, _ = vault_of("short_ether", FIRST)
    specs = claims_of(vault, box_of(vault))
    wanted = "recovers/step/rehedge/rebalance/holds/"
    (hardest,) = (one for spec in specs for one in spec.obligations if one.id.startswith(wanted))
    asked: list[object] = []
    monkeypatch.setattr(decided, "_asked", lambda *question: asked.append(question))
    assert all_proved((hardest,), Effort(nodes=500))
    assert not asked


def test_a_band_that_one_fill_overshoots_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a basis point of nav is less than what a fill costs, of which the middle is a share."""
    narrow = ("delta(WETH): -3% .. +3%", "delta(WETH): -0.005% .. +0.005%")
    _, broken = attack(vault_of("short_ether", FIRST, narrow)[0], 8, 4, monkeypatch)
    assert broken["hedged"] >= 1


@pytest.mark.long
def test_a_rule_of_its_own_withstands_attack(monkeypatch: pytest.MonkeyPatch) -> None:
    played, broken = attack(vault_of("short_ether", FIRST)[0], 200, 4, monkeypatch)
    assert not broken
    assert played >= 400


@pytest.mark.long
def test_a_rule_of_its_own_is_proved() -> None:
    verification = verified("short_ether", FIRST)
    assert proved(verification) == {one.name for one in verification.claims}


@pytest.mark.long
def test_after_the_rebalance_it_may_leave_weights_at_their_edge_outside() -> None:
    """What a fill costs is taken from margin, and nothing is due behind it that would mend that."""
    verification = verified("short_ether", LAST)
    assert refuted(verification) == {"recovers", "quiet"}
    assert len(proved(verification)) == len(verification.claims) - 2
