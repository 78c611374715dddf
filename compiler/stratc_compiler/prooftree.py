"""Proofs as trees, and as the JSON that `stratc_checker` checks."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from stratc_checker.proof import Context
from stratc_checker.query import Any_, Atom, Fact
from stratc_dsl.record import Record


class Sum(Record):
    """Multiples of products of facts that add up to a contradiction."""

    terms: tuple[tuple[Fraction, tuple[Atom, ...]], ...]


class Split(Record):
    """A refutation for every part of a choice, with the facts that are known there."""

    choice: Any_
    cases: tuple[tuple[tuple[Fact, ...], Node], ...]


Node = Sum | Split


def proof_json(node: Node, facts: Sequence[Fact]) -> dict[str, Any]:
    """The proof in the checker's form; `facts` are those of the query, in order. The same fact is the same object."""
    return _json(node, {id(fact): number for number, fact in enumerate(facts)}, len(facts))


def _json(node: Node, numbers: dict[int, int], known: int) -> dict[str, Any]:
    match node:
        case Sum(terms):
            return {"sum": [[str(value), [numbers[id(fact)] for fact in factors]] for value, factors in terms]}
        case Split(choice, cases):
            shown = [
                _json(case, numbers | {id(fact): known + at for at, fact in enumerate(facts)}, known + len(facts))
                for facts, case in cases
            ]
            return {"split": numbers[id(choice)], "cases": shown}


def hypotheses_of(proof: dict[str, Any], context: Context) -> frozenset[int]:
    """Which assertions of the context, by number, a proof that was accepted uses."""
    named: set[int | str] = set()
    _name(proof, named)
    facts = (fact for fact in named if isinstance(fact, int))
    return frozenset(context.owners[fact] for fact in facts if fact < len(context.owners))


def _name(proof: dict[str, Any], named: set[int | str]) -> None:
    """Add every factor: the number of a fact, or a variable."""
    for terms in (proof.get("sum", ()), proof.get("lemma", ())):
        for _, factors in terms:
            named.update(factors)
    if "lemma" in proof:
        _name(proof["then"], named)
    if "split" in proof:
        named.add(proof["split"])
        for case in proof["cases"]:
            _name(case, named)
