"""Points that satisfy a query, found by the search that looks for its proof, and what more may be wished of them.

A point satisfies of each choice one part at least; with these parts alone the query is a single case, without choices.
There a wish costs the linear solver in floating point a millisecond, where Z3, which could change to another case,
takes a second. A wish that is refused may be possible in another case: nothing is proved here, and what is found has to
replay.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction

from msgspec import Struct
from msgspec.structs import replace

from stratc_checker.proof import Context, read
from stratc_checker.query import Atom, Fact, flat
from stratc_compiler.decided import decided
from stratc_compiler.effort import Effort
from stratc_compiler.expr import Formula
from stratc_compiler.lp import Point, Relaxation
from stratc_compiler.rows import Row, row_of
from stratc_compiler.search import NoProof, Search, holds_at
from stratc_compiler.smtlib import script
from stratc_compiler.vertex import Values, vertex

SHARE = 20
"""Of what a proof may take, for one model: what is hard to satisfy seldom replays."""


class Case:
    """A single case of a query, in which there is a point."""

    def __init__(self, atoms: Iterable[Atom], names: frozenset[str], effort: Effort) -> None:
        self._names, self._effort = names, effort
        self._relaxation = Relaxation()
        self._rows: list[Row] = []
        self._add(atoms)

    def _add(self, atoms: Iterable[Atom]) -> None:
        rows = [row_of(atom) for atom in atoms]
        self._relaxation.add(rows, active=True)
        self._rows += rows

    def grant(self, wish: Formula) -> bool:
        """Have it be so from now on, if it seems that it can be."""
        size = self._relaxation.size
        _, (facts,) = read(script((wish,), self._names), self._names)
        self._add(fact for fact in facts if isinstance(fact, Atom))
        if self._solved():
            return True
        self._relaxation.forget(size)
        del self._rows[size:]
        return False

    def _solved(self) -> bool:
        """Whether there seems to be a point."""
        hint = next((hint for hint in self._relaxation.hints() if hint is not None), None)
        return isinstance(hint, Point)

    def near(self) -> dict[str, Fraction]:
        """A point of the case, nearly."""
        return _of_names({monomial: Fraction(value) for monomial, value in self._relaxation.values().items()})

    def point(self) -> dict[str, Fraction] | None:
        """A point of the case, exactly; None where none is found."""
        found = vertex(self._rows, self._relaxation.basis()) if self._solved() else None
        if found is None:
            answer = decided(self._rows, (), self._effort.rlimit)
            found = answer if isinstance(answer, dict) else None
        return None if found is None else _of_names(found)


class Found:
    """A point that satisfies a query, and the case that it is of."""

    def __init__(self, context: Context, point: Values, effort: Effort) -> None:
        self.point = _of_names(point)
        self._context, self._values, self._effort = context, point, effort

    def case(self) -> Case:
        return Case(_parts(self._context.facts, self._values), self._context.names, self._effort)


class Allowance(Struct):
    """What may still be spent on models, of one claim for example."""

    effort: Effort
    spent: int = 0

    @property
    def is_spent(self) -> bool:
        return self.spent >= self.effort.rows

    def found(self, formulas: Sequence[Formula]) -> Found | None:
        """What satisfies all formulas; None where nothing does, or what may be spent is."""
        if self.is_spent:
            return None
        little = replace(self.effort, rlimit=max(1, self.effort.rlimit // SHARE), nodes=self.effort.nodes // SHARE)
        context = Context(script(formulas))
        search = Search(context.facts, little)
        try:
            search.refute(())
        except NoProof as ended:
            return None if ended.point is None else Found(context, ended.point, little)
        finally:
            self.spent += search.steps
        return None


def _parts(facts: Iterable[Fact], point: Values) -> Iterator[Atom]:
    """What the facts say at the point: of each choice the first part that holds there."""
    for fact in facts:
        if isinstance(fact, Atom):
            yield fact
        else:
            yield from _parts(flat(next(part for part in fact.parts if holds_at(part, point))), point)


def _of_names(values: Values) -> dict[str, Fraction]:
    return {monomial[0]: value for monomial, value in values.items() if len(monomial) == 1}
