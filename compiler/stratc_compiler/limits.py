"""What a strategy's limits and its assumption about deposits leave to depositors, in the one expression type."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from stratc_compiler.expr import (
    Cmp,
    Expr,
    If,
    Min,
    Monus,
    Num,
    Plain,
    Rel,
    Rounding,
    amount_worth,
    scale,
)
from stratc_compiler.shares import round_assets, round_deposited, total_assets
from stratc_compiler.vault import NAV, SCALE
from stratc_dsl.administration import DepositLimit
from stratc_dsl.strategy import DepositsAtMost, Strategy

USD = 10**18


def unbounded(base: str) -> Num:
    """More of base than can be: what a view answers where nothing limits it."""
    return Num(Fraction(2**256 - 1), round_assets(base).dim)


def deposit_room(strategy: Strategy) -> Expr | None:
    """How much of base may still come, in smallest units, rounded down; None where nothing ever limits it.

    The limit counts all that the vault holds, at the prices of the moment: gains fill it as deposits do.
    """
    rooms = [*_of_limits(strategy), *_of_rounds(strategy)]
    if not rooms:
        return None
    least, *others = rooms
    for other in others:
        least = Min(least, other)
    return least


def _of_limits(strategy: Strategy) -> Iterator[Expr]:
    for limit in strategy.limits:
        yield _room(limit, strategy)


def _room(limit: DepositLimit, strategy: Strategy) -> Expr:
    base, held = strategy.base, total_assets(strategy.base)
    if limit.in_usd:
        left = Monus(Num(Fraction(int(limit.most * USD)), Plain.VALUE), NAV)
        return amount_worth(left, base, Rounding.DOWN)
    most = int(limit.most * 10 ** strategy.token(base).decimals)
    return Monus(Num(Fraction(most), held.dim), held)


def _of_rounds(strategy: Strategy) -> Iterator[Expr]:
    """What is left of a round: a share of what it began with.

    Not before the first round, nor in one that began below the scale which the proofs assume: whoever deposits a
    few units first must not keep all others out.
    """
    base, begun = strategy.base, round_assets(strategy.base)
    for assumption in strategy.assumptions:
        if isinstance(assumption, DepositsAtMost):
            left = Monus(scale(begun, assumption.ratio, Rounding.DOWN), round_deposited(base))
            yield If(Cmp(begun, Rel.GE, Num(Fraction(SCALE), begun.dim)), left, unbounded(base))
