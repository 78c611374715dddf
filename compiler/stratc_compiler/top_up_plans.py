"""What `top_up` does, as a plan: how much value a position lacks for its goal, and where that comes from.

The goal is linear in values once it is multiplied out, so what is lacking is a quotient by the weight that the position
has in it. Sizes are rounded up, with the slippage of what is sold for it inside: the goal is reached at the worst price
that is assumed.

What a range of liquidity brings is known when it has come: any proportion of its two tokens, and all the fees that
waited there. So it is sized as if it were all of the token that has to be sold, what is not of the position's token is
sold, and no more than was lacking is put in: the rest stays idle.
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
from stratc_compiler.range_plans import taken_out
from stratc_compiler.trade_sizes import plan_name
from stratc_compiler.trading import Parts, find_swap, sell
from stratc_compiler.vault import DUST_SHARE, Enter, Held, Leave, Let, Plan, PlanItem
from stratc_dsl.span import Span
from stratc_dsl.strategy import Relation, TopUp


def top_up(action: TopUp, scope: Scope, parts: Parts) -> Plan:
    """Move value into the position until its goal holds: from each source what it has, from the last one the rest.

    Raises Unsupported for a range that is to be topped up, for a margin or what counts for the goal as a source, and
    for a trade without a swap venue.
    """
    held = _named(str(action.position), scope)
    sources = tuple(_named(str(one), scope) for one in action.sources)
    weights = _goal(action, scope)
    _refuse(held, sources, weights, action.span)
    more, less = sides(weights)
    rest = lacking = Var(plan_name("lacking", held.name), Plain.VALUE)
    lets = [Let(lacking, scale(Monus(less, more), 1 / weights[held.value], Rounding.UP))]
    steps: list[PlanItem] = []
    brought: list[Expr] = []
    for source in sources:
        take, last = amount(plan_name("take", source.name), source.token), source == sources[-1]
        slippage = _slippage(source, held, parts, action.span)
        wanted = scale(rest, 1 / (1 - slippage), Rounding.UP)
        size = Var(plan_name("size", source.name), Plain.VALUE)
        lets.append(Let(size, wanted if last else Min(wanted, _worth(source))))
        taken = amount_worth(size, source.token, Rounding.UP) if last else _as_far_as_there_is(size, source)
        lets.append(Let(take, taken if len(sources) == 1 else _unless_dust(size, lacking, taken)))
        moves, amounts = _moved(source, take, held, parts, action.span)
        steps += moves
        brought += amounts
        if not last:
            brings = scale(value_of(take, Rounding.DOWN), 1 - slippage, Rounding.DOWN)
            left = Var(plan_name("lacking after", source.name), Plain.VALUE)
            lets.append(Let(left, Monus(rest, brings)))
            rest = left
    put_in = total(tuple(brought), held.var.dim)
    if any(source.range is not None for source in sources):
        put_in = Min(amount_worth(lacking, held.token, Rounding.UP), put_in)
    if held.venue is not None:
        steps.append(Enter(held, put_in))
    return (*lets, *steps)


def _refuse(held: Held, sources: tuple[Held, ...], weights: Combination, span: Span) -> None:
    if held.range is not None:
        cure = "top up what is held beside it: `rebalance` is what puts liquidity in"
        raise Unsupported(f"a top-up of the range of liquidity `{held.name}`", cure, span)
    for source in sources:
        if source.position.kind == "margin":
            cure = "name what is not margin: what of that is free hangs on profit"
            raise Unsupported(f"a top-up out of the margin `{source.name}`", cure, span)
        if source.value in weights:
            what = f"a top-up out of `{source.name}`, which its own goal counts"
            raise Unsupported(what, "name sources that the goal does not speak of", span)


def _named(name: str, scope: Scope) -> Held:
    return next(held for held in scope.held if held.name == name)


def _goal(action: TopUp, scope: Scope) -> Combination:
    """The goal as a difference that is not to be negative, in integer weights of values."""
    goal = action.goal
    left, right = lower(goal.left, scope), lower(goal.right, scope)
    return difference(left, right, goal.span) if goal.relation is Relation.GE else difference(right, left, goal.span)


def _slippage(source: Held, held: Held, parts: Parts, span: Span) -> Fraction:
    """What a move from the one to the other may cost."""
    sold = (token for token in source.tokens if token != held.token)
    return max((find_swap(token, held.token, parts.swaps, span).slippage for token in sold), default=Fraction(0))


def _worth(source: Held) -> Expr:
    """What there is of it, and its venue pays; rounded down."""
    return value_of(_pays(source), Rounding.DOWN) if source.range is None else source.value


def _as_far_as_there_is(size: Expr, source: Held) -> Expr:
    """An amount that is worth so much, of a source that is worth no less: of a range, told in base, rounded down."""
    if source.range is not None:
        return amount_worth(size, source.token, Rounding.DOWN)
    return Min(amount_worth(size, source.token, Rounding.UP), _pays(source))


def _pays(source: Held) -> Expr:
    return source.var if source.venue is None else Min(source.var, source.liquidity)


def _moved(source: Held, take: Var, held: Held, parts: Parts, span: Span) -> tuple[Plan, tuple[Expr, ...]]:
    """What takes so much out of a source, in the token of what is topped up, and the amounts that come of it."""
    steps: list[PlanItem] = []
    came: dict[str, Expr] = {source.token: take}
    if source.range is not None:
        withdrawn = taken_out(source, take)
        came = {source.range.token: withdrawn.token, source.range.base: withdrawn.base}
        steps.append(withdrawn)
    elif source.venue is not None:
        steps.append(Leave(source, take))
    brought: list[Expr] = []
    for token, some in came.items():
        if token == held.token:
            brought.append(some)
            continue
        words = (source.name,) if len(came) == 1 else (token, source.name)
        swap = sell(token, held.token, some, parts, span, plan_name("bought from", *words))
        steps.append(swap)
        brought.append(swap.received)
    return tuple(steps), tuple(brought)


def _unless_dust(size: Expr, lacking: Expr, then: Expr) -> Expr:
    """Nothing of a source that has, or has to give, less than `DUST_SHARE` of what was lacking: a pool that pays
    nothing for a unit would hold up the rest.
    """
    least = scale(lacking, DUST_SHARE, Rounding.UP)
    return If(Cmp(size, Rel.GE, least), then, zero(dim_of(then)))
