"""Checks that a query has no solution, by a proof that is a tree.

Facts are numbered as they become known: first the assertions of the query, in order, each conjunction as its parts. A
fact is `p = 0`, `p > 0` or `p >= 0` for a polynomial p, or a choice, of which at least one part holds.

    {"sum": TERMS}                       the terms add up to a constant that a sum of such things cannot be: done
    {"split": N, "cases": [PROOF, ...]}  fact N is a choice: a proof for each of its parts, which is known there
    {"lemma": TERMS, "then": PROOF}      the terms add up to a polynomial that is never negative: a new fact

TERMS is a list of [coefficient, [factor, ...]]. A factor is the number of a fact that is no choice, or the name of a
variable. A term is zero where one of its facts is an equation; any coefficient will do then, and variables may be
among the factors. Otherwise all facts are inequalities, no variable may be there, the coefficient is positive, and the
term is never negative; it is positive where all of its facts are strict. This is Farkas' lemma where each term has one
fact, and the certificate of a polynomial refutation (a Positivstellensatz) where some have several.
"""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache
from typing import Any

from stratc_checker.polynomial import ONE, Polynomial, Whole, combination, multiply
from stratc_checker.query import Any_, Atom, Fact, Reader, Unreadable, flat

VARIABLE = "variable"
FRACTION = re.compile(r"-?[0-9]{1,4000}(?:/[1-9][0-9]{0,3999})?")
PAIR = (list, tuple)


class Rejected(Exception):
    """The proof does not show what it should. Says why."""


class Context:
    """Assertions that several queries begin with: read once."""

    def __init__(self, text: str, reader: Reader | None = None) -> None:
        """Raises Rejected where the text cannot be read. `owners` are the numbers of the facts' assertions.

        Contexts with one reader share the facts of the lines that they share.
        """
        self._reader = reader or Reader()
        self.names, groups = read(text, frozenset(), self._reader)
        self.facts = [fact for group in groups for fact in group]
        self.owners = [owner for owner, group in enumerate(groups) for _ in group]

    def check(self, goal: str, proof: Any) -> None:
        """Return iff the proof shows that no reals satisfy context and goal; otherwise raise Rejected.

        The goal is one more text of assertions, the negation of what is claimed; its facts follow those of the context.
        """
        names, groups = read(goal, self.names, self._reader)
        refute(proof, [*self.facts, *(fact for group in groups for fact in group)], names)


def refute(proof: Any, facts: list[Fact], names: frozenset[str]) -> None:
    """Return iff the proof shows that the facts contradict each other; otherwise raise Rejected."""
    try:
        _refute(proof, facts, names)
    except RecursionError as error:
        raise Rejected("the proof is nested too deeply") from error


def read(text: str, known: frozenset[str], reader: Reader | None = None) -> tuple[frozenset[str], list[list[Fact]]]:
    """The variables known after the text, and the facts of each of its assertions. Raises Rejected."""
    try:
        return (reader or Reader()).assertions(text, known)
    except (Unreadable, RecursionError) as error:
        raise Rejected(f"a query cannot be read: {error}") from error


def _refute(proof: Any, facts: list[Fact], names: frozenset[str]) -> None:
    """Checks one node with the facts known there; leaves `facts` as it was."""
    known = len(facts)
    while True:
        match proof:
            case {"lemma": list(terms), "then": rest, **more} if not more:
                facts.append(Atom(">=", _sum(terms, facts, names)[0]))
                proof = rest
            case {"sum": list(terms), **more} if not more:
                _contradiction(*_sum(terms, facts, names))
                break
            case {"split": int(number), "cases": list(cases), **more} if not more:
                _split(number, cases, facts, names)
                break
            case _:
                raise Rejected(f"no step of a proof: {str(proof)[:80]}")
    del facts[known:]


