"""The facts of a query as rows, linear in monomials: its atoms, and products of bounds where variables multiply.

Products are what eliminates shocks. `after = before * f` with `f >= low` and `before >= 0` gives the row
`(f - low) * before >= 0`, that is `after >= low * before`: exact at every corner of the box, and checked by whoever
checks the proof, as the product of two facts that it is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from fractions import Fraction
from itertools import combinations, product
from math import gcd

from stratc_checker.polynomial import Monomial, Polynomial, multiply
from stratc_checker.query import Any_, Atom, Fact, Formula
from stratc_dsl.record import Record


class Row(Record, eq=False):
    """`coefficients relation 0`, since `coefficients / divisor` is the product of the factors, each of them a fact.

    One row, one object. Integers, with a divisor that is positive: fractions are slow.
    """

    divisor: int
    coefficients: dict[Monomial, int]
    relation: str
    factors: tuple[Atom, ...]

    @property
    def polynomial(self) -> Polynomial:
        """The product of the factors."""
        return {monomial: Fraction(value, self.divisor) for monomial, value in self.coefficients.items()}


def row_of(atom: Atom) -> Row:
    return Row(*atom.whole, atom.relation, (atom,))


def atoms(formula: Formula) -> Iterator[Atom]:
    if isinstance(formula, Atom):
        yield formula
    else:
        for part in formula.parts:
            yield from atoms(part)


def choices(facts: Iterable[Fact]) -> list[Any_]:
    return [fact for fact in facts if isinstance(fact, Any_)]


def multiplied(facts: Iterable[Fact]) -> set[Monomial]:
    """Every product of two or more variables within what the facts say, their choices included."""
    return {part for fact in facts for atom in atoms(fact) for monomial in atom.polynomial for part in _parts(monomial)}


def products(facts: Iterable[Fact], within: set[Monomial], before: Collection[Monomial] = ()) -> Iterator[Row]:
    """Products of known facts and bounds that say something about the monomials `within`, and about no other ones.

    Those that say something about monomials `before` alone are left out: they are there already.
    """
    known = [fact for fact in facts if isinstance(fact, Atom)]
    bounds = _bounds(known, within)
    for part in sorted(within.difference(before)):
        for factors in product(*(bounds[name] for name in part)):
            yield _product(factors)
    for atom in known:
        for name in _multipliers(atom, within, before):
            yield from (_product((atom, bound)) for bound in bounds[name])


def all_products(facts: Iterable[Fact]) -> Iterator[Row]:
    """Products of every linear fact with every bound of a variable that is multiplied anywhere: of degree two."""
    facts = list(facts)
    within = multiplied(facts)
    known = [fact for fact in facts if isinstance(fact, Atom)]
    yield from products(facts, within)
    linear = [atom for atom in known if all(len(monomial) < 2 for monomial in atom.polynomial)]
    for bound in (one for ones in _bounds(known, within).values() for one in ones):
        yield from (_product((atom, bound)) for atom in linear)


def _product(factors: tuple[Atom, ...]) -> Row:
    first, *rest = factors
    divisor, result = first.whole
    for factor in rest:
        below, other = factor.whole
        divisor, result = divisor * below, multiply(result, other)
    common = gcd(divisor, *result.values())
    if common != 1:
        divisor, result = divisor // common, {monomial: value // common for monomial, value in result.items()}
    relations = {factor.relation for factor in factors}
    relation = "=" if "=" in relations else ">" if relations == {">"} else ">="
    return Row(divisor, result, relation, factors)


def _bounds(known: list[Atom], within: set[Monomial]) -> dict[str, list[Atom]]:
    """The constant bounds that are known of each variable within."""
    bounds: dict[str, list[Atom]] = {name: [] for part in sorted(within) for name in part}
    for atom in known:
        bounded = _bounded(atom)
        if bounded in bounds:
            bounds[bounded].append(atom)
    return bounds


def _multipliers(atom: Atom, within: set[Monomial], before: Collection[Monomial]) -> Iterator[str]:
    """Variables by which a linear fact of several variables can be multiplied without a product that is not there yet.

    So facts about the state are carried over to the state after a shock that it shares: `a >= b` gives `a f >= b f`.
    """
    monomials = [monomial for monomial in atom.polynomial if monomial]
    if len(monomials) < 2 or any(len(monomial) > 1 for monomial in monomials):
        return
    (first,), *_ = monomials
    others = sorted({part[0] if part[1] == first else part[1] for part in within if len(part) == 2 and first in part})
    for name in others:
        pairs = {_pair(one, name) for (one,) in monomials}
        if pairs <= within and not pairs.issubset(before):
            yield name


def _pair(one: str, other: str) -> Monomial:
    return (one, other) if one <= other else (other, one)


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
