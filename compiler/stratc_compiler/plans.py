"""What actions do, as plans: trade sizes derived once, in closed form, each rounding against the vault stated.

A plan binds its amounts from the state at its start, then moves tokens in an order that frees before it uses:
deposits are drawn, surplus collateral is sold, debt is repaid from the proceeds; then collateral is bought and
supplied, debt is taken, deposits are made. Base idle is what remains. Trades below `DUST_SHARE` of nav are skipped.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from stratc_compiler.errors import Unsupported
from stratc_compiler.expr import (
    And,
    Cmp,
    Expr,
    If,
    Min,
    Monus,
    Num,
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
from stratc_compiler.vault import (
    DUST_SHARE,
    NAV,
    Band,
    Enter,
    ExitStep,
    Held,
    Leave,
    Let,
    Plan,
    PlanItem,
    Swap,
    SwapModel,
    VenueModel,
)
from stratc_dsl.record import Record
from stratc_dsl.span import Span


class Parts(Record):
    """What plans are made of: the base token, the venues in exit order, the bands, the places to swap in."""

    base: str
    idle: tuple[Held, ...]
    exit_order: tuple[VenueModel | SwapModel, ...]
    bands: tuple[Band, ...]
    swaps: tuple[SwapModel, ...]


def _worth_trading(value: Expr, then: Expr) -> Expr:
    """`then` if the trade is worth at least `DUST_SHARE` of nav, else zero."""
    dust = scale(NAV, DUST_SHARE, Rounding.UP)
    return If(Cmp(value, Rel.GE, dust), then, zero(dim_of(then)))


def plan_name(*words: str) -> str:
    return "_".join(
        word for text in words for word in text.replace("(", " ").replace(")", " ").replace(".", " ").split()
    )


def deleverage(venue: VenueModel, health: Fraction, parts: Parts, span: Span) -> Plan:
    """Repay debt until weighted collateral / debt = `health`; repayments are rounded up.

    repay = debt - (weighted collateral) / health. Paid from positions in the debt's token at other venues, in exit
    order and as far as those pay out, then from idle. Of several debts the first is repaid first, as far as there is
    something to repay it from, and the last has to do for the rest.
    """
    debts = debts_of(venue, span)
    over = excess(venue, debts, health)
    lets: list[Let] = []
    steps: list[Leave] = []
    for place, debt in enumerate(debts, 1):
        sources = _sources(venue, debt.token, parts)
        words = ("repay",) if len(debts) == 1 else ("repay", debt.name)
        repay = amount(plan_name(*words), debt.token)
        size: Expr = Min(amount_worth(over, debt.token, Rounding.UP), debt.var)
        if place < len(debts):
            size = Min(size, _reach(sources, debt.token))
        lets.append(Let(repay, size))
        draws, leaves = _draws(sources, repay)  # what no venue gives comes out of idle
        lets += draws
        steps += (*leaves, Leave(debt, repay))
        if place < len(debts):
            left = Var(plan_name("over after", debt.name), Plain.VALUE)
            lets.append(Let(left, Monus(over, value_of(repay, Rounding.DOWN))))
            over = left
    return (*lets, *steps)


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


def _reach(sources: tuple[Held, ...], token: str) -> Expr:
    """All of a token that can be drawn, and what is idle."""
    drawn = tuple(Min(held.var, held.liquidity) for held in sources)
    return total((*drawn, amount(f"idle({token})", token)), amount("reach", token).dim)


def _sources(venue: VenueModel, token: str, parts: Parts) -> tuple[Held, ...]:
    """Positions in `token` that can be drawn without touching collateral: other venues without debt."""
    others = (other for other in parts.exit_order if isinstance(other, VenueModel) and other.name != venue.name)
    free = (other for other in others if not any(held.debt for held in other.positions))
    return tuple(held for other in free for held in other.positions if held.token == token)


def _draws(sources: tuple[Held, ...], needed: Expr) -> tuple[tuple[Let, ...], tuple[Leave, ...]]:
    lets: list[Let] = []
    leaves: list[Leave] = []
    for held in sources:
        draw = amount(plan_name("draw", held.name), held.token)
        # A venue may pay out a unit less than it says that is held, and less than that where it is assumed.
        lets.append(Let(draw, Min(needed, Min(held.var, held.liquidity))))
        leaves.append(Leave(held, draw))
        needed = Monus(needed, draw)
    return tuple(lets), tuple(leaves)


# ── rebalance ──────────────────────────────────────────────────────────────────────────────


def rebalance(parts: Parts) -> Plan:
    """Bring every position to its target weight of the nav at the start; base idle takes what remains."""
    moves = moves_to_target(parts)
    return (*moves.sizes, *moves.draw, *moves.reduce, *moves.repay, *moves.increase, *moves.borrow, *moves.deposit)


class Moves(Record):
    """What brings every position to its target: the sizes, and what is done, by what it is for.

    `spent` is what the last steps but `deposit` take out of idle base: debts that are repaid, and what is bought.
    """

    sizes: tuple[Let, ...]
    draw: Plan
    reduce: Plan
    repay: Plan
    increase: Plan
    borrow: Plan
    deposit: Plan
    spent: tuple[Var, ...]


def moves_to_target(parts: Parts) -> Moves:
    """Of each position; sizes are of the nav at the start."""
    bands = tuple(band for band in parts.bands if not _is_base_idle(band, parts.base))
    assets = tuple(band for band in bands if not band.held.debt)
    debts = tuple(band for band in bands if band.held.debt)
    plain = tuple(band for band in assets if band.held.token == parts.base and not _pledged(band, debts))
    risky = tuple(band for band in assets if band not in plain)
    return Moves(
        sizes=tuple(let for band in bands for let in _sizes(band, parts.base)),
        draw=tuple(Leave(band.held, _less(band)) for band in plain),
        reduce=tuple(item for band in risky for item in _reduce(band, parts)),
        repay=tuple(Leave(band.held, _less(band)) for band in debts),
        increase=tuple(item for band in risky for item in _increase(band, parts)),
        borrow=tuple(Enter(band.held, _more(band)) for band in debts),
        deposit=tuple(Enter(band.held, _more(band)) for band in plain),
        spent=(*(_less(band) for band in debts), *(_more(band) for band in risky)),
    )


def _is_base_idle(band: Band, base: str) -> bool:
    return band.held.venue is None and band.held.token == base


def _pledged(band: Band, debts: tuple[Band, ...]) -> bool:
    return any(debt.held.venue == band.held.venue for debt in debts)


def _less(band: Band) -> Var:
    """The amount by which the position is over its target: to leave, to repay."""
    return amount(plan_name("repay" if band.held.debt else "reduce", band.held.name), band.held.token)


def _more(band: Band) -> Var:
    """The amount by which the position is under its target: to enter (in base where it must be bought), to borrow."""
    return amount(plan_name("borrow" if band.held.debt else "increase", band.held.name), band.held.token)


def _sizes(band: Band, base: str) -> tuple[Let, Let]:
    held = band.held
    target = scale(NAV, band.target, Rounding.DOWN)
    over, under = Monus(held.value, target), Monus(target, held.value)
    less = amount_worth(over, held.token, Rounding.UP if held.debt else Rounding.DOWN)
    spend_in = held.token if held.debt or held.token == base else base
    more = amount(_more(band).name, spend_in)
    # Rounding up may ask for a unit more than is owed; rounding down never asks for more than is held.
    sized = Min(less, held.var) if held.debt else less
    return (
        Let(_less(band), _worth_trading(over, sized)),
        Let(more, _worth_trading(under, amount_worth(under, spend_in, Rounding.DOWN))),
    )


def _reduce(band: Band, parts: Parts) -> tuple[PlanItem, ...]:
    held, less = band.held, _less(band)
    leave: tuple[PlanItem, ...] = () if held.venue is None else (Leave(held, less),)
    if held.token == parts.base:
        return leave
    return (*leave, sell(held.token, parts.base, less, parts, band.span))


def _increase(band: Band, parts: Parts) -> tuple[PlanItem, ...]:
    held = band.held
    if held.token == parts.base:
        return (Enter(held, _more(band)),)
    spend = amount(_more(band).name, parts.base)
    swap = sell(parts.base, held.token, spend, parts, band.span, plan_name("bought", held.name))
    return (swap,) if held.venue is None else (swap, Enter(held, swap.received))


def sell(sold: str, bought: str, sized: Expr, parts: Parts, span: Span, received: str | None = None) -> Swap:
    """Swap at most `slippage` below the oracle price; the minimum is rounded down at each of its two conversions.

    Source of the bound: oracle value of what is sold, times (1 - slippage), in units of what is bought.
    """
    swap = find_swap(sold, bought, parts.swaps, span)
    worth = scale(value_of(sized, Rounding.DOWN), 1 - swap.slippage, Rounding.DOWN)
    minimum = amount_worth(worth, bought, Rounding.DOWN)
    return Swap(swap, sold, bought, sized, minimum, amount(received or plan_name("proceeds", sold), bought))


def find_swap(sold: str, bought: str, swaps: tuple[SwapModel, ...], span: Span) -> SwapModel:
    """The first declared venue that swaps the two. Raises Unsupported where there is none."""
    for swap in swaps:
        if set(swap.pair) == {sold, bought}:
            return swap
    raise Unsupported(f"trading {sold} for {bought} without a swap venue", f"declare one for {sold}/{bought}", span)


# ── exit ───────────────────────────────────────────────────────────────────────────────────


def exit_steps(parts: Parts, span: Span, unwind: Callable[[VenueModel], Plan]) -> tuple[ExitStep, ...]:
    """Unwind everything in exit order into base: leave each venue by `unwind`, sell the rest."""
    steps = (_exit_step(venue, parts, span, unwind) for venue in parts.exit_order)
    return tuple(step for step in steps if step.plan)


def _exit_step(
    venue: VenueModel | SwapModel, parts: Parts, span: Span, unwind: Callable[[VenueModel], Plan]
) -> ExitStep:
    """What is swapped is swapped whole or not at all; a venue may pay a part, or keep units of rounding."""
    if isinstance(venue, SwapModel):
        return ExitStep(venue.name, tuple(_sell_out(venue, parts, span)), And(()))
    left = (Cmp(held.var, Rel.LE, Num(Fraction(held.rounding + 1), held.var.dim)) for held in venue.positions)
    return ExitStep(venue.name, unwind(venue), And(tuple(left)))


def unwind(venue: VenueModel) -> Plan:
    """Repay what idle covers, then draw what the venue pays."""
    debts = (held for held in venue.positions if held.debt)
    assets = (held for held in venue.positions if not held.debt)
    repay = (Leave(held, Min(held.var, amount(f"idle({held.token})", held.token))) for held in debts)
    return (*repay, *(Leave(held, Min(held.var, held.liquidity)) for held in assets))


def _sell_out(swap: SwapModel, parts: Parts, span: Span) -> list[PlanItem]:
    sold = next((token for token in swap.pair if token != parts.base), None)
    if sold is None or parts.base not in swap.pair:
        return []
    everything = amount(f"idle({sold})", sold)
    return [sell(sold, parts.base, everything, parts, span)]
