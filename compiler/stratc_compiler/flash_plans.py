"""What actions do with a flash loan, as plans: the loan pays first, and what it frees gives it back.

Sizes are derived once, in closed form, with the premium and the slippage inside. A loan is rounded up, and so is what
is sold for what is due: the stated slippage then leaves no less than that, and what is over stays idle.
"""

from __future__ import annotations

from fractions import Fraction

from msgspec.structs import replace

from stratc_compiler.errors import Unsupported
from stratc_compiler.expr import (
    Add,
    Cmp,
    Expr,
    If,
    Min,
    Monus,
    Rel,
    Rounding,
    Var,
    amount,
    amount_worth,
    scale,
    total,
    value_of,
    zero,
)
from stratc_compiler.plans import Parts, debt_of, excess, find_swap, moves_to_target, plan_name, unwind
from stratc_compiler.vault import FlashLoan, Held, Leave, Let, Plan, Swap, VenueModel
from stratc_dsl.record import Record
from stratc_dsl.span import Span
from stratc_dsl.strategy import Flash


class Lender(Record):
    """Who gives flash loans, and the most that they cost as a share of them."""

    venue: VenueModel
    premium: Fraction

    def lends(self, token: str, span: Span) -> None:
        """Raises Unsupported where a loan in the token would move what the vault holds there.

        A premium goes to those who have supplied the token.
        """
        if any(held.token == token and not held.debt for held in self.venue.positions):
            what = f"a flash loan of {token} from `{self.venue.name}`, where {token} is held as well"
            raise Unsupported(what, "borrow from a venue that holds none of it", span)


def lender_of(flash: Flash, venues: tuple[VenueModel, ...]) -> Lender:
    """The lender that is named. Raises Unsupported where its model knows no flash loans."""
    for venue in venues:
        if venue.name == flash.venue and venue.flash_premium is not None:
            return Lender(venue, venue.flash_premium)
    raise Unsupported(f"a flash loan from `{flash.venue}`", "borrow from a venue of `aave_v3`", flash.span)


def deleverage_by_flash(venue: VenueModel, health: Fraction, lender: Lender, parts: Parts, span: Span) -> Plan:
    """Repay F of the debt by a loan, then sell as much collateral as gives it back.

    With debt D, weighted collateral C of weight w, premium p and slippage s, collateral worth F (1 + p) / (1 - s) is
    sold, so the health factor becomes (C - w F (1 + p) / (1 - s)) / (D - F). It is `health` = x for
    F = (D - C / x) * x / (x - k), k = w (1 + p) / (1 - s).
    """
    debt = debt_of(venue, span)
    collateral = _only_collateral(venue, span)
    lender.lends(debt.token, span)
    assert venue.health is not None
    swap = find_swap(collateral.token, debt.token, parts.swaps, span)
    lost = venue.health[0][collateral.value] * (1 + lender.premium) / (1 - swap.slippage)
    if health <= lost:
        what = f"a deleverage of `{venue.name}` to a health factor that selling collateral cannot reach"
        raise Unsupported(what, f"it has to be above {float(lost):.4f}", span)
    worth = scale(excess(venue, debt, health), health / (health - lost), Rounding.UP)
    loan = Let(amount("loan", debt.token), Min(amount_worth(worth, debt.token, Rounding.UP), debt.var))
    due = Let(amount("due", debt.token), _due(loan.name, lender))
    selling = amount(plan_name("sell", collateral.token), collateral.token)
    sold = Let(selling, _sold(due.name, collateral, swap.slippage))
    within = (
        Leave(debt, loan.name),
        Leave(collateral, sold.name),
        Swap(swap, collateral.token, debt.token, sold.name, due.name, _proceeds(collateral, debt)),
    )
    return (loan, due, sold, FlashLoan(lender.venue.name, debt.token, lender.premium, loan.name, due.name, within))


