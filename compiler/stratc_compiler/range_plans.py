"""How liquidity goes into a range and comes out of it, in base: the other token is bought before, or sold after."""

from __future__ import annotations

from msgspec.structs import replace

from stratc_compiler.expr import (
    Add,
    Cmp,
    If,
    MulDiv,
    Rel,
    Rounding,
    Sub,
    Var,
    amount,
    scale,
    value_of,
    zero,
)
from stratc_compiler.ranges import for_token
from stratc_compiler.trade_sizes import plan_name
from stratc_compiler.trading import Parts, sell
from stratc_compiler.vault import (
    Held,
    Let,
    Plan,
    Provide,
    Withdraw,
)
from stratc_dsl.span import Span


def came(held: Held, which: str) -> Var:
    """What a withdrawal from a range brings of one of its tokens."""
    return amount(plan_name(f"{which} from", held.name), which)


def whole(held: Held) -> Withdraw:
    """All of a range: no price is needed to take it out."""
    assert held.range is not None
    return Withdraw(held, held.var, held.value, came(held, held.range.token), came(held, held.range.base))


def sold_from(held: Held, parts: Parts, span: Span) -> Plan:
    """What of a withdrawal is not base, sold for it."""
    assert held.range is not None
    token = held.range.token
    return (sell(token, parts.base, came(held, token), parts, span, plan_name("proceeds", held.name)),)


def taken_out(held: Held, less: Var) -> Withdraw:
    """Liquidity that is worth so much base. Rounded down: worth more than there is only where so much is asked for."""
    assert held.range is not None
    value = value_of(less, Rounding.DOWN)
    some = Cmp(less, Rel.GT, zero(less.dim))
    size = If(some, MulDiv(held.var, value, held.value, Rounding.DOWN), zero(held.var.dim))
    return Withdraw(held, size, value, came(held, held.range.token), came(held, held.range.base), checked=True)


def thinned(held: Held, less: Var, parts: Parts, span: Span) -> Plan:
    """Take liquidity out that is worth so much base, and hold that in base."""
    return taken_out(held, less), *sold_from(held, parts, span)


def thickened(held: Held, more: Var, parts: Parts, span: Span) -> Plan:
    """Put so much base into a range: its other token is bought before in the range's proportion, what is left sold."""
    of = held.range
    assert of is not None
    spend = amount(plan_name("spend for", held.name), of.base)
    buy = sell(of.base, of.token, spend, parts, span, plan_name("bought for", held.name))
    rest = amount(plan_name("kept for", held.name), of.base)
    given = Add(value_of(buy.received, Rounding.DOWN), value_of(rest, Rounding.DOWN))
    took = amount(plan_name("took", of.token, held.name), of.token)
    added = Provide(
        held,
        buy.received,
        rest,
        scale(given, 1 - of.entering, Rounding.DOWN),
        took,
        amount(plan_name("took", of.base, held.name), of.base),
    )
    left = amount(plan_name("left of", held.name), of.token)
    return (
        Let(spend, for_token(of, more)),
        buy,
        Let(rest, Sub(more, spend)),
        added,
        Let(left, Sub(buy.received, took)),
        sell(of.token, of.base, left, parts, span, plan_name("proceeds left of", held.name)),
    )


def collect(held: Held, parts: Parts, span: Span) -> Plan:
    """Fetch the fees of a range, in base."""
    fetched = replace(whole(held), liquidity=zero(held.var.dim), worth=zero(held.value.dim), fetched=True, checked=True)
    return fetched, *sold_from(held, parts, span)
