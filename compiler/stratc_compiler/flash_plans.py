"""What actions do with a flash loan, as plans: the loan pays first, and what it frees gives it back.

Sizes are derived once, in closed form, with the premium and the slippage inside. Of a deleverage what is sold is
rounded down, and the loan is what the sales give back at the worst price that is assumed; a loan that leaves a venue is
rounded up, and so is what is sold for what is due. What sales bring beyond that stays idle.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from msgspec import Struct, field
from msgspec.structs import replace

from stratc_compiler.deleverage_plans import debts_of, excess
from stratc_compiler.errors import Unsupported
from stratc_compiler.expr import (
    Add,
    And,
    Cmp,
    Dim,
    Expr,
    If,
    Min,
    Monus,
    Plain,
    Rel,
    Rounding,
    Sub,
    Var,
    amount,
    amount_worth,
    dim_of,
    scale,
    total,
    value_of,
    zero,
)
from stratc_compiler.plans import leave_all, moves_to_target
from stratc_compiler.trade_sizes import plan_name
from stratc_compiler.trading import Parts, bought_for, find_swap
from stratc_compiler.vault import (
    DUST_SHARE,
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
    SwapModel,
    VenueModel,
    Withdraw,
    every_item,
)
from stratc_dsl.record import Record
from stratc_dsl.span import Span
from stratc_dsl.strategy import Flash


class Lender(Record):
    """Who gives flash loans, and the most that they cost as a share of them.

    `locked` are the venues that nothing goes through while it lends: those that are the same pool (see `pools`).
    """

    venue: VenueModel | SwapModel
    premium: Fraction
    locked: frozenset[str]
    span: Span

    def lends(self, token: str, span: Span) -> None:
        """Raises Unsupported where there is nothing of the token to lend, or where a loan in it would move what the
        vault holds there: a premium goes to those who have supplied the token."""
        name = self.venue.name
        if isinstance(self.venue, SwapModel):
            if token not in self.venue.pair:
                raise Unsupported(f"a flash loan of {token} from `{name}`", "borrow from a pool of that token", span)
        elif any(held.token == token and not held.debt for held in self.venue.positions):
            what = f"a flash loan of {token} from `{name}`, where {token} is held as well"
            raise Unsupported(what, "borrow from a venue that holds none of it", span)

    def loan(self, token: str, size: Var, due: Var, within: Plan) -> FlashLoan:
        """Raises Unsupported where a step within it goes through what is locked: it would revert, whatever it asks."""
        for item in every_item(within):
            used = _venue_of(item)
            if used in self.locked:
                what = f"a flash loan from `{self.venue.name}` for what goes through `{used}`, the same pool"
                raise Unsupported(what, "declare another pool to borrow from: one that lends is locked", self.span)
        return FlashLoan(self.venue.name, token, self.premium, size, due, within)


def _venue_of(item: PlanItem | Require) -> str | None:
    match item:
        case Swap(swap):
            return swap.name
        case Enter(held) | Leave(held) | Provide(held) | Withdraw(held):
            return held.venue
        case _:
            return None


def lender_of(flash: Flash, parts: Parts) -> Lender:
    """The lender that is named. Raises Unsupported where its model knows no flash loans."""
    for venue in parts.exit_order:  # all there are
        if venue.name == flash.venue and venue.flash_premium is not None:
            pool = parts.pools.get(venue.name)
            same = (name for name, other in parts.pools.items() if other == pool)
            return Lender(venue, venue.flash_premium, frozenset(same), flash.span)
    cure = "borrow from a venue of `aave_v3`, `morpho_blue` or `uniswap_v3`"
    raise Unsupported(f"a flash loan from `{flash.venue}`", cure, flash.span)


# ── deleverage ─────────────────────────────────────────────────────────────────────────────


def deleverage_by_flash(venue: VenueModel, health: Fraction, lender: Lender, parts: Parts, span: Span) -> Plan:
    """Repay debt by a loan, then sell as much collateral as gives it back, until the health factor is `health`.

    Each debt in the venue's order, and for each of them each collateral in the venue's order: of all but the last
    collateral no more is sold than there is and than the venue pays out.
    """
    debts = debts_of(venue, span)
    begun = Let(Var("over", Plain.VALUE), excess(venue, debts, health))
    sale = _Sale(venue, health, lender, parts, span, debts, begun.name)
    loans = [sale.repay(debt) for debt in debts]
    return (begun, *sale.lets, *loans)


class _Sale(Struct):
    """The sizes so far. `over` is the debt beyond what the collateral covers at that health, and was `begun` at first;
    `left` has what is left of each collateral.

    Repaying a value F takes a sale of F (1 + p) / (1 - s), at the premium p and the slippage s; so of the weighted
    collateral F k, with k = w (1 + p) / (1 - s) for the weight w. With debt D, weighted collateral C and health x,
    D - C / x falls by F (x - k) / x: it is zero for F = (D - C / x) * x / (x - k), or less of it where that is all that
    the collateral gives. Where there is a choice, no sale is made for less than `DUST_SHARE` of what was `begun` with.
    """

    venue: VenueModel
    health: Fraction
    lender: Lender
    parts: Parts
    span: Span
    debts: tuple[Held, ...]
    begun: Var
    lets: list[Let] = field(default_factory=list)
    later: Var | None = None
    left: dict[str, Expr] = field(default_factory=dict)

    @property
    def collaterals(self) -> tuple[Held, ...]:
        return _collateral(self.venue, self.span)

    @property
    def over(self) -> Var:
        return self.later or self.begun

    def repay(self, debt: Held) -> FlashLoan:
        """The loan that repays this debt, as far as that is needed."""
        self.lender.lends(debt.token, self.span)
        loan, due = (self._named(word, debt) for word in ("loan", "due"))
        parts: list[Var] = []
        least: list[Var] = []
        steps: list[Leave | Swap] = []
        owed: Expr = debt.var
        for collateral in self.collaterals:
            sold, brought, repaid = self._sell(collateral, debt, owed)
            parts.append(repaid)
            least.append(brought)
            owed = Sub(owed, repaid)
            swap = find_swap(collateral.token, debt.token, self.parts.swaps, self.span)
            received = self._named("proceeds", debt, collateral)
            steps += (Leave(collateral, sold), Swap(swap, collateral.token, debt.token, sold, brought, received))
        self.lets += (Let(loan, total(tuple(parts), loan.dim)), Let(due, total(tuple(least), due.dim)))
        return self.lender.loan(debt.token, loan, due, (Leave(debt, loan), *steps))

    def _sell(self, collateral: Held, debt: Held, owed: Expr) -> tuple[Var, Var, Var]:
        """How much collateral is sold for this debt, of which so much is still owed; the least that it brings, and what
        that repays."""
        swap = find_swap(collateral.token, debt.token, self.parts.swaps, self.span)
        costs = (1 + self.lender.premium) / (1 - swap.slippage)
        lost = self._lost(collateral, costs)
        wanted = scale(self.over, self.health / (self.health - lost), Rounding.UP)
        # Rounded down all the way, so that what is repaid is never more than is owed.
        worth = scale(Min(wanted, value_of(owed, Rounding.DOWN)), costs, Rounding.DOWN)
        last = collateral == self.collaterals[-1]
        if not last:
            worth = Min(worth, value_of(self._pays(collateral), Rounding.DOWN))
        size = self._bind(self._named("size", debt, collateral, Plain.VALUE), worth)
        sold = self._bind(
            self._named("sell", debt, collateral, collateral.var.dim), self._unless_dust(size, collateral)
        )
        brought = self._bind(self._named("least", debt, collateral), brings(sold, debt.token, swap))
        gives_back = scale(brought, 1 / (1 + self.lender.premium), Rounding.DOWN)
        repaid = self._bind(self._named("repay", debt, collateral), gives_back)
        if not last or debt != self.debts[-1]:
            covered = scale(value_of(repaid, Rounding.DOWN), (self.health - lost) / self.health, Rounding.DOWN)
            self.later = self._bind(self._named("over after", debt, collateral, Plain.VALUE), Monus(self.over, covered))
            self.left[collateral.name] = Monus(self._pays(collateral), sold)
        return sold, brought, repaid

    def _unless_dust(self, size: Var, collateral: Held) -> Expr:
        sold = amount_worth(size, collateral.token, Rounding.DOWN)
        if len(self.venue.positions) == 2:
            return sold
        least = scale(self.begun, DUST_SHARE, Rounding.UP)
        return If(Cmp(size, Rel.GE, least), sold, zero(collateral.var.dim))

    def _pays(self, collateral: Held) -> Expr:
        """How much of the collateral there is still to sell."""
        return self.left.get(collateral.name, Min(collateral.var, collateral.liquidity))

    def _lost(self, collateral: Held, costs: Fraction) -> Fraction:
        """Weighted collateral that is sold for a debt of one. Raises Unsupported where that is no help at all."""
        assert self.venue.health is not None
        lost = self.venue.health[0][collateral.value] * costs
        if self.health <= lost:
            what = f"a deleverage of `{self.venue.name}` to a health factor that selling collateral cannot reach"
            raise Unsupported(what, f"it has to be above {float(lost):.4f}", self.span)
        return lost

    def _named(self, word: str, debt: Held, collateral: Held | None = None, dim: Dim | None = None) -> Var:
        """An amount of the debt's token, or of another dimension; the debt is named where there are several."""
        words = [word] if collateral is None else [word, collateral.token]
        if len(self.debts) > 1:
            words += ["for", debt.token]
        return Var(plan_name(*words), dim or debt.var.dim)

    def _bind(self, name: Var, expr: Expr) -> Var:
        self.lets.append(Let(name, expr))
        return name


