"""`consistent`: floors, bands and assumptions hold together, and every rule can fire. Shown by replayed witnesses.

A proof from a contradiction is worthless, so nothing here is taken from the solver's word: a state counts as a
witness only after the exact interpreter has seen it settled, inside the box, and the rule's trigger hold.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from stratc_compiler.claims import KeeperSettles
from stratc_compiler.environment import Box
from stratc_compiler.expr import Cmp, Formula, Mul, Or, Rel, number
from stratc_compiler.prove import overall, query_of
from stratc_compiler.relax import Frame, real
from stratc_compiler.replay import IdealWorld, comes_due, inside_box
from stratc_compiler.rounds import after_environment, first_deposit, keeper_pass, trading_rules
from stratc_compiler.shocks import eliminate
from stratc_compiler.smt import Unsat
from stratc_compiler.vault import OnCondition, RuleModel, Vault
from stratc_compiler.verdict import ClaimResult, Obligation, ObligationResult, Proved, Refuted, Round, Unknown, Verdict
from stratc_compiler.witness import concrete, models
from stratc_dsl.span import NOWHERE, Span

TEXT = "assumptions, floors and targets hold together; every rule can fire"
NEVER: Formula = Or(())

Accepts = Callable[[Round], bool]


def consistent(vault: Vault, box: Box, rlimit: int) -> ClaimResult:
    """Proved iff a settled witness exists, the targets are one, and each conditional rule has one in which it fires."""
    results = [
        _exists(
            "consistent/settled",
            "a settled vault exists",
            (after_environment(vault, box).frame,),
            lambda _: True,
            NOWHERE,
            (vault, box, rlimit),
        ),
        _targets(vault, box, rlimit),
    ]
    for rule in vault.rules:
        if isinstance(rule.trigger, OnCondition):
            results.append(_can_fire(rule, vault, box, rlimit))
    return ClaimResult("consistent", TEXT, overall(tuple(results)), tuple(results))


def _targets(vault: Vault, box: Box, rlimit: int) -> ObligationResult:
    """The target allocation itself is settled: a rebalance that hits its targets has nowhere else to go."""
    return _exists(
        "consistent/targets",
        "the target allocation is settled",
        (_at_targets(vault, box),),
        lambda _: True,
        NOWHERE,
        (vault, box, rlimit),
    )


def _at_targets(vault: Vault, box: Box) -> Frame:
    opening = after_environment(vault, box)
    for band in vault.bands:
        before = real(f"{band.held.name}@0")
        opening.frame.trace.learn("at target", Cmp(before, Rel.EQ, Mul(number(band.target), opening.nav)))
    return opening.frame


def _can_fire(rule: RuleModel, vault: Vault, box: Box, rlimit: int) -> ObligationResult:
    def accepts(played: Round) -> bool:
        return comes_due(rule, vault, IdealWorld(vault, dict(played.moment)))

    frames = tuple(_firing(rule, vault, box))
    words = f"`{rule.name}` can come due"
    return _exists(f"consistent/fires/{rule.name}", words, frames, accepts, rule.span, (vault, box, rlimit))


def _firing(rule: RuleModel, vault: Vault, box: Box) -> Iterator[Frame]:
    for opening in (after_environment(vault, box), first_deposit(vault)):
        if rule in trading_rules(vault):
            ends = keeper_pass(trading_rules(vault), opening.frame, lambda *_: None)
            yield from (end.frame for end in ends if rule in end.fired)
        elif isinstance(rule.trigger, OnCondition):
            opening.frame.trace.learn("fires", opening.frame.formula(rule.trigger.condition.formula))
            yield opening.frame


def _exists(
    id_: str, text: str, frames: tuple[Frame, ...], accepts: Accepts, span: Span, within: tuple[Vault, Box, int]
) -> ObligationResult:
    """Proved iff some frame has a model that replays and is accepted; refuted iff no frame has a model at all."""
    vault, box, rlimit = within
    asked = [Obligation(id_, "consistent", text, f.trace.facts, NEVER, witness=True, span=span) for f in frames]
    impossible = True
    for obligation in asked:
        linear = eliminate(obligation).obligation
        impossible = isinstance(query_of(linear, rlimit).solve(), Unsat) and impossible
        for values in models(linear, vault, box, rlimit):
            played = concrete(values, vault, box, KeeperSettles())
            if inside_box(vault, box, played) is None and accepts(played):
                return ObligationResult(obligation, Proved(), played)
    return ObligationResult(asked[0], _missing(impossible, text, span))


def _missing(impossible: bool, text: str, span: Span) -> Verdict:
    if impossible:
        return Refuted(f"it cannot be that {text}", None, span=span)
    return Unknown(f"no witness that replays in exact integers was found for: {text}")
