"""What `rehedge` does, as a plan: the instrument is traded until the sensitivity is in the middle of its band.

An instrument is a position in the hedged token itself, so each dollar of it is a dollar of delta: what is held adds to
it, what is owed takes from it. Sizes are of the state at the start and rounded down. What is too much is shed at once
(borrowed and sold, or sold); what is lacking is bought for at the worst price that is assumed, and all that this brings
repays, or is supplied: at a better price it is more than was lacking by as much, which is what a band is for. A short
at a venue of perpetuals is sized there, exactly (`perp_plans`).
"""

from __future__ import annotations

from stratc_compiler.errors import Unsupported
from stratc_compiler.expr import (
    Add,
    Expr,
    Min,
    Monus,
    Rounding,
    Var,
    amount,
    amount_worth,
    scale,
)
from stratc_compiler.perp_plans import resized
from stratc_compiler.trade_sizes import plan_name, worth_trading
from stratc_compiler.trading import Parts, price_of, sell
from stratc_compiler.vault import NAV, Enter, Hedged, Held, Leave, Let, Plan, VenueModel


def rehedge(hedges: tuple[Hedged, ...], parts: Parts) -> Plan:
    """Every hedged sensitivity to the middle of its band. Raises Unsupported for what no trade against base changes."""
    sizes, steps = zip(*(_of_one(hedge, parts) for hedge in hedges), strict=True)
    return (*(let for lets in sizes for let in lets), *(step for plan in steps for step in plan))


def _of_one(hedge: Hedged, parts: Parts) -> tuple[tuple[Let, ...], Plan]:
    if hedge.instrument.margin is None:
        return _sizes(hedge, parts), (*_lower(hedge, parts), *_raise(hedge, parts))
    long, short = _against_target(hedge)
    venues = (one for one in parts.exit_order if isinstance(one, VenueModel))
    venue = next(one for one in venues if one.name == hedge.instrument.venue)
    return resized(venue, Monus(short, long), Monus(long, short))


def _sizes(hedge: Hedged, parts: Parts) -> tuple[Let, ...]:
    held = hedge.instrument
    if held.token == parts.base:
        what = f"a hedge of `{hedge.greek}` by `{held.name}`, in the base token"
        raise Unsupported(what, "what is bought and sold for base has to be another token", hedge.span)
    long, short = _against_target(hedge)
    over, under = Monus(long, short), Monus(short, long)
    shed = amount_worth(over, held.token, Rounding.DOWN)
    wanted = amount_worth(under, held.token, Rounding.DOWN)
    if held.debt:
        wanted = Min(wanted, held.var)
    else:
        shed = Min(shed, held.var)
    lacking = _lacking(hedge)
    return (
        Let(_shed(hedge), worth_trading(over, shed)),
        Let(lacking, worth_trading(under, wanted)),
        Let(_spent(hedge, parts), price_of(lacking, parts.base, parts, hedge.span)),
    )


def _against_target(hedge: Hedged) -> tuple[Expr, Expr]:
    """Both sides of delta, the middle of the band on that which lacks it."""
    middle = (hedge.low + hedge.high) / 2
    target = scale(NAV, abs(middle), Rounding.DOWN)
    long, short = hedge.greek.long, hedge.greek.short
    if middle > 0:
        return long, Add(short, target)
    return (Add(long, target), short) if middle < 0 else (long, short)


def _shed(hedge: Hedged) -> Var:
    return amount(plan_name("shed", str(hedge.greek)), hedge.instrument.token)


def _lacking(hedge: Hedged) -> Var:
    return amount(plan_name("lacking", str(hedge.greek)), hedge.instrument.token)


def _spent(hedge: Hedged, parts: Parts) -> Var:
    return amount(plan_name("spend for", str(hedge.greek)), parts.base)


def _lower(hedge: Hedged, parts: Parts) -> Plan:
    """Less delta: what is borrowed, or drawn, is sold."""
    held, size = hedge.instrument, _shed(hedge)
    sale = sell(held.token, parts.base, size, parts, hedge.span, plan_name("raised by", str(hedge.greek)))
    return (*_out_of(held, size), sale)


def _out_of(held: Held, size: Expr) -> Plan:
    if held.venue is None:
        return ()
    return (Enter(held, size) if held.debt else Leave(held, size),)


def _raise(hedge: Hedged, parts: Parts) -> Plan:
    """More delta: what is bought repays, or is supplied."""
    held = hedge.instrument
    words = plan_name("bought for", str(hedge.greek))
    buy = sell(parts.base, held.token, _spent(hedge, parts), parts, hedge.span, words)
    if held.venue is None:
        return (buy,)
    return buy, Leave(held, Min(held.var, buy.received)) if held.debt else Enter(held, buy.received)
