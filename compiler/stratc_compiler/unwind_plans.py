"""What `unwind` does, as a plan: one position is closed, and what it was worth is held idle.

In base, unless its own token is held idle. Collateral that is closed by a flash loan repays with what it brings as far
as anything is owed; a debt that is, is repaid whole, and collateral is sold for that as the exit sells it. Roundings
are those of `flash_plans`.
"""

from __future__ import annotations

from fractions import Fraction

from msgspec.structs import replace

from stratc_compiler.deleverage_plans import Payment
from stratc_compiler.expr import Cmp, Expr, If, Min, Monus, Num, Rel, Rounding, Var, amount, scale
from stratc_compiler.flash_plans import Lender, brings, due_of, sales, sold_for, where_enough
from stratc_compiler.perp_plans import closed
from stratc_compiler.range_plans import sold_from, whole
from stratc_compiler.trade_sizes import plan_name
from stratc_compiler.trading import Parts, find_swap, is_held_idle, sell
from stratc_compiler.vault import Held, Leave, Let, Plan, PlanItem, Swap, VenueModel
from stratc_dsl.span import Span


def unwind_position(held: Held, venue: VenueModel, lender: Lender | None, parts: Parts, span: Span) -> Plan:
    """Close the position, collateral by a flash loan for each debt that it secures."""
    if venue.perp is not None:
        return closed(venue)
    if held.debt:
        return _repay(held, venue, parts, span) if lender is None else _repay_by_flash(held, venue, lender, parts, span)
    if held.range is not None:
        return replace(whole(held), checked=True), *(
            () if is_held_idle(held.range.token, parts) else sold_from(held, parts, span)
        )
    debts = tuple(one for one in venue.positions if one.debt)
    if lender is None or not debts:
        close = Let(_named("close", held), _pays(held))
        return close, *_draw(held, close.name, parts, span)
    return _sell_for(held, debts, lender, parts, span)


def _pays(held: Held) -> Expr:
    return Min(held.var, held.liquidity)


def _named(word: str, held: Held) -> Var:
    return amount(plan_name(word, held.name), held.token)


def _draw(held: Held, size: Var, parts: Parts, span: Span) -> Plan:
    """Draw so much, and sell it for base where none of the token is held idle."""
    leave = Leave(held, size)
    if held.token == parts.base or is_held_idle(held.token, parts):
        return (leave,)
    return leave, sell(held.token, parts.base, size, parts, span, plan_name("proceeds", held.name))


def _repay(debt: Held, venue: VenueModel, parts: Parts, span: Span) -> Plan:
    """The whole debt, out of what pays for a deleverage."""
    repay = _named("repay", debt)
    lets, steps = Payment(venue, debt, parts, span).of(repay, ())
    return (Let(repay, debt.var), *lets, *steps)


def _repay_by_flash(debt: Held, venue: VenueModel, lender: Lender, parts: Parts, span: Span) -> Plan:
    """The whole debt, out of collateral."""
    lender.lends(debt.token, span)
    loan = Let(amount("loan", debt.token), debt.var)
    due = Let(amount("due", debt.token), due_of(loan.name, lender))
    sold = tuple(sales(venue, debt, due.name, parts, span, {}, (venue.name,)))
    collaterals = (one for one in venue.positions if not one.debt)
    drawn = zip(collaterals, sold, strict=True)
    pays: tuple[PlanItem, ...] = tuple(step for one, (_, swap) in drawn for step in (Leave(one, swap.amount), swap))
    lets = (let for sizes, _ in sold for let in sizes)
    return (loan, due, *lets, lender.loan(debt.token, loan.name, due.name, (Leave(debt, loan.name), *pays)))


def _sell_for(held: Held, debts: tuple[Held, ...], lender: Lender, parts: Parts, span: Span) -> Plan:
    """As much as repays each debt whole, in the venue's order, or all there is, is sold for a loan that repays it; then
    the rest is drawn."""
    close = Let(_named("close", held), _pays(held))
    units = Num(Fraction(held.rounding), held.var.dim)
    lets, loans, left = [close], [], close.name
    for debt in debts:
        lender.lends(debt.token, span)
        swap = find_swap(held.token, debt.token, parts.swaps, span)
        words = () if len(debts) == 1 else (debt.token,)
        all_of_it = Let(amount(plan_name("due for all", *words), debt.token), due_of(debt.var, lender))
        enough = Let(_of(held, "enough", *words), sold_for(all_of_it.name, held, swap.slippage))
        covered = Cmp(enough.name, Rel.LE, left)
        size: Expr = Min(left, enough.name)
        # What the debts before leave may be dust, for which a pool pays nothing.
        sold = Let(_of(held, "sell", *words), size if debt == debts[0] else where_enough(all_of_it.name, left, size))
        due = Let(
            amount(plan_name("due", *words), debt.token),
            If(covered, all_of_it.name, brings(sold.name, debt.token, swap)),
        )
        gives_back = Min(scale(due.name, 1 / (1 + lender.premium), Rounding.DOWN), debt.var)
        loan = Let(amount(plan_name("loan", *words), debt.token), If(covered, debt.var, gives_back))
        last = debt == debts[-1]
        # What is drawn may take units of rounding more than it says, of which the next sale must not be.
        after = Monus(left, sold.name) if last else Monus(Monus(left, sold.name), units)
        rest = Let(_named("rest of", held) if last else _of(held, "left after", *words), after)
        lets += [all_of_it, enough, sold, due, loan, rest]
        received = amount(plan_name("proceeds", debt.name), debt.token)
        sale = Swap(swap, held.token, debt.token, sold.name, due.name, received)
        within = (Leave(debt, loan.name), Leave(held, sold.name), sale)
        loans.append(lender.loan(debt.token, loan.name, due.name, within))
        left = rest.name
    there = Let(_named("draw", held), Min(left, held.var))
    return (*lets, *loans, there, *_draw(held, there.name, parts, span))


def _of(held: Held, *words: str) -> Var:
    return amount(plan_name(*words, held.name), held.token)