def _split(number: int, cases: list[Any], facts: list[Fact], names: frozenset[str]) -> None:
    choice = _fact(number, facts)
    if not isinstance(choice, Any_):
        raise Rejected(f"fact {number} is split, but it is no choice")
    if len(choice.parts) != len(cases):
        raise Rejected(f"fact {number} has {len(choice.parts)} cases, and {len(cases)} are shown")
    known = len(facts)
    for part, proof in zip(choice.parts, cases, strict=True):
        facts += flat(part)
        _refute(proof, facts, names)
        del facts[known:]


def _contradiction(total: Polynomial, strict: bool) -> None:
    if set(total) - {()}:
        raise Rejected(f"the terms do not add up to a constant: {sorted(total)[-1]} is left")
    value = total.get((), Fraction(0))
    if value > 0 or (value == 0 and not strict):
        raise Rejected(f"the terms add up to {value}, which is no contradiction")


def _sum(terms: list[Any], facts: list[Fact], names: frozenset[str]) -> tuple[Polynomial, bool]:
    """What the terms add up to, which is never negative, and whether it is positive."""
    added: list[tuple[str, Atom]] = []
    for term in terms:
        text, factors = term if isinstance(term, PAIR) and len(term) == 2 else (None, None)
        if not isinstance(text, str) or not isinstance(factors, list) or not factors:
            raise Rejected(f"no term: {str(term)[:80]}")
        fact = _factor(factors[0], facts, names)
        if len(factors) > 1:
            fact = _product((fact, *[_factor(other, facts, names) for other in factors[1:]]))
        added.append((text, fact))
    return _added(tuple(added))


@lru_cache(maxsize=1000)
def _added(terms: tuple[tuple[str, Atom], ...]) -> tuple[Polynomial, bool]:
    """The same of multiples of atoms. Many proofs have parts that are the same, of the very same facts."""
    added: list[tuple[int, int, Whole]] = []
    strict = False
    for text, fact in terms:
        relation, (times, divisor) = fact.relation, _fraction(text)
        if relation != "=" and (times <= 0 or relation == VARIABLE):
            raise Rejected(f"a term may be negative: {text} times {dict(fact.polynomial)}")
        added.append((times, divisor, fact.whole))
        strict = strict or relation == ">"
    return combination(added), strict


@lru_cache(maxsize=1000)
def _product(factors: tuple[Atom, ...]) -> Atom:
    """The product of the factors, and what is known of it. Few are used by many terms."""
    relation, polynomial = factors[0].relation, factors[0].polynomial
    for other in factors[1:]:
        relation, polynomial = _together(relation, other.relation), multiply(polynomial, other.polynomial)
    return Atom(relation, polynomial)


def _together(one: str, other: str) -> str:
    """What is known of a product: the most that one of its factors, in this order, spoils or saves."""
    return next(relation for relation in ("=", VARIABLE, ">=", ">") if relation in (one, other))


def _factor(factor: Any, facts: list[Fact], names: frozenset[str]) -> Atom:
    """A fact, or a variable, of which nothing is known."""
    if type(factor) is str and factor in names:
        return _variable(factor)
    fact = _fact(factor, facts)
    if not isinstance(fact, Atom):
        raise Rejected(f"fact {factor} is a choice, and no factor")
    return fact


@lru_cache(maxsize=1000)
def _variable(name: str) -> Atom:
    return Atom(VARIABLE, {(name,): ONE})


def _fact(number: Any, facts: list[Fact]) -> Fact:
    if type(number) is not int or not 0 <= number < len(facts):  # True is no number
        raise Rejected(f"there is no fact {number!r}")
    return facts[number]


@lru_cache(maxsize=10_000)
def _fraction(text: str) -> tuple[int, int]:
    """Numerator and denominator, as they are written. Most are written again and again."""
    if not FRACTION.fullmatch(text):
        raise Rejected(f"no fraction: {text[:80]!r}")
    above, _, below = text.partition("/")
    return int(above), int(below or 1)
