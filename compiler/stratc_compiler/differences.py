"""Everything that changed in meaning from one strategy to another, and in which direction.

Strategies are compared as they were checked: comments, layout and the order of what has no order say nothing. Where no
statement of a kind differs and something of it still does, that is a change: proofs are about all that a strategy says.
"""

from __future__ import annotations

from collections.abc import Container, Iterator

from msgspec import Struct, field
from msgspec.structs import replace

from stratc_compiler.change import Change, Direction, Subject, Two, Version
from stratc_compiler.changed_assumptions import changed_assumptions
from stratc_compiler.changed_parts import (
    changed_exit,
    changed_limits,
    changed_roles,
    changed_rules,
    changed_signals,
    changed_tokens,
    changed_venues,
)
from stratc_compiler.changed_promises import (
    changed_bands,
    changed_claims,
    changed_fees,
    changed_floors,
    changed_hedges,
)
from stratc_compiler.expr import Add, And, Expr, Mul, Or
from stratc_dsl.record import Record, parts
from stratc_dsl.span import Span
from stratc_dsl.strategy import AaveV3, Erc4626, Inner, Strategy, Venue

COMPARED = {
    "name": "_of_strategies",
    "base": "_of_strategies",
    "tokens": "changed_tokens",
    "venues": "changed_venues",
    "assumptions": "changed_assumptions",
    "allocations": "changed_bands",
    "floors": "changed_floors",
    "rules": "changed_rules",
    "exit_order": "changed_exit",
    "exit_flash": "changed_exit",
    "claims": "changed_claims",
    "signalled": "changed_signals",
    "hedges": "changed_hedges",
    "signals": "changed_signals",
    "roles": "changed_roles",
    "limits": "changed_limits",
    "fees": "changed_fees",
}
"""Which function compares each field of a strategy. A test holds it to the fields that there are."""

UNORDERED = frozenset(COMPARED) - {"name", "base", "rules", "exit_order", "exit_flash"}
"""Fields whose statements have no order; of tokens, venues and positions `_order` tells where they have one."""


def differences(old: Version, new: Version) -> tuple[Change, ...]:
    """Every change from the old strategy to the new one, in the order of `Subject`; none iff both say the same."""
    two = Two(old, new)
    told, inner = list(_statements(two)), list(_inner(two))
    seen = {compared for compared, _ in told} | ({"changed_venues"} if inner else set())
    changes = [*(change for _, change in told), *_order(two), *inner, *_unseen(two, seen)]
    return tuple(sorted(changes, key=lambda one: _RANK[one.subject]))


def _unseen(two: Two, seen: Container[str]) -> Iterator[Change]:
    """Fields in which something differs of which no comparison told anything."""
    old, new = _said(two.old.strategy), _said(two.new.strategy)
    for name, compared in COMPARED.items():
        if compared not in seen and old[name] != new[name]:
            text = f"the {name.replace('_', ' ')} differ in something that was not compared"
            yield Change(Subject.STRATEGY, "other", text, Direction.WEAKER, "nobody can say that it is not weaker")


_RANK = {subject: rank for rank, subject in enumerate(Subject)}


def _statements(two: Two) -> Iterator[tuple[str, Change]]:
    """Every change of a statement, with the function of `COMPARED` that found it."""
    for compare in (
        _of_strategies,
        changed_assumptions,
        changed_claims,
        changed_floors,
        changed_bands,
        changed_hedges,
        changed_rules,
        changed_tokens,
        changed_venues,
        changed_exit,
        changed_roles,
        changed_limits,
        changed_fees,
        changed_signals,
    ):
        yield from ((compare.__name__, change) for change in compare(two))


def _of_strategies(two: Two) -> Iterator[Change]:
    old, new = two.old.strategy, two.new.strategy
    for name, why in (("name", "another name is given"), ("base", "depositors bring another token")):
        before, after = getattr(old, name), getattr(new, name)
        if before != after:
            yield Change(Subject.STRATEGY, name, f"{name}: {before} -> {after}", Direction.NEITHER, why)


