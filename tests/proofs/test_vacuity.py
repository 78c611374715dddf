"""A proof of nothing is no proof: what cannot be, or always reverts, is never called proved."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import cache

import pytest
from msgspec.structs import replace

from proofs.strategies import claim, proved, vault_of
from stratc_compiler.certify import ProvedVault, certify
from stratc_compiler.claims import claims_of
from stratc_compiler.driver import verify
from stratc_compiler.environment import box_of
from stratc_compiler.execute import run_plan
from stratc_compiler.expr import Add, And, Cmp, Or, Rel, times
from stratc_compiler.relax import Frame
from stratc_compiler.rounds import after_environment, first_deposit
from stratc_compiler.shocks import eliminate
from stratc_compiler.smt import Query, Sat
from stratc_compiler.vault import NAV, Band, Condition, Enter, Leave, OnCondition, PlanItem, Swap, Trades, Vault
from stratc_compiler.verdict import Obligation, Proved, Refuted, Verification
from stratc_dsl.strategy import PriceMoves, PriceStays

Change = Callable[[PlanItem], PlanItem]


def with_plans(vault: Vault, change: Change) -> Vault:
    """The vault with every step of every rule changed."""
    changed = (
        replace(rule, effect=replace(rule.effect, plan=tuple(map(change, rule.effect.plan))))
        if isinstance(rule.effect, Trades)
        else rule
        for rule in vault.rules
    )
    return replace(vault, rules=tuple(changed))


def asks_too_much(item: PlanItem) -> PlanItem:
    """A swap that wants twice what is sold: no pool pays that."""
    return replace(item, minimum=times(2, item.minimum)) if isinstance(item, Swap) else item


def takes_too_much(item: PlanItem) -> PlanItem:
    return replace(item, amount=Add(item.amount, item.held.var)) if isinstance(item, Leave) else item


def gives_too_much(item: PlanItem) -> PlanItem:
    return replace(item, amount=times(50, item.amount)) if isinstance(item, Enter) else item


REVERTS = [
    pytest.param("eth_carry", asks_too_much, marks=pytest.mark.long),
    ("treasury", takes_too_much),
    ("treasury", gives_too_much),
]


@pytest.mark.parametrize(("name", "change"), REVERTS, ids=lambda one: getattr(one, "__name__", one))
def test_a_rule_that_always_reverts_is_not_proved(name: str, change: Change) -> None:
    vault, source = vault_of(name)
    verification = verify(with_plans(vault, change), source)
    assert "recovers" not in proved(verification)
    assert not isinstance(certify(verification), ProvedVault)


@pytest.mark.parametrize(
    "change", [pytest.param(asks_too_much, marks=pytest.mark.long), takes_too_much], ids=lambda one: one.__name__
)
def test_an_exit_that_always_reverts_is_not_proved(change: Change) -> None:
    vault, source = vault_of("eth_carry")
    steps = tuple(replace(step, plan=tuple(map(change, step.plan))) for step in vault.exit_steps)
    verification = verify(replace(vault, exit_steps=steps), source)
    assert not {"exits", "exit >= 93% of nav"} <= proved(verification)
    assert not isinstance(claim(verification, "exits").verdict, Proved)


# ── what cannot be ─────────────────────────────────────────────────────────────────────────


def contradictory_band(vault: Vault) -> Vault:
    """At least 60% and at most 40% of nav in the first position."""
    first, *others = vault.bands
    value = first.held.value
    inside = (
        Condition("at least 60%", Cmp(times(5, value), Rel.GE, times(3, NAV))),
        Condition("at most 40%", Cmp(times(5, value), Rel.LE, times(2, NAV))),
    )
    return replace(vault, bands=(Band(first.held, first.target, inside), *others))


def bands_that_exceed_the_whole(vault: Vault) -> Vault:
    """Each position is at least 90% of nav."""
    changed = (
        replace(one, inside=(Condition("at least 90%", Cmp(times(10, one.held.value), Rel.GE, times(9, NAV))),))
        for one in vault.bands
    )
    return replace(vault, bands=tuple(changed))


def contradictory_floors(vault: Vault) -> Vault:
    value = vault.held[0].value
    above = Condition("above half", Cmp(times(2, value), Rel.GT, NAV))
    below = Condition("below half", Cmp(times(2, value), Rel.LT, NAV))
    return replace(vault, floors=(*vault.floors, above, below))


def empty_box(vault: Vault) -> Vault:
    """The price stays within 3% of a dollar, and rises by 20% at least. Nobody can write this: a move includes none."""
    (base,) = vault.strategy.tokens
    rises = PriceMoves(base.name, Fraction(1, 5), Fraction(3, 10))
    stays = PriceStays(base.name, Fraction(97, 100), Fraction(103, 100))
    others = (one for one in vault.strategy.assumptions if not isinstance(one, PriceStays))
    return replace(vault, strategy=replace(vault.strategy, assumptions=(rises, stays, *others)))


NOTHING = [contradictory_band, bands_that_exceed_the_whole, contradictory_floors, empty_box]


@cache
def verified(change: Callable[[Vault], Vault]) -> Verification:
    """The treasury so changed."""
    vault, source = vault_of("treasury")
    return verify(change(vault), source)


@pytest.mark.parametrize("change", NOTHING, ids=lambda change: change.__name__)
def test_what_nothing_satisfies_is_not_proved(change: Callable[[Vault], Vault]) -> None:
    verification = verified(change)
    assert not isinstance(claim(verification, "consistent").verdict, Proved)
    assert not isinstance(certify(verification), ProvedVault)


@pytest.mark.parametrize("change", NOTHING[:3], ids=lambda change: change.__name__)
def test_that_no_settled_state_exists_is_said(change: Callable[[Vault], Vault]) -> None:
    verdict = claim(verified(change), "consistent").verdict
    assert isinstance(verdict, Refuted)
    assert "a settled vault exists" in verdict.why


# ── what proofs start from is possible ─────────────────────────────────────────────────────


def starts(vault: Vault) -> Iterator[tuple[str, Frame]]:
    """What every proof of a moment, of the first round and of the exit may use."""
    box = box_of(vault)
    openings = {"step": after_environment(vault, box).frame, "base": first_deposit(vault, box).frame}
    openings |= {f"lost {one.name}": after_environment(vault, box, one.name).frame for one in vault.venues}
    for case, frame in openings.items():
        yield case, frame
        yield f"{case}, exit", run_plan(vault.exit_plan, frame.fork(), lambda *_: None)


@pytest.mark.parametrize("name", ["treasury", "eth_carry"])
def test_what_every_proof_may_use_does_not_contradict_itself(name: str) -> None:
    vault, _ = vault_of(name)
    for case, frame in starts(vault):
        facts = eliminate(Obligation(case, case, case, frame.trace.facts, Cmp(NAV, Rel.LT, NAV))).obligation.hypotheses
        assert isinstance(Query(tuple(fact.formula for fact in facts), 40_000_000).solve(), Sat), case


def test_a_rule_that_waits_for_bands_that_are_not_there_is_quiet_and_dead() -> None:
    """It is never due again, since it is never due: the one is proved, the other refuted."""
    bare = vault_of("treasury")[0]
    bare = replace(bare, bands=tuple(replace(band, inside=()) for band in bare.bands))
    never = Condition("weights outside band", Or(()))
    rules = (
        replace(rule, trigger=OnCondition(never)) if isinstance(rule.effect, Trades) else rule for rule in bare.rules
    )
    bare = replace(bare, rules=tuple(rules))
    box = box_of(bare)
    found = next(spec for spec in claims_of(bare, box) if spec.name == "quiet")
    assert {one.goal for one in found.obligations} == {And(())}
    assert len(found.obligations) == 2
    verification = verify(bare, vault_of("treasury")[1])
    assert isinstance(claim(verification, "quiet").verdict, Proved)
    assert isinstance(claim(verification, "consistent").verdict, Refuted)
