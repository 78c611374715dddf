"""What a rule may cost: the stated slippage on what it swaps, premiums of flash loans, and units of rounding.

Sommelier's vaults make this check around each rebalance. Here the budget is an expression of the model, bound by the
plan before anything moves: the contract asserts it, the machine evaluates it, and `recovers` shows that it never fails
in the assumed world. So whatever takes more than was stated (a venue, a token, a fault in the vault) is undone.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from stratc_compiler.environment import MOST_GAIN
from stratc_compiler.expr import (
    Add,
    Cmp,
    Expr,
    Formula,
    MulDiv,
    Plain,
    Rel,
    Rounding,
    Sub,
    Var,
    has_root,
    scale,
    total,
    value_of,
)
from stratc_compiler.perps import Perp, worth_of_short
from stratc_compiler.ranges import Range
from stratc_compiler.vault import (
    NAV,
    SCALE,
    Enter,
    FlashLoan,
    Held,
    Leave,
    Let,
    Plan,
    PlanItem,
    Provide,
    Require,
    Swap,
    Trade,
    Withdraw,
    every_item,
)

NAV_BEFORE = Var("nav_before", Plain.VALUE)
BUDGET = Var("budget", Plain.VALUE)

CONSERVED: Formula = Cmp(Add(NAV, BUDGET), Rel.GE, NAV_BEFORE)
"""To hold after the rule."""

REASON = "rule: costs more than stated"

_SWAP_ROUNDS = 3
"""Divisions between what is sold and the least that is taken for it."""

_SMALLER = 2
"""A round may end with so much less than the nav it began with, which the scale speaks of, before units count more."""


def conserving(plan: Plan, held: tuple[Held, ...]) -> Plan:
    """The plan with `NAV_BEFORE` and `BUDGET` bound before the first step that moves anything."""
    first = next((place for place, item in enumerate(plan) if not isinstance(item, Let)), len(plan))
    budget = _budget(plan, held, _later(plan[first:]))
    return (Let(NAV_BEFORE, NAV), *plan[:first], Let(BUDGET, budget), *plan[first:])


def _budget(plan: Plan, held: tuple[Held, ...], later: Worths) -> Expr:
    costs = tuple(cost for item in every_item(plan) for cost in _costs(item, later))
    return total((*costs, scale(NAV, Fraction(_units(plan, held) * _SMALLER, SCALE), Rounding.UP)), Plain.VALUE)


Worths = dict[str, Expr]
"""What amounts are worth at most, by the names that are bound to them once something has moved."""


def _later(plan: Plan) -> Worths:
    """Of what ranges of liquidity bring, and what is bought for them: before they move, only bounds are known."""
    most: Worths = {}
    for item in plan:
        match item:
            case Withdraw(Held(range=Range()) as held, _, worth, token, base):
                most[token.name] = most[base.name] = most_out(held, worth)
            case Let(name, expr):
                most[name.name] = _at_most(expr, most)
            case Swap(swap=swap, amount=amount, received=received):
                most[received.name] = scale(_at_most(amount, most), 1 + swap.slippage, Rounding.UP)
            case _:
                pass
    return most


def most_out(held: Held, worth: Expr) -> Expr:
    """What comes of either token is worth at most, where so much worth of a range is taken out: at the pool's price,
    and with fees."""
    assert held.range is not None
    near = scale(worth, 1 + 2 * held.range.lost, Rounding.UP)
    return Add(near, scale(held.value, MOST_GAIN, Rounding.UP))


def _at_most(amount: Expr, most: Worths) -> Expr:
    match amount:
        case Var(name) if name in most:
            return most[name]
        case Sub(left):
            return _at_most(left, most)
        case MulDiv(left, right) if has_root(right):
            return _at_most(left, most)
        case _:
            return value_of(amount, Rounding.UP)


def _costs(item: PlanItem | Require, later: Worths) -> Iterator[Expr]:
    """What a step may cost: of what is sold, lent, or put into a pool that is off its oracle."""
    match item:
        case Swap() | FlashLoan():
            yield scale(_at_most(item.amount, later), _share_lost(item), Rounding.UP)
        case Trade(Held(perp=Perp() as of), amount=amount):
            yield scale(worth_of_short(amount, of.margin), of.slippage, Rounding.UP)
        case Provide(Held(range=Range() as of), token, base):
            for amount in (token, base):
                yield scale(_at_most(amount, later), of.lost, Rounding.UP)
        case _:
            return


def _share_lost(item: Swap | FlashLoan) -> Fraction:
    """Of what is sold, or lent."""
    return item.swap.slippage if isinstance(item, Swap) else item.premium


def _units(plan: Plan, held: tuple[Held, ...]) -> int:
    """Roundings of venues, of minima, and of the values of positions afterwards.

    Each is at most one of the units of which nav is worth `SCALE`: so much of nav stands for them, since no contract
    knows which unit is the largest (it may be one share of a venue).
    """
    items = tuple(every_item(plan))
    moved = sum(item.held.rounding for item in items if isinstance(item, Enter | Leave | Provide | Withdraw))
    swapped = sum(_SWAP_ROUNDS for item in items if isinstance(item, Swap))
    traded = sum(item.cash.rounding + _SWAP_ROUNDS for item in items if isinstance(item, Trade))
    lent = sum(isinstance(item, FlashLoan) for item in items)
    return moved + swapped + traded + lent + len(held) + sum(one.margin is not None for one in held)
