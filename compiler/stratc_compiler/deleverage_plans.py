"""What a deleverage does without a loan, as a plan: what it pays debts with, and how much of each.

Sizes are derived once, in closed form, each rounding against the vault stated.
"""

from __future__ import annotations

from fractions import Fraction

from stratc_compiler.errors import Unsupported
from stratc_compiler.expr import (
    Add,
    Expr,
    Min,
    Monus,
    Plain,
    Rounding,
    Var,
    amount,
    amount_worth,
    scale,
    total,
    value_of,
)
from stratc_compiler.trade_sizes import plan_name
from stratc_compiler.trading import Parts, bought_for, find_swap, price_of, sell
from stratc_compiler.vault import Held, Leave, Let, Plan, PlanItem, VenueModel
from stratc_dsl.record import Record
from stratc_dsl.span import Span


def deleverage(venue: VenueModel, health: Fraction, parts: Parts, span: Span) -> Plan:
    """Repay debt until weighted collateral / debt = `health`; repayments are rounded up.

    repay = debt - (weighted collateral) / health. Paid from positions in the debt's token at other venues, in exit
    order and as far as those pay out, then from idle; for a token that is not held idle the rest is bought with base,
    which is drawn in the same way. Of several debts the first is repaid first, as far as there is something to repay it
    from, and the last has to do for the rest.
    """
    debts = debts_of(venue, span)
    over = excess(venue, debts, health)
    lets: list[Let] = []
    steps: list[PlanItem] = []
    for place, debt in enumerate(debts, 1):
        words = () if len(debts) == 1 else (debt.name,)
        repay = amount(plan_name("repay", *words), debt.token)
        size: Expr = Min(amount_worth(over, debt.token, Rounding.UP), debt.var)
        payment = Payment(venue, debt, parts, span)
        if place < len(debts):
            size = Min(size, payment.reach())
        lets.append(Let(repay, size))
        more, moves = payment.of(repay, words)
        lets += more
        steps += moves
        if place < len(debts):
            left = Var(plan_name("over after", debt.name), Plain.VALUE)
            lets.append(Let(left, Monus(over, value_of(repay, Rounding.DOWN))))
            over = left
    return (*lets, *steps)


class Payment(Record):
    """How one debt is paid down."""

    venue: VenueModel
    debt: Held
    parts: Parts
    span: Span

    @property
    def sources(self) -> tuple[Held, ...]:
        return _sources(self.venue, self.debt.token, self.parts)

    @property
    def base_sources(self) -> tuple[Held, ...]:
        return _sources(self.venue, self.parts.base, self.parts)

    def reach(self) -> Expr:
        """How much can be paid: what can be drawn, and what is idle or what idle base buys."""
        if not bought_for(self.debt, self.parts):
            return _reach(self.sources, self.debt.token, idle=True)
        swap = find_swap(self.parts.base, self.debt.token, self.parts.swaps, self.span)
        base = value_of(_reach(self.base_sources, self.parts.base, idle=True), Rounding.DOWN)
        buys = amount_worth(scale(base, 1 - swap.slippage, Rounding.DOWN), self.debt.token, Rounding.DOWN)
        return Add(_reach(self.sources, self.debt.token), buys) if self.sources else buys

    def of(self, repay: Var, words: tuple[str, ...]) -> tuple[tuple[Let, ...], Plan]:
        """The sizes of what pays so much, and the steps."""
        draws, leaves = _draws(self.sources, repay, words)
        if not bought_for(self.debt, self.parts):
            return draws, (*leaves, Leave(self.debt, repay))  # what no venue gives comes out of idle
        drawn = total(tuple(draw.name for draw in draws), repay.dim)
        missing: Expr = Monus(repay, drawn) if draws else repay
        base = self.parts.base
        spend = Let(amount(plan_name("spend", *words), base), price_of(missing, base, self.parts, self.span))
        bought = plan_name("bought", *words)
        buy = sell(base, self.debt.token, spend.name, self.parts, self.span, bought)
        base_draws, base_leaves = _draws(self.base_sources, spend.name, ("base", *words))
        paid = Add(drawn, buy.received) if draws else buy.received
        steps: Plan = (*leaves, *base_leaves, buy, Leave(self.debt, Min(self.debt.var, paid)))
        return (*draws, spend, *base_draws), steps


def debts_of(venue: VenueModel, span: Span) -> tuple[Held, ...]:
    """What is owed at a venue, in its order. Raises Unsupported where that is nothing."""
    debts = tuple(held for held in venue.positions if held.debt)
    if not debts or venue.health is None:
        raise Unsupported(f"deleverage of `{venue.name}`, where nothing is owed", "give a debt a place", span)
    return debts


def excess(venue: VenueModel, debts: tuple[Held, ...], health: Fraction) -> Expr:
    """How much more is owed than the collateral covers at this health factor, rounded up."""
    assert venue.health is not None
    covered = tuple(scale(term, weight / health, Rounding.DOWN) for term, weight in venue.health[0].items())
    owed = total(tuple(debt.value for debt in debts), Plain.VALUE)
    return Monus(owed, total(covered, Plain.VALUE))


def _reach(sources: tuple[Held, ...], token: str, idle: bool = False) -> Expr:
    """All of a token that can be drawn, and what is idle of it if that counts."""
    drawn = tuple(Min(held.var, held.liquidity) for held in sources)
    lying = amount(f"idle({token})", token)
    return total((*drawn, lying) if idle else drawn, lying.dim)


def _sources(venue: VenueModel, token: str, parts: Parts) -> tuple[Held, ...]:
    """Positions in `token` that can be drawn without touching collateral: other venues without debt."""
    others = (other for other in parts.exit_order if isinstance(other, VenueModel) and other.name != venue.name)
    free = (other for other in others if not any(held.debt for held in other.positions))
    return tuple(held for other in free for held in other.positions if held.tokens == (token,))


def _draws(
    sources: tuple[Held, ...], needed: Expr, words: tuple[str, ...] = ()
) -> tuple[tuple[Let, ...], tuple[Leave, ...]]:
    lets: list[Let] = []
    leaves: list[Leave] = []
    for held in sources:
        draw = amount(plan_name("draw", held.name, *(("for", *words) if words else ())), held.token)
        # A venue may pay out a unit less than it says that is held, and less than that where it is assumed.
        lets.append(Let(draw, Min(needed, Min(held.var, held.liquidity))))
        leaves.append(Leave(held, draw))
        needed = Monus(needed, draw)
    return tuple(lets), tuple(leaves)
