"""Points that satisfy a query with products, exactly: all that is multiplied with states is pinned to numbers.

What is left is linear, and the search ends in a point of it or shows that there is none. Pins are what a point of the
relaxation says, then the corners of what is known of the factors alone. So points are found, and nothing is proved.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import chain, combinations, islice

from msgspec.structs import replace

from stratc_checker.polynomial import Polynomial
from stratc_checker.query import All, Any_, Atom, Fact, Formula, flat
from stratc_compiler.effort import Effort
from stratc_compiler.lp import Basis
from stratc_compiler.recall import satisfies
from stratc_compiler.rows import Row, multiplied, row_of
from stratc_compiler.search import NoProof, Search
from stratc_compiler.vertex import vertex

SHARE = 40
"""Of what a proof may take, for the search at one choice of pins."""

MOST_CORNERS = 16
MOST_MEETINGS = 2_000
"""So many corners are tried, found among so many choices of bounds that may meet in one."""

Point = dict[str, Fraction]


class Pinned:
    """Several queries of one context, with `factors` pinned: what the context says at a corner is set up once."""

    def __init__(self, context: Sequence[Fact], factors: Collection[str], effort: Effort) -> None:
        self._context, self._factors = context, factors
        self._effort = replace(effort, nodes=effort.nodes // SHARE)
        self._begun: list[tuple[Point, Search]] = []
        self._others = islice(_meetings(context, factors), MOST_CORNERS)

    def _search(self, pins: Point) -> Search:
        return Search([_substituted(fact, pins) for fact in self._context], self._effort)

    def _corners(self) -> Iterator[tuple[Point, Search]]:
        yield from self._begun
        for pins in self._others:
            self._begun.append((pins, self._search(pins)))
            yield self._begun[-1]

    def point(self, goal: Sequence[Fact], near: Point) -> Point | None:
        """A point that satisfies context and goal; None where none is found. `near` satisfies their relaxation."""
        facts = [*self._context, *goal]
        at = {name: value for name, value in near.items() if name in self._factors}
        if multiplied([_substituted(fact, at) for fact in facts]):
            return None
        for pins, search in chain([(at, self._search(at))], self._corners()):
            found = _ended(search, [_substituted(fact, pins) for fact in goal])
            if found is not None:
                point = {name: Fraction(0) for name in near} | found | pins
                if satisfies(point, facts):
                    return point
        return None


def _ended(search: Search, goal: Sequence[Fact]) -> Point | None:
    """The point in which a search ends, where nothing is multiplied."""
    try:
        search.refute(goal)
    except NoProof as ended:
        return None if ended.point is None else {name: value for (name,), value in ended.point.items()}
    return None


def _meetings(facts: Sequence[Fact], factors: Collection[str]) -> Iterator[Point]:
    """Where as many bounds of the factors as there are factors meet, and all others hold."""
    names = {name for name in factors if any((name,) in fact.polynomial for fact in facts if isinstance(fact, Atom))}
    rows = [row_of(fact) for fact in facts if isinstance(fact, Atom) and _speaks_of(fact.polynomial, names)]
    seen: set[tuple[tuple[str, Fraction], ...]] = set()
    for meeting in islice(combinations(rows, len(names)), MOST_MEETINGS):
        corner = _meeting(rows, meeting)
        if corner is not None and (said := tuple(sorted(corner.items()))) not in seen:
            seen.add(said)
            yield corner


def _speaks_of(polynomial: Polynomial, names: set[str]) -> bool:
    """Whether it is linear, and speaks of these and of nothing else."""
    return all(len(monomial) < 2 and names.issuperset(monomial) for monomial in polynomial)


def _meeting(rows: Sequence[Row], meeting: Sequence[Row]) -> Point | None:
    values = vertex(rows, Basis(list(meeting), zero=[], most_slack=False))
    return None if values is None else {name: value for (name,), value in values.items()}


def _substituted(fact: Fact, pins: Mapping[str, Fraction]) -> Fact:
    if isinstance(fact, Atom):
        changes = any(name in pins for monomial in fact.polynomial for name in monomial)
        return Atom(fact.relation, _at(fact.polynomial, pins)) if changes else fact
    return Any_(tuple(_part(part, pins) for part in fact.parts))


def _part(part: Formula, pins: Mapping[str, Fraction]) -> Formula:
    return (
        All(tuple(_substituted(fact, pins) for fact in flat(part)))
        if isinstance(part, All)
        else _substituted(part, pins)
    )


def _at(polynomial: Polynomial, pins: Mapping[str, Fraction]) -> Polynomial:
    """The polynomial where the pinned variables have these values."""
    result: Polynomial = {}
    for monomial, times in polynomial.items():
        left = tuple(name for name in monomial if name not in pins)
        for name in monomial:
            times *= pins.get(name, 1)
        result[left] = result.get(left, Fraction(0)) + times
    return {monomial: value for monomial, value in result.items() if value}
