"""What a rule does: each action typed, and none that could not change what it is for."""

from __future__ import annotations

from fractions import Fraction

from stratc_dsl import syntax
from stratc_dsl.adapters import INSTRUMENTS
from stratc_dsl.check_constants import constant
from stratc_dsl.check_expressions import constant_value, type_predicate
from stratc_dsl.check_flash import check_flash
from stratc_dsl.check_positions import holding_venue, is_held, loan_venue, resolve_position
from stratc_dsl.errors import NoEffect, NotHedged, OutOfRange, WrongKind, WrongRelation
from stratc_dsl.scope import Scope
from stratc_dsl.span import Span
from stratc_dsl.strategy import (
    Action,
    Base,
    Comparison,
    Deleverage,
    ExitAction,
    Freeze,
    Harvest,
    PerpV2,
    Position,
    Quantity,
    Rebalance,
    Rehedge,
    TopUp,
    Unwind,
)
from stratc_dsl.words import percent, plain

# Which quantities rise or fall as value is moved into a position of that kind.
MOVED_BY = {
    "collateral": frozenset({"health", "buffer", "ltv", "collateral_ratio", "collateral"}),
    "margin": frozenset({"margin_ratio"}),
}
FALLING = frozenset({"ltv"})


def check_action(verb: syntax.Verb, scope: Scope) -> Action | None:
    """The typed action, or None after reporting."""
    match verb:
        case syntax.RebalanceVerb(span, using):
            flash, sound = check_flash(using, scope)
            return Rebalance(span=span, flash=flash) if sound else None
        case syntax.RehedgeVerb():
            return _rehedge(verb, scope)
        case syntax.FreezeVerb(span):
            return Freeze(span=span)
        case syntax.ExitVerb(span, using):
            flash, sound = check_flash(using, scope)
            return ExitAction(span=span, flash=flash) if sound else None
        case syntax.HarvestVerb(name, span):
            venue = holding_venue(name, scope, "`harvest`")
            return Harvest(venue, span=span) if venue else None
        case syntax.DeleverageVerb():
            return _deleverage(verb, scope)
        case syntax.TopUpVerb():
            return _top_up(verb, scope)
        case syntax.UnwindVerb():
            return _unwind(verb, scope)


def _deleverage(verb: syntax.DeleverageVerb, scope: Scope) -> Action | None:
    venue = loan_venue(verb.venue, scope, "`deleverage`")
    cure = "write a health factor such as `1.80`"
    health = constant(verb.health, Base.RATIO, "`to health`", verb.venue.span, scope, cure, "a plain number")
    flash, sound = check_flash(verb.using, scope)
    if health is not None and health <= 1:
        cure = "at a health factor of 1 the venue liquidates: aim higher, for example at `1.80`"
        scope.problems.report(OutOfRange(verb.health.span, "the health to reach", "above 1", plain(health), cure))
        return None
    return Deleverage(venue, health, span=verb.span, flash=flash) if venue and health is not None and sound else None


def _rehedge(verb: syntax.RehedgeVerb, scope: Scope) -> Action | None:
    flash, sound = check_flash(verb.using, scope)
    if scope.hedged == {}:
        scope.problems.report(NotHedged(verb.span, "`rehedge` to keep"))
        return None
    return Rehedge(span=verb.span, flash=flash) if sound else None


def _unwind(verb: syntax.UnwindVerb, scope: Scope) -> Action | None:
    flash, sound = check_flash(verb.using, scope)
    position, span = resolve_position(verb.position, scope, instruments=True), verb.position.span
    if position is None:
        return None
    if position.kind == "idle":
        cure = "what is idle is unwound already: name a position at a venue"
        scope.problems.report(WrongKind(span, "a position to close", f"`{position}`", cure))
        return None
    if position.kind in INSTRUMENTS:
        if scope.hedged is not None and position not in scope.hedged.values():
            scope.problems.report(NotHedged(span, f"`{position}`"))
            return None
    elif not is_held(position, span, "`unwind`", scope):
        return None
    return Unwind(position, span=verb.span, flash=flash) if sound else None


# ── top_up ──


def _top_up(verb: syntax.TopUpVerb, scope: Scope) -> Action | None:
    position = _topped_up(verb, scope)
    goal = _goal(verb, position, scope)
    sources = _sources(verb, position, scope)
    if position is None or goal is None or sources is None:
        return None
    return TopUp(position, goal, sources, span=verb.span)


