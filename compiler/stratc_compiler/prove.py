"""Obligations to answers: search for a proof, and ask the solver where there is none. Loads both."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction

from stratc_checker.proof import Context, read, refute
from stratc_checker.query import Fact, Reader
from stratc_compiler.consistency import Wanted, look_for
from stratc_compiler.effort import Effort
from stratc_compiler.expr import Not
from stratc_compiler.pinned import Pinned
from stratc_compiler.prooftree import Node, Split, Sum, hypotheses_of, proof_json
from stratc_compiler.questions import Answered, Task, known, tasks_of
from stratc_compiler.recall import satisfies
from stratc_compiler.rows import multiplied
from stratc_compiler.search import NoProof, Search
from stratc_compiler.shocks import eliminate, factors
from stratc_compiler.smt import GaveUp, Query, Sat, Unsat
from stratc_compiler.smtlib import script
from stratc_compiler.verdict import Derivation, Obligation, ObligationResult, SolverSays
from stratc_compiler.verdict import Query as Asked

Point = dict[str, Fraction]

SHARE = 4
"""Of what a linear query may take, for one with products: where it has a point, that is mostly found already."""

_READER = Reader()
"""Most of what the obligations of a strategy know is said in the same lines."""


def query_of(obligation: Obligation, rlimit: int, linear: bool = True) -> Query:
    """The query whose unsatisfiability is the obligation's proof."""
    return Query((*known(obligation), Not(obligation.goal)), rlimit, linear)


def find(task: Wanted | Task) -> ObligationResult | list[Answered]:
    """What a process is asked for."""
    return look_for(task) if isinstance(task, Wanted) else answer(task)


def answer(task: Task) -> list[Answered]:
    """Find out about one obligation after the other: what they share is read and set up once."""
    searched = _Searched(task)
    return [searched.answer(goal, obligation) for goal, obligation in task.asked]


def all_proved(obligations: Sequence[Obligation], effort: Effort) -> bool:
    """Whether each of them is proved; asked in their order, together where they share hypotheses, until one is not.

    No obligations prove nothing.
    """
    tasks = tasks_of(obligations, effort)
    for task in tasks:
        searched = _Searched(task)
        if any(searched.answer(goal, obligation).evidence is None for goal, obligation in task.asked):
            return False
    return bool(tasks)


class _Searched:
    """The hypotheses of several obligations, ready to be searched."""

    def __init__(self, task: Task) -> None:
        self._effort = task.effort
        self._text = task.context
        self._context = Context(self._text, _READER)
        self._facts = self._context.facts
        self._search = Search(self._facts, self._effort)
        self._pinned: Pinned | None = None

    def answer(self, text: str, obligation: Obligation) -> Answered:
        """What is found out about an obligation, of which the text is the negated goal."""
        names, (goal,) = read(text, self._context.names)
        facts = [*self._facts, *goal]
        found = self._looked_for(goal, names)
        asked = Asked(self._text, text)
        if not isinstance(found, Sum | Split):
            return self._pointed_at(obligation, goal, found) or _by_solver(obligation, asked, self._effort.rlimit)
        proof = proof_json(found, facts)
        refute(proof, facts, names)  # no verdict without it: a proof that is none must never pass
        return Answered(None, Derivation(asked, proof, hypotheses_of(proof, self._context)))

    def _looked_for(self, goal: list[Fact], names: Iterable[str]) -> Node | Point | None:
        """A proof, or else where the search has ended in a point."""
        try:
            return self._search.refute(goal)
        except NoProof as ended:
            point = ended.point
        facts = [*self._facts, *goal]
        if multiplied(facts):
            try:
                return Search.deep(facts, self._effort)
            except NoProof as ended:
                point = ended.point or point
        return None if point is None else {name: point.get((name,), Fraction(0)) for name in names}

    def _pointed_at(self, obligation: Obligation, goal: list[Fact], point: Point | None) -> Answered | None:
        """That nothing proves the obligation, if the point shows it: the solver would look for another one."""
        if point is None:
            return None
        eliminated = eliminate(obligation)
        if eliminated.exact:
            linear = Context(script((*known(eliminated.obligation), Not(obligation.goal))), _READER)
            return Answered(eliminated.obligation, None, point=point) if satisfies(point, linear.facts) else None
        self._pinned = self._pinned or Pinned(self._facts, factors(obligation), self._effort)
        found = self._pinned.point(goal, point)
        return None if found is None else Answered(eliminated.obligation, None, point=found)


def _by_solver(obligation: Obligation, asked: Asked, rlimit: int) -> Answered:
    """Ask the solver, linear after elimination; what elimination only over-approximates is asked again as it stands."""
    eliminated = eliminate(obligation)
    match query_of(eliminated.obligation, rlimit).solve():
        case Unsat():
            return Answered(None, SolverSays(asked))
        case GaveUp(why):
            return Answered(eliminated.obligation, None, why)
        case Sat(point) if eliminated.exact:
            return Answered(eliminated.obligation, None, point=point)
        case Sat():
            pass
    if isinstance(query_of(obligation, max(1, rlimit // SHARE), linear=False).solve(), Unsat):
        return Answered(None, SolverSays(asked))
    return Answered(eliminated.obligation, None)