def _collateral(venue: VenueModel, span: Span) -> tuple[Held, ...]:
    """What is held at a venue, in its order. Raises Unsupported where that is nothing."""
    held = tuple(one for one in venue.positions if not one.debt)
    if not held:
        raise Unsupported(f"a flash loan against `{venue.name}`, where nothing is held", "hold collateral there", span)
    return held


def brings(sold: Expr, token: str, swap: SwapModel) -> Expr:
    """The least that a sale brings at the stated slippage, rounded down."""
    return amount_worth(scale(value_of(sold, Rounding.DOWN), 1 - swap.slippage, Rounding.DOWN), token, Rounding.DOWN)


# ── rebalance ──────────────────────────────────────────────────────────────────────────────


def rebalance_by_flash(lender: Lender, parts: Parts, span: Span) -> Plan:
    """Bring every position to its target weight, where a loan pays what idle base does not: debts first, then what is
    bought. Collateral that is sold and debt that is taken give it back.
    """
    lender.lends(parts.base, span)
    for band in parts.bands:
        if band.held.debt and band.held.token != parts.base and not bought_for(band.held, parts):
            what = f"`rebalance using flash(...)` with a debt in {band.held.token}, which is held idle as well"
            raise Unsupported(what, "owe base, or hold none of it", span)
    moves = moves_to_target(parts)
    spent = total(moves.spent, amount("spent", parts.base).dim)
    loan = Let(amount("loan", parts.base), Monus(spent, amount(f"idle({parts.base})", parts.base)))
    due = Let(amount("due", parts.base), due_of(loan.name, lender))
    least, within = _priced_before((*moves.repay, *moves.reduce, *moves.increase, *moves.borrow))
    flash = lender.loan(parts.base, loan.name, due.name, within)
    return (*moves.sizes, loan, due, *least, *moves.draw, flash, *moves.deposit)


