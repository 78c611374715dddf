"""What a rule may cost: the stated slippage on what it swaps, premiums of flash loans, and units of rounding.

Sommelier's vaults make this check around each rebalance. Here the budget is an expression of the model, bound by the
plan before anything moves: the contract asserts it, the machine evaluates it, and `recovers` shows that it never fails
in the assumed world. So whatever takes more than was stated (a venue, a token, a fault in the vault) is undone.
"""

from __future__ import annotations

from fractions import Fraction

from stratc_compiler.expr import Add, Cmp, Expr, Formula, Plain, Rel, Rounding, Var, scale, total, value_of
from stratc_compiler.vault import NAV, SCALE, Enter, FlashLoan, Held, Leave, Let, Plan, Swap, every_item

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
    return (Let(NAV_BEFORE, NAV), *plan[:first], Let(BUDGET, _budget(plan, held)), *plan[first:])


def _budget(plan: Plan, held: tuple[Held, ...]) -> Expr:
    costs = tuple(
        scale(value_of(item.amount, Rounding.UP), _share_lost(item), Rounding.UP)
        for item in every_item(plan)
        if isinstance(item, Swap | FlashLoan)
    )
    return total((*costs, scale(NAV, Fraction(_units(plan, held) * _SMALLER, SCALE), Rounding.UP)), Plain.VALUE)


def _share_lost(item: Swap | FlashLoan) -> Fraction:
    """Of what is sold, or lent."""
    return item.swap.slippage if isinstance(item, Swap) else item.premium


def _units(plan: Plan, held: tuple[Held, ...]) -> int:
    """Roundings of venues, of minima, and of the values of positions afterwards.

    Each is at most one of the units of which nav is worth `SCALE`: so much of nav stands for them, since no contract
    knows which unit is the largest (it may be one share of a venue).
    """
    items = tuple(every_item(plan))
    moved = sum(item.held.rounding for item in items if isinstance(item, Enter | Leave))
    swapped = sum(_SWAP_ROUNDS for item in items if isinstance(item, Swap))
    lent = sum(isinstance(item, FlashLoan) for item in items)
    return moved + swapped + lent + len(held)
