"""The facts of a query as rows, linear in monomials: its atoms, and products of bounds where variables multiply.

Products are what eliminates shocks. `after = before * f` with `f >= low` and `before >= 0` gives the row
`(f - low) * before >= 0`, that is `after >= low * before`: exact at every corner of the box, and checked by whoever
checks the proof, as the product of two facts that it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations, product

from stratc_checker.polynomial import Monomial, Polynomial, multiply
from stratc_checker.proof import Fact
from stratc_checker.query import Any_, Atom, Formula


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """`polynomial relation 0`, since it is the product of the factors, each of them a fact. One row, one object."""

    polynomial: Polynomial
    relation: str
    factors: tuple[Atom, ...]


def row_of(atom: Atom) -> Row:
    return Row(atom.polynomial, atom.relation, (atom,))


def atoms(formula: Formula) -> Iterator[Atom]:
    if isinstance(formula, Atom):
        yield formula
    else:
        for part in formula.parts:
            yield from atoms(part)


def choices(facts: Iterable[Fact]) -> list[Any_]:
    return [fact for fact in facts if isinstance(fact, Any_)]


def rows_of(facts: Iterable[Fact]) -> list[Row]:
    """A row for each atom, then one for every product of bounds within a monomial of several variables."""
    known = [fact for fact in facts if isinstance(fact, Atom)]
    return [*map(row_of, known), *_products(known)]


def _products(known: list[Atom]) -> Iterator[Row]:
    within = {part for atom in known for monomial in atom.polynomial for part in _parts(monomial)}
    multiplied = {name for part in within for name in part}
    bounds: dict[str, list[Atom]] = {name: [] for name in multiplied}
    for atom in known:
        bounded = _bounded(atom)
        if bounded in bounds:
            bounds[bounded].append(atom)
    for part in sorted(within):
        for factors in product(*(bounds[name] for name in part)):
            yield Row(_multiplied(factors), ">=", factors)


def _parts(monomial: Monomial) -> Iterator[Monomial]:
    """Every choice of two or more variables of a monomial."""
    for count in range(2, len(monomial) + 1):
        yield from combinations(monomial, count)


def _bounded(atom: Atom) -> str | None:
    """The one variable that the atom bounds by a constant."""
    match [monomial for monomial in atom.polynomial if monomial]:
        case [(name,)] if atom.relation != "=":
            return name
        case _:
            return None


def _multiplied(factors: tuple[Atom, ...]) -> Polynomial:
    first, *rest = factors
    result = first.polynomial
    for factor in rest:
        result = multiply(result, factor.polynomial)
    return result
