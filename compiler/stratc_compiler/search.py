"""Looks for a proof that a query has no solution: split choices until linear rows contradict each other.

The relaxation in floating point says where to look. Nothing is believed of it: multipliers are computed exactly, and
where they are not to be had, the exact solver decides. So a proof that is found is a proof, and where none is found
there is a point that satisfies every row and choice in exact fractions, or the budget is spent.

What refutes one case by facts that hold in another one, too, is not looked for again (`learned.py`), and a choice that
is left a single case by that is made before others are: half of the relaxations need not be solved.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice

from stratc_checker.query import All, Any_, Atom, Fact, Formula, flat
from stratc_compiler.decided import decided
from stratc_compiler.effort import Effort
from stratc_compiler.farkas import Multipliers, multipliers, only_multipliers
from stratc_compiler.learned import Found, Learned
from stratc_compiler.lp import Contradiction, Point, Relaxation
from stratc_compiler.prooftree import Node, Split, Sum
from stratc_compiler.rows import Row, all_products, atoms, choices, multiplied, products, row_of
from stratc_compiler.vertex import Values, holds, vertex
from stratc_dsl.record import Record

CLEARLY = 1e-6
"""A row that is violated by more than this in floating point is taken to be violated."""


MOST_PRODUCTS = 500
"""Beyond so many products the nonlinear solver is asked instead."""


class NoProof(Exception):
    """The relaxation has a solution, the `point`, or the budget is spent: this search does not find a proof."""

    def __init__(self, point: Values | None = None) -> None:
        super().__init__()
        self.point = point


class Case(Record):
    """The facts that a part of a choice makes known, and these by identity."""

    facts: tuple[Fact, ...]
    new: tuple[int, ...]


class Search:
    """Refutes one context with one goal after the other: what the context says is set up once."""

    def __init__(self, context: Sequence[Fact], effort: Effort) -> None:
        self._effort = effort
        self._relaxation = Relaxation()
        self._numbers: dict[int, int] = {}  # rows of the relaxation by atom
        self._cases: dict[int, tuple[Any_, tuple[Case, ...]]] = {}  # by the choice's identity: so it stays the same
        self._nodes = 0
        self._helped: Counter[int] = Counter()  # how often a choice has, by its identity
        self._context = tuple(context)
        self._learned = Learned(self._context)
        self._multiplied = multiplied(context)
        known = [row_of(fact) for fact in context if isinstance(fact, Atom)]
        self._active = self._relaxation.add([*known, *products(context, self._multiplied)], active=True)
        self._choices = choices(context)
        self._prepare(self._choices)

    @property
    def steps(self) -> int:
        """What the last refutation has taken: rows that were looked at, relaxation by relaxation."""
        return self._nodes * self._relaxation.size

    @staticmethod
    def deep(facts: Sequence[Fact], effort: Effort) -> Node:
        """A proof that facts cannot all hold, by all products of degree two: for few facts. Raises NoProof."""
        rows = list(islice(all_products(facts), MOST_PRODUCTS + 1))
        if len(rows) > MOST_PRODUCTS:
            raise NoProof
        search = Search(facts, effort)
        search._active += search._relaxation.add(rows, active=True)
        return search.refute(())

    def refute(self, goal: Sequence[Fact]) -> Node:
        """A proof that context and goal cannot both hold. Raises NoProof."""
        if self._learned.whole is not None:
            return self._learned.whole.node
        size, self._nodes = self._relaxation.size, 0
        self._learned.begin(goal)
        known = [row_of(fact) for fact in goal if isinstance(fact, Atom)]
        added = self._relaxation.add([*known, *self._products(goal)], active=True)
        more = choices(goal)
        self._prepare(more)
        try:
            assumed = frozenset(map(id, goal))
            return self._refuted([*self._active, *added], assumed, [*self._choices, *more]).node
        finally:
            self._relaxation.forget(size)
            self._numbers = {atom: number for atom, number in self._numbers.items() if number < size}

    def _products(self, goal: Sequence[Fact]) -> Iterator[Row]:
        """Products that the goal is the first to ask for."""
        more = multiplied(goal)
        if more <= self._multiplied:
            return iter(())
        return products([*self._context, *goal], self._multiplied | more, self._multiplied)

    def _prepare(self, new: Sequence[Any_]) -> None:
        """A row, switched off, for every atom of the choices."""
        all_ = [atom for choice in new for atom in atoms(choice) if id(atom) not in self._numbers]
        numbers = self._relaxation.add([row_of(atom) for atom in all_], active=False)
        self._numbers |= {id(atom): number for atom, number in zip(all_, numbers, strict=True)}

    def _refuted(self, active: list[int], assumed: frozenset[int], open_: list[Any_]) -> Found:
        """A refutation of the active rows; of their facts, `assumed` are those that are not the context's."""
        found = self._looked_for(active, assumed, open_)
        self._learned.add(found)
        return found

    def _looked_for(self, active: list[int], assumed: frozenset[int], open_: list[Any_]) -> Found:
        forced = next((choice for choice in open_ if self._is_forced(choice, assumed)), None)
        if forced is not None:
            return self._split(forced, active, assumed, open_)
        self._nodes += 1
        if self._nodes > self._effort.nodes:
            raise NoProof
        hint: Contradiction | Point | None = None
        for hint in self._relaxation.hints():
            if isinstance(hint, Point):
                break
            found = None if hint is None else self._hinted(hint)
            if found is not None:
                return found
        choice = self._violated(hint, open_) if isinstance(hint, Point) else None
        if choice is None:
            exact = self._exactly(active, open_, hint)
            if isinstance(exact, Found):
                return exact
            choice = exact
        return self._split(choice, active, assumed, open_)

    def _is_forced(self, choice: Any_, assumed: frozenset[int]) -> bool:
        """Whether all of its parts but one, or all of them, are known to contradict what is assumed."""
        left = 0
        for case in self._cases_of(choice):
            left += self._learned.among(case.new, assumed) is None
            if left > 1:
                return False
        return True

    def _cases_of(self, choice: Any_) -> tuple[Case, ...]:
        known = self._cases.get(id(choice))
        if known is None:
            known = self._cases[id(choice)] = choice, tuple(map(_case, choice.parts))
        return known[1]

    def _hinted(self, hint: Contradiction) -> Found | None:
        found = only_multipliers([self._relaxation.row(number) for number in hint.rows])
        if found is None:
            numbers = sorted({*hint.rows, *self._relaxation.binding()})
            found = only_multipliers([self._relaxation.row(number) for number in numbers])
        return None if found is None else _sum(found)

    def _summed(self, rows: list[Row]) -> Found | None:
        found = multipliers(rows, self._effort.rlimit)
        return None if found is None else _sum(found)

    def _violated(self, point: Point, open_: list[Any_]) -> Any_ | None:
        """A choice that the point clearly does not satisfy, else one at whose edge it is.

        Of those with the fewest cases the one that has helped most often, in other cases and for other goals, and else
        the last: what is computed last is nearest to the goal, and choices that are far from it seldom matter.
        """

        def shortfall(formula: Formula) -> float:
            match formula:
                case Atom(relation):
                    value = float(point.values[self._numbers[id(formula)]])
                    return abs(value) if relation == "=" else -value
                case All(parts):
                    return max(map(shortfall, parts), default=-1.0)
                case Any_(parts):
                    return min(map(shortfall, parts), default=1.0)

        short = [(choice, shortfall(choice)) for choice in reversed(open_)]
        near = [choice for choice, by in short if by > CLEARLY] or [choice for choice, by in short if by > -CLEARLY]
        return min(near, key=lambda choice: (len(choice.parts), -self._helped[id(choice)]), default=None)

    def _exactly(self, active: list[int], open_: list[Any_], hint: Point | Contradiction | None) -> Found | Any_:
        """What is exactly so of the active rows: a refutation, or a choice that a point of theirs does not satisfy.

        The solver is asked where the hint does not lead to an exact point. Raises NoProof.
        """
        rows = [self._relaxation.row(number) for number in active]
        answer: Sequence[Row] | Values | None = None
        if isinstance(hint, Point):
            answer = vertex(rows, self._relaxation.basis())
        if answer is None:
            seemed = hint.rows if isinstance(hint, Contradiction) else ()
            answer = decided(rows, [self._relaxation.row(number) for number in seemed], self._effort.rlimit)
        if isinstance(answer, list):
            found = self._summed(answer)
            if found is not None:
                return found
        if not isinstance(answer, dict):
            raise NoProof
        open_choice = next((choice for choice in open_ if not holds_at(choice, answer)), None)
        if open_choice is None:
            raise NoProof(answer)
        return open_choice

    def _split(self, choice: Any_, active: list[int], assumed: frozenset[int], open_: list[Any_]) -> Found:
        rest = [other for other in open_ if other is not choice]
        cases: list[tuple[tuple[Fact, ...], Node]] = []
        uses = {id(choice)}
        for case in self._cases_of(choice):
            found = self._learned.among(case.new, assumed) or self._refuted_in(case, active, assumed, rest)
            if found.uses.isdisjoint(case.new):
                return found  # the case was no help: what refutes it refutes the whole
            uses |= found.uses.difference(case.new)
            cases.append((case.facts, found.node))
        self._helped[id(choice)] += 1
        return Found(Split(choice, tuple(cases)), frozenset(uses))

    def _refuted_in(self, case: Case, active: list[int], assumed: frozenset[int], rest: list[Any_]) -> Found:
        numbers = [self._numbers[id(fact)] for fact in case.facts if isinstance(fact, Atom)]
        self._relaxation.switch(numbers, on=True)
        try:
            return self._refuted([*active, *numbers], assumed.union(case.new), [*rest, *choices(case.facts)])
        finally:
            self._relaxation.switch(numbers, on=False)


def _case(part: Formula) -> Case:
    facts = tuple(flat(part))
    return Case(facts, tuple(map(id, facts)))


def _sum(found: Multipliers) -> Found:
    terms = tuple((value, row.factors) for value, row in found)
    return Found(Sum(terms), frozenset(id(atom) for _, factors in terms for atom in factors))


def holds_at(formula: Formula, values: Values) -> bool:
    """Whether a formula holds where its monomials have these values."""
    match formula:
        case Atom(relation, polynomial):
            return holds(polynomial, relation, values)
        case All(parts):
            return all(holds_at(part, values) for part in parts)
        case Any_(parts):
            return any(holds_at(part, values) for part in parts)