def _priced_before(plan: Plan) -> tuple[tuple[Let, ...], Plan]:
    """What each swap has to bring, bound beforehand: prices are read once, and the steps within need none."""
    lets = {item: _least(item) for item in plan if isinstance(item, Swap)}
    within = (replace(item, minimum=lets[item].name) if isinstance(item, Swap) else item for item in plan)
    return tuple(lets.values()), tuple(within)


def _least(swap: Swap) -> Let:
    return Let(amount(plan_name("least", swap.received.name), swap.bought), swap.minimum)


# ── exit ───────────────────────────────────────────────────────────────────────────────────


def unwind_by_flash(venue: VenueModel, lender: Lender, parts: Parts, span: Span) -> Plan:
    """Repay all that is owed, by a loan what idle does not cover; then draw what the venue pays, and sell as much of it
    as gives the loan back, collateral by collateral. Where idle covers the debt nothing is lent or sold, and no price
    is read.

    Of several debts each has its loan, and only with the last of them is more drawn than is sold.
    """
    debts = debts_of(venue, span)
    left: dict[str, Expr] = {}
    lets: list[Let] = []
    loans: list[FlashLoan] = []
    for debt in debts:
        lender.lends(debt.token, span)
        words = (venue.name,) if len(debts) == 1 else (debt.name,)
        idle = amount(f"idle({debt.token})", debt.token)
        loan = Let(amount(plan_name("loan", *words), debt.token), Monus(debt.var, idle))
        due = Let(amount(plan_name("due", *words), debt.token), due_of(loan.name, lender))
        sold = tuple(sales(venue, debt, due.name, parts, span, left, words))
        lets += (loan, due, *(let for sizes, _ in sold for let in sizes))
        swaps = tuple(swap for _, swap in sold)
        if debt == debts[-1]:
            within: Plan = (*_repaid(venue, debt), *swaps)
        else:
            drawn = (Leave(one, swap.amount) for one, swap in zip(_collateral(venue, span), swaps, strict=True))
            within = (Leave(debt, debt.var), *drawn, *swaps)
        loans.append(lender.loan(debt.token, loan.name, due.name, within))
    return (*lets, *loans)


