"""What `top_up` does, as a plan: how much value a position lacks for its goal, and where that comes from.

The goal is linear in values once it is multiplied out, so what is lacking is a quotient by the weight that the position
has in it. Sizes are rounded up, with the slippage of what is sold for it inside: the goal is reached at the worst price
that is assumed.
"""

from __future__ import annotations

from fractions import Fraction

from stratc_compiler.errors import Unsupported
from stratc_compiler.expr import (
    Cmp,
    Combination,
    Expr,
    If,
    Min,
    Monus,
    Plain,
    Rel,
    Rounding,
    Var,
    amount,
    amount_worth,
    dim_of,
    scale,
    total,
    value_of,
    zero,
)
from stratc_compiler.predicates import Scope, difference, lower, sides
from stratc_compiler.trade_sizes import plan_name
from stratc_compiler.trading import Parts, find_swap, sell
from stratc_compiler.vault import DUST_SHARE, Enter, Held, Leave, Let, Plan, PlanItem
from stratc_dsl.span import Span
from stratc_dsl.strategy import Relation, TopUp


def top_up(action: TopUp, scope: Scope, parts: Parts) -> Plan:
    """Move value into the position until its goal holds: from each source what it has, from the last one the rest.

    Raises Unsupported for a source that counts for the goal, and for a trade without a swap venue.
    """
    held = _named(str(action.position), scope)
    sources = tuple(_named(str(one), scope) for one in action.sources)
    for one in (held, *sources):
        if one.range is not None:
            what = f"a top-up of, or out of, the range of liquidity `{one.name}`"
            raise Unsupported(what, "name idle tokens and deposits", action.span)
        if one.position.kind == "margin" and one != held:
            what = f"a top-up out of the margin `{one.name}`"
            raise Unsupported(
                what, "name idle tokens and deposits: what of a margin is free hangs on profit", action.span
            )
    weights = _goal(action, scope)
    for source in sources:
        if source.value in weights:
            what = f"a top-up out of `{source.name}`, which its own goal counts"
            raise Unsupported(what, "name sources that the goal does not speak of", action.span)
    more, less = sides(weights)
    rest = lacking = Var(plan_name("lacking", held.name), Plain.VALUE)
    lets = [Let(lacking, scale(Monus(less, more), 1 / weights[held.value], Rounding.UP))]
    steps: list[PlanItem] = []
    brought: list[Expr] = []
    for source in sources:
        take = amount(plan_name("take", source.name), source.token)
        slippage = _slippage(source, held, parts, action.span)
        wanted, last = scale(rest, 1 / (1 - slippage), Rounding.UP), source == sources[-1]
        size = Var(plan_name("size", source.name), Plain.VALUE)
        lets.append(Let(size, wanted if last else Min(wanted, value_of(_pays(source), Rounding.DOWN))))
        taken = amount_worth(size, source.token, Rounding.UP)
        taken = taken if last else Min(taken, _pays(source))
        lets.append(Let(take, taken if len(sources) == 1 else _unless_dust(size, lacking, taken)))
        if source.venue is not None:
            steps.append(Leave(source, take))
        if source.token == held.token:
            brought.append(take)
        else:
            swap = sell(source.token, held.token, take, parts, action.span, plan_name("bought from", source.name))
            steps.append(swap)
            brought.append(swap.received)
        if not last:
            brings = scale(value_of(take, Rounding.DOWN), 1 - slippage, Rounding.DOWN)
            left = Var(plan_name("lacking after", source.name), Plain.VALUE)
            lets.append(Let(left, Monus(rest, brings)))
            rest = left
    if held.venue is not None:
        steps.append(Enter(held, total(tuple(brought), held.var.dim)))
    return (*lets, *steps)


def _named(name: str, scope: Scope) -> Held:
    return next(held for held in scope.held if held.name == name)


def _goal(action: TopUp, scope: Scope) -> Combination:
    """The goal as a difference that is not to be negative, in integer weights of values."""
    goal = action.goal
    left, right = lower(goal.left, scope), lower(goal.right, scope)
    return difference(left, right, goal.span) if goal.relation is Relation.GE else difference(right, left, goal.span)


def _slippage(source: Held, held: Held, parts: Parts, span: Span) -> Fraction:
    """What a move from the one to the other may cost."""
    if source.token == held.token:
        return Fraction(0)
    return find_swap(source.token, held.token, parts.swaps, span).slippage


def _pays(source: Held) -> Expr:
    return source.var if source.venue is None else Min(source.var, source.liquidity)


def _unless_dust(size: Expr, lacking: Expr, then: Expr) -> Expr:
    """Nothing of a source that has, or has to give, less than `DUST_SHARE` of what was lacking: a pool that pays
    nothing for a unit would hold up the rest.
    """
    least = scale(lacking, DUST_SHARE, Rounding.UP)
    return If(Cmp(size, Rel.GE, least), then, zero(dim_of(then)))
