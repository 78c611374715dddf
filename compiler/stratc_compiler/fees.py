"""What the fees of a strategy mint, in the one expression type. Fees are shares: assets are never touched.

Every division rounds against whoever is paid. No step reverts in any state, so that a fee never stands in anybody's
way: beyond `LIMIT` shares or assets nothing is charged, and below it every number stays far from 2^256.
"""

from __future__ import annotations

from fractions import Fraction

from stratc_compiler.expr import (
    Add,
    And,
    Cmp,
    Expr,
    If,
    Min,
    Monus,
    MulDiv,
    Num,
    Plain,
    Rel,
    Rounding,
    Sub,
    Var,
    amount,
    number,
    scale,
    times,
    zero,
)
from stratc_compiler.shares import SUPPLY, total_assets, virtual_shares
from stratc_compiler.vault import Let
from stratc_dsl.administration import ManagementFee, PerformanceFee
from stratc_dsl.strategy import Strategy

LIMIT = 10**36
"""Shares and total assets, in smallest units, beyond which no fee is charged.

The mark was set where `total + 1 <= LIMIT + 1`, so what shares were worth at it is below 10^73, and so is all else.
"""

YEAR = 365 * 86_400
"""No charge counts more seconds than a year. With a fee of half a year's nav at most, it at most doubles the supply."""

FIRST_MARK = 10**18
"""The mark at first: what `_per_mark` shares cost before any gain."""

ELAPSED = Var("elapsed", Plain.NUMBER)
"""Seconds since the management fee was last charged."""

COUNTED = Var("seconds_counted", Plain.NUMBER)
"""The elapsed seconds that are charged for."""

TIME_FEE = Var("time_fee", Plain.SHARES)
"""Shares that the management fee mints."""

GAIN_FEE = Var("gain_fee", Plain.SHARES)
"""Shares that the performance fee mints."""

SUPPLY_BEFORE_GAIN_FEE = Var("supply_before_gain_fee", Plain.SHARES)
SUPPLY_DUE = Var("supply_due", Plain.SHARES)
"""The supply once what is due has been minted."""


_IN_RANGE = Cmp(SUPPLY, Rel.LE, Num(Fraction(LIMIT), Plain.SHARES))


def mark(base: str) -> Var:
    """The high-water mark: what `per_mark` shares were worth at most, in smallest units of base, rounded up."""
    return amount("high_water_mark", base)


def mark_due(base: str) -> Var:
    """The mark once what is due has been minted."""
    return amount("high_water_mark_due", base)


def gain_charged(base: str) -> Var:
    """What the performance fee charges, in smallest units of base."""
    return amount("gain_charged", base)


def per_mark(decimals: int) -> Num:
    """The shares that the mark speaks of: so many that it has 18 digits more than the first share price."""
    return Num(Fraction(virtual_shares(decimals) * FIRST_MARK), Plain.SHARES)


def charge(strategy: Strategy) -> tuple[Let, ...]:
    """What a charge computes, in order, from supply, total assets, elapsed seconds and mark; nothing without fees.

    The last steps bind `SUPPLY_DUE` and, with a performance fee, `mark_due`. The management fee is charged first:
    what it takes is no gain.
    """
    management = next((fee for fee in strategy.fees if isinstance(fee, ManagementFee)), None)
    performance = next((fee for fee in strategy.fees if isinstance(fee, PerformanceFee)), None)
    lets: list[Let] = []
    supply: Expr = SUPPLY
    if management is not None:
        supply = SUPPLY_DUE if performance is None else SUPPLY_BEFORE_GAIN_FEE
        lets = [Let(COUNTED, Min(ELAPSED, number(YEAR))), Let(TIME_FEE, time_fee(management))]
        lets.append(Let(supply, Add(SUPPLY, TIME_FEE)))
    if performance is not None:
        lets += _gain_lets(performance, strategy.base, strategy.token(strategy.base).decimals, supply)
    return tuple(lets)


def charge_for_time(lets: tuple[Let, ...]) -> tuple[Let, ...]:
    """Of a charge what needs no price: as far as the shares of the management fee. Nothing without one."""
    names = [let.name for let in lets]
    return lets[: names.index(TIME_FEE) + 1] if TIME_FEE in names else ()


def time_fee(fee: ManagementFee) -> Expr:
    """Shares that are then `ratio * elapsed / per` of all shares, rounded down: supply * part / (1 - part).

    Charged more often it takes a little less, never more.
    """
    rate = fee.ratio / fee.per
    part = times(rate.numerator, COUNTED)
    charged = If(_IN_RANGE, SUPPLY, zero(Plain.SHARES))
    return MulDiv(charged, part, Sub(number(rate.denominator), part), Rounding.DOWN)


def _gain_lets(fee: PerformanceFee, base: str, decimals: int, supply: Expr) -> list[Let]:
    """The share price is (total + 1) over (supply + virtual shares), as in conversions.

    Of what all shares are worth above the mark, `ratio` is minted at the price after: shares * (total + 1 - fee) are
    supply * fee, of the real supply, so that without holders nobody is paid. The mark rises with the price even where
    too little was gained for a fee: who comes next is never charged for what was gained before.
    """
    total, virtual = total_assets(base), Num(Fraction(virtual_shares(decimals)), Plain.SHARES)
    price, before = per_mark(decimals), mark(base)
    worth = Add(total, Num(Fraction(1), total.dim))
    whole = Add(supply, virtual)
    at_mark, gain, charged = amount("worth_at_mark", base), amount("gain_over_mark", base), gain_charged(base)
    in_range = And((_IN_RANGE, Cmp(total, Rel.LE, Num(Fraction(LIMIT), total.dim))))
    # Beyond the limit the mark stays within it.
    counted = Add(Min(total, Num(Fraction(LIMIT), total.dim)), Num(Fraction(1), total.dim))
    reached = amount("price_reached", base)
    return [
        Let(at_mark, If(in_range, MulDiv(before, whole, price, Rounding.UP), worth)),
        Let(gain, Monus(worth, at_mark)),
        Let(charged, scale(gain, fee.ratio, Rounding.DOWN)),
        Let(GAIN_FEE, MulDiv(supply, charged, Sub(worth, charged), Rounding.DOWN)),
        Let(SUPPLY_DUE, Add(supply, GAIN_FEE)),
        Let(reached, MulDiv(counted, price, Add(SUPPLY_DUE, virtual), Rounding.UP)),
        Let(mark_due(base), If(Cmp(reached, Rel.GT, before), reached, before)),
    ]
