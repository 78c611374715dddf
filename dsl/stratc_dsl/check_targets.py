"""Floors at the target weights, in exact fractions: nav counts as 1, every position as its target."""

from __future__ import annotations

from fractions import Fraction

from stratc_dsl.adapters import collaterals
from stratc_dsl.errors import FloorBelowTargets
from stratc_dsl.scope import Scope
from stratc_dsl.strategy import (
    Allocation,
    Base,
    Binary,
    BinaryOp,
    Comparison,
    Expression,
    Literal,
    OfNav,
    Position,
    Quantity,
    Relation,
    Strategy,
)
from stratc_dsl.words import percent, plain

PERCENT_QUANTITIES = frozenset(
    {"idle", "value", "weight", "nav", "debt", "collateral", "ltv", "buffer", "margin_ratio", "volatility"}
)


class NoDebt(Exception):
    """A ratio over a debt that is zero: larger than any number."""


def check_floors_at_targets(strategy: Strategy, scope: Scope) -> None:
    """Report each floor that is false where every position stands at its target."""
    for floor in strategy.floors:
        comparison = floor.predicate
        if not isinstance(comparison, Comparison):
            continue
        try:
            left = at_targets(comparison.left, strategy)
            right = at_targets(comparison.right, strategy)
        except NoDebt:
            continue
        if left is None or right is None or _holds(left, comparison.relation, right):
            continue
        targets = tuple(one.span for one in strategy.allocations if _concerns(comparison.left, one))
        scope.problems.report(FloorBelowTargets(floor.span, _facts(comparison, left, right), targets))


def _facts(comparison: Comparison, left: Fraction, right: Fraction) -> str:
    """What both sides are at the targets, those aside that are constants anyway."""
    words = percent if _in_percent(comparison.left) or _in_percent(comparison.right) else plain
    sides = (("the left side", comparison.left, left), ("the right side", comparison.right, right))
    facts = (f"{_name(side, name)} is {words(value)}" for name, side, value in sides if not _is_constant(side))
    return " and ".join(facts) or f"it compares {words(left)} with {words(right)}"


def _is_constant(expression: Expression) -> bool:
    return isinstance(expression, Literal | OfNav)


def _name(expression: Expression, otherwise: str) -> str:
    match expression:
        case Quantity(name, _, venue, token, position):
            argument = venue or token or position
            return f"`{name}({argument})`" if argument else f"`{name}`"
        case _:
            return otherwise


def _holds(left: Fraction, relation: Relation, right: Fraction) -> bool:
    match relation:
        case Relation.LT:
            return left < right
        case Relation.LE:
            return left <= right
        case Relation.GE:
            return left >= right
        case Relation.GT:
            return left > right


def _in_percent(expression: Expression) -> bool:
    match expression:
        case OfNav():
            return True
        case Quantity(name):
            return name in PERCENT_QUANTITIES
        case Binary(BinaryOp.ADD | BinaryOp.SUB, left):
            return _in_percent(left)
        case _:
            return False


def _concerns(expression: Expression, allocation: Allocation) -> bool:
    match expression:
        case Quantity(venue=str(venue)):
            return allocation.position.venue == venue
        case Quantity(position=position) if position is not None:
            return allocation.position == position
        case Quantity("idle", token=token):
            return allocation.position.kind == "idle" and allocation.position.token == token
        case _:
            return False


def at_targets(expression: Expression, strategy: Strategy) -> Fraction | None:
    """The value at the targets with nav as 1; None where targets do not determine it. Raises NoDebt."""
    match expression:
        case Literal(value, dimension):
            return value if dimension is Base.RATIO else None
        case OfNav(share):
            return share
        case Quantity():
            return _quantity(expression, strategy)
        case Binary(op, left, right):
            return _binary(op, at_targets(left, strategy), at_targets(right, strategy))


def _binary(op: BinaryOp, left: Fraction | None, right: Fraction | None) -> Fraction | None:
    if left is None or right is None:
        return None
    match op:
        case BinaryOp.ADD:
            return left + right
        case BinaryOp.SUB:
            return left - right
        case BinaryOp.MUL:
            return left * right
        case BinaryOp.DIV:
            return left / right if right else None


def _is_signalled(quantity: Quantity, strategy: Strategy) -> bool:
    """Whether a signal has a say in what the quantity is at the targets."""
    for one in strategy.signalled:
        position = one.position
        if quantity.name == "leverage" or position == quantity.position:
            return True
        if quantity.venue is not None and position.venue == quantity.venue:
            return True
        if quantity.name == "idle" and position == Position(None, "idle", quantity.token or ""):
            return True
    return False


def _quantity(quantity: Quantity, strategy: Strategy) -> Fraction | None:
    if _is_signalled(quantity, strategy):
        return None
    weights = {one.position: one.target for one in strategy.allocations}
    match quantity.name:
        case "nav":
            return Fraction(1)
        case "leverage":
            return sum((weight for weight in weights.values() if weight > 0), Fraction(0))
        case "idle":
            held = (w for p, w in weights.items() if p.kind == "idle" and p.token == quantity.token)
            return sum(held, Fraction(0))
        case "value" | "weight" if quantity.position is not None:
            return abs(weights.get(quantity.position, Fraction(0)))
        case "health" | "buffer" | "ltv" | "collateral_ratio" | "debt" | "collateral" if quantity.venue is not None:
            return _loan(quantity.name, quantity.venue, strategy)
        case _:
            return None


def _loan(name: str, venue: str, strategy: Strategy) -> Fraction | None:
    thresholds = {one.token: one.threshold for one in collaterals(strategy.venue(venue).terms)}
    there = [one for one in strategy.allocations if one.position.venue == venue]
    held = [one for one in there if one.position.kind == "collateral"]
    debt = -sum((one.target for one in there if one.position.kind == "debt"), Fraction(0))
    collateral = sum((one.target for one in held), Fraction(0))
    weighted = sum((one.target * (thresholds[one.position.token] or 0) for one in held), Fraction(0))
    if name in ("health", "buffer") and any(thresholds[one.position.token] is None for one in held):
        return None
    match name:
        case "debt":
            return debt
        case "collateral":
            return collateral
        case "ltv":
            return debt / collateral if collateral else None
        case "buffer":
            return 1 - debt / weighted if weighted else None
        case _ if debt == 0:
            raise NoDebt
        case "health":
            return weighted / debt
        case _:
            return collateral / debt
