"""What actions do, as plans: trade sizes derived once, in closed form, each rounding against the vault stated.

A plan binds its amounts from the state at its start, then moves tokens in an order that frees before it uses:
deposits are drawn, surplus collateral is sold, debt is repaid from the proceeds; then collateral is bought and
supplied, debt is taken, deposits are made. Base idle is what remains. Trades below `DUST_SHARE` of nav are skipped.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from msgspec.structs import replace

from stratc_compiler.expr import (
    And,
    Cmp,
    If,
    Min,
    Monus,
    Num,
    Rel,
    Rounding,
    Var,
    amount,
    amount_worth,
    scale,
    zero,
)
from stratc_compiler.perp_plans import closed, to_target
from stratc_compiler.range_plans import thickened, thinned, whole
from stratc_compiler.trade_sizes import plan_name, worth_trading
from stratc_compiler.trading import Parts, bought_for, find_swap, price_of, sell
from stratc_compiler.vault import (
    NAV,
    Band,
    Enter,
    ExitStep,
    Held,
    Leave,
    Let,
    Plan,
    PlanItem,
    SwapModel,
    VenueModel,
)
from stratc_dsl.record import Record
from stratc_dsl.span import Span

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
    ranges = tuple(band for band in parts.bands if band.held.range is not None)
    margins = tuple(band for band in parts.bands if band.held.venue in parts.shorts)
    accounts = tuple(to_target(band, _account(band, parts), parts.shorts[band.held.venue or ""]) for band in margins)
    apart = (*ranges, *margins)
    bands = tuple(band for band in parts.bands if band not in apart and not _is_base_idle(band, parts.base))
    assets = tuple(band for band in bands if not band.held.debt)
    debts = tuple(band for band in bands if band.held.debt)
    plain = tuple(band for band in assets if band.held.token == parts.base and not _pledged(band, debts))
    risky = tuple(band for band in assets if band not in plain)
    return Moves(
        sizes=(
            *(let for band in bands for let in _sizes(band, parts)),
            *(let for band in ranges for let in _range_sizes(band, parts)),
            *(let for account in accounts for let in account.sizes),
        ),
        draw=(
            *(item for account in accounts for item in account.draw),
            *(item for band in ranges for item in thinned(band.held, _less(band), parts, band.span)),
            *(Leave(band.held, _less(band)) for band in plain),
        ),
        reduce=tuple(item for band in risky for item in _reduce(band, parts)),
        repay=tuple(item for band in debts for item in _repay(band, parts)),
        increase=tuple(item for band in risky for item in _increase(band, parts)),
        borrow=tuple(item for band in debts for item in _borrow(band, parts)),
        deposit=(
            *(Enter(band.held, _more(band)) for band in plain),
            *(item for band in ranges for item in thickened(band.held, _more(band), parts, band.span)),
            *(item for account in accounts for item in account.deposit),
        ),
        spent=(*(_spent(band, parts) for band in debts), *(_more(band) for band in risky)),
    )


def _account(band: Band, parts: Parts) -> VenueModel:
    venues = (one for one in parts.exit_order if isinstance(one, VenueModel))
    return next(one for one in venues if one.name == band.held.venue)


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


def _sizes(band: Band, parts: Parts) -> tuple[Let, ...]:
    held, base = band.held, parts.base
    target = scale(NAV, band.target, Rounding.DOWN)
    over, under = Monus(held.value, target), Monus(target, held.value)
    less = amount_worth(over, held.token, Rounding.UP if held.debt else Rounding.DOWN)
    spend_in = held.token if held.debt or held.token == base else base
    more = amount(_more(band).name, spend_in)
    # Rounding up may ask for a unit more than is owed; rounding down never asks for more than is held.
    sized = Min(less, held.var) if held.debt else less
    sizes = (
        Let(_less(band), worth_trading(over, sized)),
        Let(more, worth_trading(under, amount_worth(under, spend_in, Rounding.DOWN))),
    )
    if held.debt and bought_for(held, parts):
        return (*sizes, Let(_spent(band, parts), price_of(_less(band), base, parts, band.span)))
    return sizes


def _range_sizes(band: Band, parts: Parts) -> tuple[Let, ...]:
    """What is taken out of a range, and what is put in, in base."""
    target = scale(NAV, band.target, Rounding.DOWN)
    over, under = Monus(band.held.value, target), Monus(target, band.held.value)
    return (
        Let(_less(band), worth_trading(over, amount_worth(over, parts.base, Rounding.DOWN))),
        Let(_more(band), worth_trading(under, amount_worth(under, parts.base, Rounding.DOWN))),
    )


def _spent(band: Band, parts: Parts) -> Var:
    """What a debt that is over its target takes to repay: itself, or the base that buys it."""
    return amount(plan_name("spend for", band.held.name), parts.base) if bought_for(band.held, parts) else _less(band)


def _repay(band: Band, parts: Parts) -> Plan:
    """What is bought repays, all of it."""
    held = band.held
    if not bought_for(held, parts):
        return (Leave(held, _less(band)),)
    words = plan_name("bought to repay", held.name)
    buy = sell(parts.base, held.token, _spent(band, parts), parts, band.span, words)
    return buy, Leave(held, Min(held.var, buy.received))


def _borrow(band: Band, parts: Parts) -> Plan:
    held, more = band.held, _more(band)
    if not bought_for(held, parts):
        return (Enter(held, more),)
    return Enter(held, more), sell(held.token, parts.base, more, parts, band.span, plan_name("raised", held.name))


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
    left = (
        Cmp(held.var, Rel.LE, Num(Fraction(0 if held.range else held.rounding + 1), held.var.dim))
        for held in venue.positions
    )
    return ExitStep(venue.name, unwind(venue), And(tuple(left)))


def unwind(venue: VenueModel, parts: Parts, span: Span) -> Plan:
    """Repay what idle covers, and what idle base buys of tokens that are not held; then draw what the venue pays."""
    if venue.perp is not None:
        return closed(venue)
    buys = tuple(item for held in venue.positions if held.debt for item in _buy_all(held, parts, span))
    return (*buys, *leave_all(venue))


def leave_all(venue: VenueModel) -> Plan:
    """Repay what idle covers, then draw what the venue pays."""
    debts = (held for held in venue.positions if held.debt)
    assets = (held for held in venue.positions if not held.debt)
    repay = (Leave(held, Min(held.var, amount(f"idle({held.token})", held.token))) for held in debts)
    return (*repay, *(_leave_whole(held) for held in assets))


def _leave_whole(held: Held) -> PlanItem:
    return Leave(held, Min(held.var, held.liquidity)) if held.range is None else whole(held)


def _buy_all(debt: Held, parts: Parts, span: Span) -> Plan:
    """All that is owed and not there, with idle base, which has to do. Where nothing is missing no price is read."""
    if not bought_for(debt, parts):
        return ()
    missing = Monus(debt.var, amount(f"idle({debt.token})", debt.token))
    some = Cmp(missing, Rel.GT, zero(debt.var.dim))
    spend = amount(plan_name("spend for", debt.name), parts.base)
    let = Let(spend, If(some, price_of(missing, parts.base, parts, span), zero(spend.dim)))
    buy = sell(parts.base, debt.token, spend, parts, span, plan_name("bought for", debt.name))
    return let, replace(buy, minimum=missing)


def _sell_out(swap: SwapModel, parts: Parts, span: Span) -> list[PlanItem]:
    sold = next((token for token in swap.pair if token != parts.base), None)
    if sold is None or parts.base not in swap.pair or find_swap(sold, parts.base, parts.swaps, span) != swap:
        return []  # of several for one pair the first is traded in, in its own step
    everything = amount(f"idle({sold})", sold)
    return [sell(sold, parts.base, everything, parts, span)]
