"""Obligations to verdicts: eliminate shocks, ask the solver, and have every refutation replayed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

from stratc_compiler.claims import ClaimSpec
from stratc_compiler.environment import Box
from stratc_compiler.expr import Formula, Not
from stratc_compiler.shocks import eliminate
from stratc_compiler.smt import GaveUp, Query, Sat, Unsat
from stratc_compiler.vault import Vault
from stratc_compiler.verdict import ClaimResult, Obligation, ObligationResult, Proved, Refuted, Unknown, Verdict
from stratc_compiler.witness import find_scenario
from stratc_dsl.span import Span

Key = tuple[tuple[Formula, ...], Formula]


@dataclass(frozen=True, slots=True)
class Answered:
    """What the solver said of one obligation: `why` is None iff it is proved, and the query it answered."""

    obligation: Obligation
    smtlib: str
    proved: bool
    gave_up: str | None = None


def key_of(obligation: Obligation) -> Key:
    """Two obligations with one key are the same question, whatever claims they serve."""
    return tuple(hypothesis.formula for hypothesis in obligation.hypotheses), obligation.goal


def query_of(obligation: Obligation, rlimit: int, linear: bool = True) -> Query:
    """The query whose unsatisfiability is the obligation's proof."""
    formulas = tuple(hypothesis.formula for hypothesis in obligation.hypotheses)
    return Query((*formulas, Not(obligation.goal)), rlimit, linear)


def answer(task: tuple[Obligation, int]) -> Answered:
    """Ask the solver, linear after elimination; what elimination only over-approximates is asked again as it stands."""
    obligation, rlimit = task
    eliminated = eliminate(obligation)
    query = query_of(eliminated.obligation, rlimit)
    smtlib = query.smtlib()
    match query.solve():
        case Unsat():
            return Answered(eliminated.obligation, smtlib, True)
        case GaveUp(why):
            return Answered(eliminated.obligation, smtlib, False, why)
        case Sat():
            pass
    if not eliminated.exact:
        nonlinear = query_of(obligation, rlimit, linear=False)
        if isinstance(nonlinear.solve(), Unsat):
            return Answered(obligation, nonlinear.smtlib(), True)
    return Answered(eliminated.obligation, smtlib, False)


def answer_all(specs: Iterable[ClaimSpec], rlimit: int, workers: int) -> dict[Key, Answered]:
    """Every distinct question once. Each has a solver of its own, so the answers do not depend on `workers`."""
    distinct = {key_of(obligation): obligation for spec in specs for obligation in spec.obligations}
    tasks = [(obligation, rlimit) for obligation in distinct.values()]
    if workers < 2:
        return dict(zip(distinct, map(answer, tasks), strict=True))
    with ProcessPoolExecutor(workers) as pool:
        return dict(zip(distinct, pool.map(answer, tasks, chunksize=4), strict=True))


def judge(spec: ClaimSpec, answers: dict[Key, Answered], vault: Vault, box: Box, rlimit: int) -> ClaimResult:
    """Proved iff every obligation is; refuted iff one has a scenario that replays; otherwise unknown."""

    def replay(answered: Answered, span: Span) -> Verdict:
        scenario = find_scenario(answered.obligation, spec.about, vault, box, rlimit)
        if scenario is None:
            return Unknown("a counterexample over the reals was found, but none that replays in exact integers")
        return Refuted(scenario.broken, scenario, span=span)

    asked = [(obligation, answers[key_of(obligation)]) for obligation in spec.obligations]
    results = tuple(_judged(asked, replay))
    return ClaimResult(spec.name, spec.text, overall(results), results, spec.span)


def _judged(
    asked: list[tuple[Obligation, Answered]], replay: Callable[[Answered, Span], Verdict]
) -> Iterator[ObligationResult]:
    refuted = False
    for obligation, answered in asked:
        verdict: Verdict
        if answered.proved:
            verdict = Proved()
        elif answered.gave_up is not None:
            verdict = Unknown(f"the solver gave up: {answered.gave_up}")
        elif refuted:
            verdict = Unknown("not examined further: the claim is refuted already")
        else:
            verdict = replay(answered, obligation.span)
            refuted = isinstance(verdict, Refuted)
        named = Obligation(
            obligation.id,
            obligation.claim,
            obligation.text,
            answered.obligation.hypotheses,
            obligation.goal,
            answered.obligation.eliminated,
            span=obligation.span,
        )
        yield ObligationResult(named, verdict, answered.smtlib)


def overall(results: tuple[ObligationResult, ...]) -> Verdict:
    """The first refutation, else the first unknown, else proved. No obligations prove nothing."""
    verdicts = [result.verdict for result in results]
    for kind in (Refuted, Unknown):
        for verdict in verdicts:
            if isinstance(verdict, kind):
                return verdict
    return Proved() if verdicts else Unknown("there is nothing that was shown")