def _repaid(venue: VenueModel, last: Held) -> Plan:
    """The last debt, and all that the venue then pays."""
    kept = replace(venue, positions=tuple(one for one in venue.positions if not one.debt or one == last))
    return leave_all(kept)


def sales(
    venue: VenueModel,
    debt: Held,
    due: Var,
    parts: Parts,
    span: Span,
    left: dict[str, Expr],
    words: tuple[str, ...],
) -> Iterator[tuple[tuple[Let, ...], Swap]]:
    """Of each collateral the sale for what is due, as far as there is any, and its sizes. `left` has what there is to
    sell of each, where it is less than what the venue pays, and is kept."""
    collaterals = _collateral(venue, span)
    for collateral in collaterals:
        swap = find_swap(collateral.token, debt.token, parts.swaps, span)
        names = (*words, collateral.token) if len(collaterals) > 1 else words
        pays = left.get(collateral.name, Min(collateral.var, collateral.liquidity))
        needed = sold_for(due, collateral, swap.slippage)
        last = collateral == collaterals[-1]
        size = _where_some(due, needed) if last else where_enough(due, pays, Min(needed, pays))
        sold = Let(amount(plan_name("sell", *names), collateral.token), size)
        left[collateral.name] = Monus(pays, sold.name)
        received = amount(plan_name("proceeds", *names), debt.token)
        if last:
            yield (sold,), Swap(swap, collateral.token, debt.token, sold.name, due, received)
            return
        least_brought = Min(due, brings(sold.name, debt.token, swap))
        least = Let(amount(plan_name("least", *names), debt.token), _where_some(sold.name, least_brought))
        rest = Let(amount(plan_name("due after", *names), debt.token), Monus(due, least.name))
        yield (sold, least, rest), Swap(swap, collateral.token, debt.token, sold.name, least.name, received)
        due = rest.name


def _where_some(size: Expr, then: Expr) -> Expr:
    """Nothing of nothing, and no price read for it."""
    return If(Cmp(size, Rel.GT, zero(dim_of(size))), then, zero(dim_of(then)))


def where_enough(due: Var, pays: Expr, then: Expr) -> Expr:
    """Nothing of what is worth less than `DUST_SHARE` of what is due: a pool that pays nothing for a unit would hold up
    the rest. Where nothing is due no price is read."""
    some = Cmp(due, Rel.GT, zero(due.dim))
    least = scale(value_of(due, Rounding.UP), DUST_SHARE, Rounding.UP)
    return If(And((some, Cmp(value_of(pays, Rounding.DOWN), Rel.GE, least))), then, zero(dim_of(then)))


def due_of(loan: Var, lender: Lender) -> Expr:
    """The most that is given back: lenders round their premium up at most."""
    return Add(loan, scale(loan, lender.premium, Rounding.UP))


def sold_for(due: Expr, collateral: Held, slippage: Fraction) -> Expr:
    """As much of the collateral as brings what is due at the stated slippage."""
    worth = scale(value_of(due, Rounding.UP), 1 / (1 - slippage), Rounding.UP)
    return amount_worth(worth, collateral.token, Rounding.UP)