def _inner(two: Two) -> Iterator[Change]:
    """What changed of vaults of ours that both hold at a venue: whoever rests on one says as much less as it does."""
    for venue, old in two.old.vault.inner.items():
        new = two.new.vault.inner.get(venue)
        if new is not None:
            for change in differences(Version(old, two.old.source), Version(new, two.new.source)):
                yield replace(change, name=f"{venue}/{change.name}", text=f"in {venue}: {change.text}")


# ── order ──────────────────────────────────────────────────────────────────────────────────


def _order(two: Two) -> Iterator[Change]:
    """Tokens, venues, positions, hedges have an order where plans follow it: then another one is another plan."""
    sequences = zip(_names(two.old), _names(two.new), strict=True)
    if any(_common(old, new) != _common(new, old) for old, new in sequences) and _plans(two.old) != _plans(two.new):
        text = "tokens, venues, positions or hedges stand in another order"
        why = "plans go through them in their order, so another one is carried out and proved"
        yield Change(Subject.ORDER, "order", text, Direction.NEITHER, why)


def _names(version: Version) -> tuple[list[str], ...]:
    strategy = version.strategy
    return (
        [token.name for token in strategy.tokens],
        [venue.name for venue in strategy.venues],
        [str(position) for position in strategy.positions],
        [f"{hedge.sensitivity}({hedge.token})" for hedge in strategy.hedges],
    )


def _common(one: list[str], other: list[str]) -> list[str]:
    return [name for name in one if name in other]


def _plans(version: Version) -> tuple[str, ...]:
    """When and how the vault acts, as texts that do not depend on the order of operands."""
    text, vault = _Text(), version.vault
    rules = sorted((rule.name, text(rule.trigger), text(rule.effect)) for rule in vault.rules)
    return (str(rules), text(vault.exit_steps), text(vault.unwinding))


class _Text(Struct):
    """Nodes as texts, the operands of sums, products, conjunctions and disjunctions sorted. Each is told once."""

    known: dict[int, tuple[object, str]] = field(default_factory=dict)

    def __call__(self, node: object) -> str:
        found = self.known.get(id(node))
        if found is None:
            found = self.known[id(node)] = (node, self._told(node))
        return found[1]

    def _told(self, node: object) -> str:
        match node:
            case And(operands) | Or(operands):
                return f"({type(node).__name__} {' '.join(sorted(map(self, operands)))})"
            case Add() | Mul():
                return f"({type(node).__name__} {' '.join(sorted(self._operands(node, type(node))))})"
            case Record() | tuple():
                name = type(node).__name__
                return f"({name} {' '.join(self(part) for part in parts(node) if not isinstance(part, Span))})"
            case _:
                return str(node)

    def _operands(self, node: Expr, kind: type) -> Iterator[str]:
        """Of sums of sums all that is summed up, from left to right."""
        if isinstance(node, Add | Mul) and type(node) is kind:
            yield from self._operands(node.left, kind)
            yield from self._operands(node.right, kind)
        else:
            yield self(node)


def _said(strategy: Strategy) -> dict[str, object]:
    """All that a strategy says, without the order of what has no order."""
    fields = ((name, getattr(strategy, name)) for name in COMPARED)
    return {name: frozenset(map(_said_of, value)) if name in UNORDERED else value for name, value in fields}


def _said_of(statement: object) -> object:
    """A lending venue's collaterals are a set, too; of a vault of ours counts what its strategy says."""
    match statement:
        case Venue(name, AaveV3() as terms):
            return name, frozenset(terms.collateral), terms.borrow, terms.emode
        case Venue(name, Erc4626(asset, Inner(_, Strategy() as inner))):
            return name, asset, frozenset(_said(inner).items())
        case _:
            return statement