def rebalance_by_flash(lender: Lender, parts: Parts, span: Span) -> Plan:
    """Bring every position to its target weight, where a loan pays what idle base does not: debts first, then what is
    bought. Collateral that is sold and debt that is taken give it back.
    """
    lender.lends(parts.base, span)
    for band in parts.bands:
        if band.held.debt and band.held.token != parts.base:
            raise Unsupported(f"`rebalance using flash(...)` with a debt in {band.held.token}", "owe base", span)
    moves = moves_to_target(parts)
    spent = total(moves.spent, amount("spent", parts.base).dim)
    loan = Let(amount("loan", parts.base), Monus(spent, amount(f"idle({parts.base})", parts.base)))
    due = Let(amount("due", parts.base), _due(loan.name, lender))
    least, within = _priced_before((*moves.repay, *moves.reduce, *moves.increase, *moves.borrow))
    flash = FlashLoan(lender.venue.name, parts.base, lender.premium, loan.name, due.name, within)
    return (*moves.sizes, loan, due, *least, *moves.draw, flash, *moves.deposit)


def _priced_before(plan: Plan) -> tuple[tuple[Let, ...], Plan]:
    """What each swap has to bring, bound beforehand: prices are read once, and the steps within need none."""
    lets = {item: _least(item) for item in plan if isinstance(item, Swap)}
    within = (replace(item, minimum=lets[item].name) if isinstance(item, Swap) else item for item in plan)
    return tuple(lets.values()), tuple(within)


def _least(swap: Swap) -> Let:
    return Let(amount(plan_name("least", swap.received.name), swap.bought), swap.minimum)


def unwind_by_flash(venue: VenueModel, lender: Lender, parts: Parts, span: Span) -> Plan:
    """Repay the whole debt, by a loan what idle base does not cover; then draw what the venue pays, and sell as much of
    it as gives the loan back. Where idle covers the debt nothing is lent or sold, and no price is read.
    """
    debt = debt_of(venue, span)
    if debt.token != parts.base:
        raise Unsupported(f"an exit by a flash loan with a debt in {debt.token}", "owe base", span)
    lender.lends(debt.token, span)
    collateral = _only_collateral(venue, span)
    swap = find_swap(collateral.token, debt.token, parts.swaps, span)
    idle = amount(f"idle({debt.token})", debt.token)
    loan = Let(amount(plan_name("loan", venue.name), debt.token), Monus(debt.var, idle))
    due = Let(amount(plan_name("due", venue.name), debt.token), _due(loan.name, lender))
    owed = Cmp(due.name, Rel.GT, zero(due.name.dim))
    needed = If(owed, _sold(due.name, collateral, swap.slippage), zero(collateral.var.dim))
    sold = Let(amount(plan_name("sell", venue.name), collateral.token), needed)
    within = (
        *unwind(venue),
        Swap(swap, collateral.token, debt.token, sold.name, due.name, _proceeds(collateral, debt)),
    )
    return (loan, due, sold, FlashLoan(lender.venue.name, debt.token, lender.premium, loan.name, due.name, within))


def _due(loan: Var, lender: Lender) -> Expr:
    """The most that is given back: lenders round their premium up at most."""
    return Add(loan, scale(loan, lender.premium, Rounding.UP))


def _sold(due: Expr, collateral: Held, slippage: Fraction) -> Expr:
    """As much of the collateral as brings what is due at the stated slippage."""
    worth = scale(value_of(due, Rounding.UP), 1 / (1 - slippage), Rounding.UP)
    return amount_worth(worth, collateral.token, Rounding.UP)


def _proceeds(collateral: Held, debt: Held) -> Var:
    return amount(plan_name("proceeds", collateral.token), debt.token)


def _only_collateral(venue: VenueModel, span: Span) -> Held:
    collateral = [held for held in venue.positions if not held.debt]
    if len(collateral) != 1:
        what = f"a flash loan against `{venue.name}`, where not exactly one collateral is held"
        raise Unsupported(what, "one collateral token", span)
    return collateral[0]
