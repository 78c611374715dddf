"""Rules on timers may run at any time: what that breaks is replayed with the timer up, and told."""

from __future__ import annotations

from proofs.strategies import claim, proved, refuted, vault_of, verified
from stratc_compiler.claims import KeeperSettles
from stratc_compiler.replay import comes_due, timers, what_breaks
from stratc_compiler.vault import OnCondition
from stratc_compiler.verdict import Refuted, Round

NAME = "refuted/by_the_calendar"
TWO_TIMERS = ("when weights outside band do rebalance", "every 3d do rebalance")


def state(save: int, idle: int, drawable: int) -> dict[str, int]:
    return {
        "price(USDC)": 10**18,
        "unit(USDC)": 10**6,
        "save": save,
        "liquidity(save)": drawable,
        "idle(USDC)": idle,
    }


def test_what_needs_a_timer_is_refuted_and_told() -> None:
    verification = verified(NAME)
    assert refuted(verification) == {"recovers"}
    verdict = claim(verification, "recovers").verdict
    assert isinstance(verdict, Refuted)
    assert verdict.scenario is not None
    assert ("the keeper", "`every 7d do rebalance`: its time has come") in verdict.scenario.lines


def test_a_timer_that_breaks_nothing_is_proved() -> None:
    assert "recovers" in proved(verified(NAME, ("liquidity(save) >= 20%", "liquidity(save) >= 31%")))


def test_timers_are_up_in_every_way_the_fewest_first() -> None:
    none, first, second, both = timers(vault_of(NAME, TWO_TIMERS)[0])
    assert not none
    assert {len(first), len(second)} == {1}
    assert both == first | second
    assert list(timers(vault_of("treasury")[0])) == [frozenset()]  # `harvest` trades nothing


def test_a_claim_that_breaks_without_a_timer_is_told_without() -> None:
    """Nothing is invested after a deposit: that is not settled, whether it is time or not."""
    vault, _ = vault_of(NAME, TWO_TIMERS)
    idle = state(0, 10**12, 0)
    broken = what_breaks(KeeperSettles(), vault, Round(idle, idle, 0, 0))
    assert broken is not None
    assert broken.why.startswith("not settled after the keeper's pass")
    assert not broken.steps


def test_a_rule_may_come_due_by_what_a_timer_does() -> None:
    """Brought to its targets, the vault has less than 80% in savings; before, it had 90%."""
    low = ("when weights outside band do", "when weight(save) < 80% do")
    vault, _ = vault_of(NAME, low, ("every 7d do rebalance", "every 7d do harvest save"))
    condition = next(rule for rule in vault.rules if isinstance(rule.trigger, OnCondition))
    assert not comes_due(condition, vault, state(9 * 10**11, 10**11, 9 * 10**11))
    vault, _ = vault_of(NAME, low)
    condition = next(rule for rule in vault.rules if isinstance(rule.trigger, OnCondition))
    assert comes_due(condition, vault, state(9 * 10**11, 10**11, 9 * 10**11))
    assert not comes_due(condition, vault, state(9 * 10**11, 10**11, 10**11))  # the timer's rule reverts