def _topped_up(verb: syntax.TopUpVerb, scope: Scope) -> Position | None:
    position, span = resolve_position(verb.position, scope), verb.position.span
    if position is None or not is_held(position, span, "`top_up`", scope):
        return None
    if position.kind == "debt":
        cure = f"to owe less, write `deleverage {position.venue} to health ..`"
        scope.problems.report(WrongKind(span, "a position that is held", f"the debt `{position}`", cure))
        return None
    return position


def _goal(verb: syntax.TopUpVerb, position: Position | None, scope: Scope) -> Comparison | None:
    wanted = "<=" if verb.quantity.name.text in FALLING else ">="
    if verb.relation not in (None, wanted):
        where = verb.quantity.span.join(verb.level.span)
        scope.problems.report(WrongRelation(where, f"`{verb.quantity.name.text}`", wanted, verb.relation or ""))
        return None
    span = verb.quantity.span.join(verb.level.span)
    goal = type_predicate(syntax.Compare(verb.quantity, wanted, verb.level, span), scope, "`top_up`")
    if not isinstance(goal, Comparison) or not isinstance(goal.left, Quantity):
        return None
    if position is not None and not _moves(goal.left, position):
        _no_effect(goal.left, position, verb, scope)
        return None
    return goal if _can_hold(goal, goal.left, verb.level.span, scope) else None


def _moves(quantity: Quantity, position: Position) -> bool:
    """Whether more value in the position changes the quantity."""
    if quantity.venue is not None:
        return quantity.venue == position.venue and quantity.name in MOVED_BY.get(position.kind, ())
    if quantity.position is not None:
        return quantity.position == position
    return quantity.name == "idle" and position == Position(None, "idle", quantity.token or "")


def _no_effect(quantity: Quantity, position: Position, verb: syntax.TopUpVerb, scope: Scope) -> None:
    argument = quantity.venue or quantity.token or quantity.position
    named = f"`{quantity.name}({argument})`" if argument else f"`{quantity.name}`"
    words = f"more in `{position}`", named, "does not change with it", f"write for example `weight({position}) 10%`"
    scope.problems.report(NoEffect(quantity.span, *words, verb.position.span))


def _can_hold(goal: Comparison, quantity: Quantity, span: Span, scope: Scope) -> bool:
    """Whether the goal is beyond the line at which the venue liquidates; reports one that is not."""
    level = constant_value(goal.right)
    if level is None or quantity.venue is None:
        return True
    declared = scope.venues[quantity.venue].value
    line = Fraction(1) if quantity.name == "health" else None
    if declared is not None and isinstance(declared.terms, PerpV2) and quantity.name == "margin_ratio":
        line = declared.terms.maintenance
    if line is None or level > line:
        return True
    words = plain if quantity.name == "health" else percent
    cure = f"at {words(line)} the venue liquidates: aim higher"
    wanted = f"above {words(line)}"
    scope.problems.report(OutOfRange(span, f"the {quantity.name} to reach", wanted, words(level), cure))
    return False


def _sources(verb: syntax.TopUpVerb, into: Position | None, scope: Scope) -> tuple[Position, ...] | None:
    if not verb.sources.items:
        cure = "name what is sold for it: `from [idle(USDC)]`"
        scope.problems.report(WrongKind(verb.sources.span, "a list of positions", "an empty list", cure))
        return None
    sources = [_source(item, into, scope) for item in verb.sources.items]
    seen: dict[str, Span] = {}
    for source, item in zip(sources, verb.sources.items, strict=True):
        if source is not None:
            scope.first(seen, f"`{source}` as a source", item.span)
    return tuple(one for one in sources if one is not None) if None not in sources else None


def _source(item: syntax.Expr, into: Position | None, scope: Scope) -> Position | None:
    position = resolve_position(item, scope)
    if position is None or not is_held(position, item.span, "`from`", scope):
        return None
    if position.kind == "debt":
        found, cure = f"the debt `{position}`", "name positions that are held"
        scope.problems.report(WrongKind(item.span, "something to sell", found, cure))
        return None
    if position == into:
        cure = "name other positions than the one that is topped up"
        scope.problems.report(WrongKind(item.span, "another position", f"`{position}` again", cure))
        return None
    return position
