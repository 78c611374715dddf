"""Obligations to verdicts: search for a proof, ask the solver where there is none, and have refutations replayed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress

from msgspec.structs import replace

from stratc_checker.proof import Context, Fact, read, refute
from stratc_compiler.claims import ClaimSpec
from stratc_compiler.effort import Effort
from stratc_compiler.environment import Box
from stratc_compiler.expr import Formula, Not
from stratc_compiler.prooftree import Node, proof_json, used
from stratc_compiler.rows import multiplied
from stratc_compiler.search import NoProof, Search
from stratc_compiler.shocks import eliminate
from stratc_compiler.smt import GaveUp, Query, Sat, Unsat
from stratc_compiler.smtlib import script
from stratc_compiler.vault import Vault
from stratc_compiler.verdict import (
    ClaimResult,
    Derivation,
    Obligation,
    ObligationResult,
    Proved,
    Refuted,
    SolverSays,
    Unknown,
    Verdict,
)
from stratc_compiler.verdict import Query as Asked
from stratc_compiler.witness import find_scenario
from stratc_dsl.record import Record
from stratc_dsl.span import Span

Known = tuple[Formula, ...]
Key = tuple[Known, Formula]


class Answered(Record):
    """What was found out about one obligation: evidence iff it is proved.

    Otherwise `linear` is the obligation without products of shocks, of which the solver has a model unless it gave up.
    """

    linear: Obligation
    evidence: Derivation | SolverSays | None
    gave_up: str | None = None


def known(obligation: Obligation) -> Known:
    return tuple(hypothesis.formula for hypothesis in obligation.hypotheses)


def key_of(obligation: Obligation) -> Key:
    """Two obligations with one key are the same question, whatever claims they serve."""
    return known(obligation), obligation.goal


def query_of(obligation: Obligation, rlimit: int, linear: bool = True) -> Query:
    """The query whose unsatisfiability is the obligation's proof."""
    return Query((*known(obligation), Not(obligation.goal)), rlimit, linear)


Task = tuple[tuple[Obligation, ...], Effort]
"""Obligations with the same hypotheses."""


def answer(task: Task) -> list[Answered]:
    """Find out about one obligation after the other: what they share is read and set up once."""
    obligations, effort = task
    searched = _Searched(obligations[0], effort)
    return [searched.answer(obligation) for obligation in obligations]


def all_proved(obligations: Sequence[Obligation], effort: Effort) -> bool:
    """Whether each of them is proved; asked in their order, together where they share hypotheses, until one is not.

    No obligations prove nothing.
    """
    contexts: dict[Known, list[Obligation]] = {}
    for obligation in obligations:
        contexts.setdefault(known(obligation), []).append(obligation)
    for together in contexts.values():
        searched = _Searched(together[0], effort)
        if any(searched.answer(obligation).evidence is None for obligation in together):
            return False
    return bool(contexts)


class _Searched:
    """The hypotheses of several obligations, ready to be searched."""

    def __init__(self, obligation: Obligation, effort: Effort) -> None:
        self._effort = effort
        self._text = script(known(obligation))
        self._context = Context(self._text)
        self._facts = self._context.facts
        self._search = Search(self._facts, effort)

    def answer(self, obligation: Obligation) -> Answered:
        text = script((Not(obligation.goal),), self._context.names)
        names, (goal,) = read(text, self._context.names)
        facts = [*self._facts, *goal]
        node = self._proof(goal)
        if node is None:
            return _by_solver(obligation, Asked(self._text, text), self._effort.rlimit)
        proof = proof_json(node, facts)
        refute(proof, facts, names)  # no verdict without it: a proof that is none must never pass
        return Answered(obligation, Derivation(Asked(self._text, text), proof, self._uses(used(node))))

    def _proof(self, goal: list[Fact]) -> Node | None:
        try:
            return self._search.refute(goal)
        except NoProof:
            pass
        facts = [*self._facts, *goal]
        if multiplied(facts):
            with suppress(NoProof):
                return Search.deep(facts, self._effort)
        return None

    def _uses(self, facts: frozenset[int]) -> frozenset[int]:
        groups = enumerate(self._context.groups)
        return frozenset(number for number, group in groups if any(id(fact) in facts for fact in group))


def _by_solver(obligation: Obligation, asked: Asked, rlimit: int) -> Answered:
    """Ask the solver, linear after elimination; what elimination only over-approximates is asked again as it stands."""
    eliminated = eliminate(obligation)
    match query_of(eliminated.obligation, rlimit).solve():
        case Unsat():
            return Answered(obligation, SolverSays(asked))
        case GaveUp(why):
            return Answered(eliminated.obligation, None, why)
        case Sat():
            pass
    if not eliminated.exact and isinstance(query_of(obligation, rlimit, linear=False).solve(), Unsat):
        return Answered(obligation, SolverSays(asked))
    return Answered(eliminated.obligation, None)


def answer_all(specs: Iterable[ClaimSpec], effort: Effort, workers: int) -> dict[Key, Answered]:
    """Every distinct question once. Each context has solvers of its own, so the answers do not depend on `workers`."""
    distinct = {key_of(obligation): obligation for spec in specs for obligation in spec.obligations}
    contexts: dict[Known, list[Obligation]] = {}
    for (context, _), obligation in distinct.items():
        contexts.setdefault(context, []).append(obligation)
    tasks: list[Task] = [(tuple(obligations), effort) for obligations in contexts.values()]
    answers = [one for found in _mapped(tasks, workers) for one in found]
    keys = [key_of(obligation) for obligations in contexts.values() for obligation in obligations]
    return dict(zip(keys, answers, strict=True))


def _mapped(tasks: list[Task], workers: int) -> list[list[Answered]]:
    if workers < 2:
        return [answer(task) for task in tasks]
    with ProcessPoolExecutor(workers) as pool:
        return list(pool.map(answer, tasks))


def judge(spec: ClaimSpec, answers: dict[Key, Answered], vault: Vault, box: Box, rlimit: int) -> ClaimResult:
    """Proved iff every obligation is; refuted iff one has a scenario that replays; otherwise unknown."""

    def replay(answered: Answered, span: Span) -> Verdict:
        scenario = find_scenario(answered.linear, spec.about, vault, box, rlimit)
        if scenario is None:
            return Unknown("a counterexample over the reals was found, but none that replays in exact integers")
        return Refuted(scenario.broken, scenario, span=span)

    asked = [(obligation, answers[key_of(obligation)]) for obligation in spec.obligations]
    results = tuple(_judged(asked, replay))
    return ClaimResult(spec.name, spec.text, overall(results), results, span=spec.span)


def _judged(
    asked: list[tuple[Obligation, Answered]], replay: Callable[[Answered, Span], Verdict]
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
            verdict = replay(replace(answered, linear=replace(answered.linear, id=obligation.id)), obligation.span)
            refuted = isinstance(verdict, Refuted)
        yield ObligationResult(obligation, verdict, answered.evidence)


def overall(results: tuple[ObligationResult, ...]) -> Verdict:
    """The first refutation, else the first unknown, else proved. No obligations prove nothing."""
    verdicts = [result.verdict for result in results]
    for kind in (Refuted, Unknown):
        for verdict in verdicts:
            if isinstance(verdict, kind):
                return verdict
    return Proved() if verdicts else Unknown("there is nothing that was shown")
