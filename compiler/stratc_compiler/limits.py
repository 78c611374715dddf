"""What a strategy's limits leave to depositors, in the one expression type."""

from __future__ import annotations

from fractions import Fraction

from stratc_compiler.expr import Expr, Kind, Min, Monus, MulDiv, Num, Plain, Rounding, TokenDim, Var
from stratc_compiler.shares import total_assets
from stratc_compiler.vault import NAV
from stratc_dsl.administration import DepositLimit
from stratc_dsl.strategy import Strategy

USD = 10**18


def deposit_room(strategy: Strategy) -> Expr | None:
    """How much of base may still come, in smallest units, rounded down; None where nothing limits it.

    The limit counts all that the vault holds, at the prices of the moment: gains fill it as deposits do.
    """
    rooms = [_room(one, strategy) for one in strategy.limits]
    if not rooms:
        return None
    least, *others = rooms
    for other in others:
        least = Min(least, other)
    return least


def _room(limit: DepositLimit, strategy: Strategy) -> Expr:
    base, held = strategy.base, total_assets(strategy.base)
    if limit.in_usd:
        left = Monus(Num(Fraction(int(limit.most * USD)), Plain.VALUE), NAV)
        unit, price = Var(f"unit({base})", TokenDim(Kind.UNIT, base)), Var(f"price({base})", TokenDim(Kind.PRICE, base))
        return MulDiv(left, unit, price, Rounding.DOWN)
    most = int(limit.most * 10 ** strategy.token(base).decimals)
    return Monus(Num(Fraction(most), held.dim), held)
