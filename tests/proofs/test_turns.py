"""A rule waits while one before it is due: what makes that one due again holds up all that come after."""

from __future__ import annotations

from random import Random

from fuzzing.attack import climb
from proofs.strategies import claim, proved, refuted, vault_of, verified
from stratc_compiler.claims import claims_of
from stratc_compiler.effort import Effort
from stratc_compiler.environment import box_of
from stratc_compiler.expr import Formula
from stratc_compiler.ideal_world import IdealWorld
from stratc_compiler.interpret import Evaluator, run_plan
from stratc_compiler.prove import all_proved
from stratc_compiler.rounds import trading_rules
from stratc_compiler.vault import OnCondition, RuleModel, Trades, Vault, waits_for
from stratc_compiler.verdict import Refuted

LAST = "        when weights outside band do rebalance\n"
FIRST = "    rules {\n"


def formula(rule: RuleModel) -> Formula:
    assert isinstance(rule.trigger, OnCondition)
    return rule.trigger.condition.formula


def may_run(vault: Vault, world: IdealWorld) -> tuple[RuleModel, ...]:
    """What the vault lets run: the rules that are due, but for those that wait."""
    look = Evaluator(vault, world)
    due = [rule for rule in trading_rules(vault) if look.holds(formula(rule))]
    return tuple(rule for rule in due if not set(waits_for(rule, vault)) & set(due))


def test_two_rules_that_call_each_other_are_not_proved_to_leave_a_third_one_its_turn() -> None:
    """In a pass in which each has one turn the third one settles it: in the vault it never runs."""
    verification = verified("turns")
    assert refuted(verification) == {"recovers"}
    verdict = claim(verification, "recovers").verdict
    assert isinstance(verdict, Refuted)
    assert "is due again, and comes first" in verdict.why
    assert verdict.scenario is not None
    vault = verification.vault
    world = IdealWorld(vault, dict(verdict.scenario.after))
    names = []
    for _ in range(6):
        (rule,) = may_run(vault, world)
        assert isinstance(rule.effect, Trades)
        run_plan(rule.effect.plan, vault, world)
        names.append(rule.name)
    assert names == ["top_up_idle_weth", "top_up_idle_usdc"] * 3


def test_nothing_proves_that_the_third_one_has_its_turn() -> None:
    """The proofs alone: above, a guess has said so before they were looked for."""
    vault = vault_of("turns")[0]
    recovers = next(one for one in claims_of(vault, box_of(vault)) if one.name == "recovers")
    assert not all_proved(recovers.obligations, Effort())


def test_so_does_an_attack_that_knows_nothing_of_it() -> None:
    found = climb(vault_of("turns")[0], "recovers", Random(1), 40)
    assert found.broken is not None
    assert "comes first" in found.broken


def test_whoever_settles_it_in_front_of_both_has_it_proved() -> None:
    """Then nothing makes either of them due: `consistent` tells that."""
    verification = verified("turns", (LAST, ""), (FIRST, FIRST + LAST))
    assert proved(verification) == {one.name for one in verification.claims} - {"consistent"}
