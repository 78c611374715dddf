"""How far one step of a swap moves a pool's price, and what it costs, as `SwapMath` of Uniswap v3 says. Exact input."""

from __future__ import annotations

from stratc_compiler.expr import Rounding
from stratc_compiler.interpret import mul_div
from stratc_dsl.record import Record
from stratc_targets.venues.uniswap_v3_lp.amounts import WORD, amount0_between, amount1_between
from stratc_targets.venues.uniswap_v3_lp.ticks import Q96

MILLION = 1_000_000


class Step(Record):
    """Where the root is after a step; what went in without the fee, what came out, the fee."""

    root: int
    paid: int
    received: int
    fee: int


def swap_step(root: int, target: int, liquidity: int, remaining: int, millionths: int) -> Step:
    """`computeSwapStep` for exact input: towards `target`, as far as what remains suffices."""
    selling0 = root >= target
    payable = mul_div(remaining, MILLION - millionths, MILLION, Rounding.DOWN)
    needed = _in(target, root, liquidity, selling0)
    after = target if payable >= needed else next_root(root, liquidity, payable, selling0)
    paid = needed if after == target else _in(after, root, liquidity, selling0)
    received = (amount1_between if selling0 else amount0_between)(after, root, liquidity, Rounding.DOWN)
    whole = mul_div(paid, millionths, MILLION - millionths, Rounding.UP)
    fee = whole if after == target else remaining - paid
    return Step(after, paid, received, fee)


def _in(one: int, other: int, liquidity: int, selling0: bool) -> int:
    return (amount0_between if selling0 else amount1_between)(one, other, liquidity, Rounding.UP)


def next_root(root: int, liquidity: int, amount: int, selling0: bool) -> int:
    """`getNextSqrtPriceFromInput`: the root once so much has been paid in, rounded so that it never goes too far."""
    if not selling0:
        return root + (amount * Q96) // liquidity
    if amount == 0:
        return root
    numerator = liquidity * Q96
    denominator = numerator + amount * root
    if amount * root < WORD and denominator < WORD:
        return mul_div(numerator, root, denominator, Rounding.UP)
    return mul_div(numerator, 1, numerator // root + amount, Rounding.UP)
