"""Answers to verdicts: what is not proved is refuted by what replays, or unknown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain

from msgspec.structs import replace

from stratc_compiler.backing import as_its_own, is_of_payment, within
from stratc_compiler.claims import About, ClaimSpec, IsBacked, Pays
from stratc_compiler.corners import at_corners
from stratc_compiler.environment import Box, box_of
from stratc_compiler.questions import Answered
from stratc_compiler.recall import Past
from stratc_compiler.scenario import replayed
from stratc_compiler.verdict import (
    ClaimResult,
    Obligation,
    ObligationResult,
    Proved,
    Refuted,
    Scenario,
    Unknown,
    Verdict,
)


def judge(spec: ClaimSpec, answers: Sequence[Answered], box: Box, past: Past) -> ClaimResult:
    """Proved iff every obligation is; refuted iff one has a scenario that replays; otherwise unknown."""

    def replay(obligation: Obligation, answered: Answered) -> Verdict:
        if isinstance(spec.about, IsBacked):
            return _not_backed(obligation, answered, spec.about, past)
        linear = replace(answered.linear or obligation, id=obligation.id)
        scenario = _scenario(obligation, linear, spec.about, box, past)
        if scenario is None:
            return Unknown("a counterexample over the reals was found, but none that replays in exact integers")
        return Refuted(scenario.broken, scenario, span=obligation.span)

    results = tuple(_judged(zip(spec.obligations, answers, strict=True), replay))
    return ClaimResult(spec.name, spec.text, overall(results), results, span=spec.span)


def _scenario(obligation: Obligation, linear: Obligation, about: About, box: Box, past: Past) -> Scenario | None:
    """A replayed counterexample: the one of an earlier run if it still is one, or one that is found now."""
    known = past.round(linear, lambda played: replayed(played, about, past.vault, box))
    if known is not None:
        return known
    from stratc_compiler.witness import find_scenario  # only here, since it loads a solver

    tried = chain(at_corners(obligation, box, past.vault.base), (linear,))
    all_found = (find_scenario(one, about, past.vault, box, past.effort.rlimit) for one in tried)
    found = next((one for one in all_found if one is not None), None)
    if found is None:
        return None
    played, scenario = found
    past.keep_round(linear, played)
    return scenario


def _not_backed(obligation: Obligation, answered: Answered, about: IsBacked, past: Past) -> Verdict:
    """Known from the numbers alone, or shown by a round of the inner vault in which it does not pay."""
    if obligation.id in about.refuted:
        return about.refuted[obligation.id]
    if is_of_payment(obligation):
        inner = past.vault.inner[about.venue]
        asked, linear = (as_its_own(about.venue, one) for one in (obligation, answered.linear or obligation))
        scenario = _scenario(asked, linear, Pays(about.share), box_of(inner), Past(past.memory, past.effort, inner))
        if scenario is not None:
            cure = f"assume less: `liquidity({about.venue}) >= ..`"
            return Refuted(f"in {inner.strategy.name} {scenario.broken}", scenario, cure, span=obligation.span)
    return Unknown(f"not proved: {obligation.text}")


def _judged(
    asked: Iterable[tuple[Obligation, Answered]], replay: Callable[[Obligation, Answered], Verdict]
) -> Iterator[ObligationResult]:
    refuted = False
    for obligation, answered in asked:
        verdict: Verdict
        if answered.evidence is not None:
            verdict = Proved()
        elif answered.gave_up is not None:
            verdict = Unknown(f"the solver gave up: {answered.gave_up}")
        elif refuted:
            verdict = Unknown("not examined further: the claim is refuted already")
        else:
            verdict = replay(obligation, answered)
            refuted = isinstance(verdict, Refuted)
        yield ObligationResult(obligation, verdict, answered.evidence)


def with_claims_of(venue: str, claims: Iterable[ClaimResult], backed: ClaimResult) -> ClaimResult:
    """The claim that an inner vault is backed, with all that is claimed of that vault before what is derived of it."""
    found = (one for claim in claims for one in claim.obligations)
    own = tuple(replace(one, obligation=within(venue, backed.name, one.obligation, backed.span)) for one in found)
    results = own + backed.obligations
    return replace(backed, verdict=overall(results), obligations=results)


def overall(results: tuple[ObligationResult, ...]) -> Verdict:
    """The first refutation, else the first unknown, else proved. No obligations prove nothing."""
    verdicts = [result.verdict for result in results]
    for kind in (Refuted, Unknown):
        for verdict in verdicts:
            if isinstance(verdict, kind):
                return verdict
    return Proved() if verdicts else Unknown("there is nothing that was shown")
