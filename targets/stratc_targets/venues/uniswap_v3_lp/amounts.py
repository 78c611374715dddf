"""Amounts of both tokens that liquidity stands for between two roots, as Uniswap v3's own libraries round them.

Sources: v3-core `SqrtPriceMath`, v3-periphery `LiquidityAmounts`. Roots are sqrt(token1 per token0) * 2^96, amounts
are in smallest units.
"""

from __future__ import annotations

from math import isqrt

from stratc_compiler.expr import Rounding
from stratc_compiler.interpret import Reverted, mul_div
from stratc_targets.venues.uniswap_v3_lp.ticks import Q96

WORD = 2**256


def amount0_between(one: int, other: int, liquidity: int, rounding: Rounding) -> int:
    """`getAmount0Delta`: liquidity * (1/low - 1/high), two divisions, both rounded as said."""
    low, high = sorted((one, other))
    if low == 0:
        raise Reverted("")
    inner = mul_div(liquidity * Q96, high - low, high, rounding)
    return mul_div(inner, 1, low, rounding)


def amount1_between(one: int, other: int, liquidity: int, rounding: Rounding) -> int:
    """`getAmount1Delta`: liquidity * (high - low), rounded as said."""
    low, high = sorted((one, other))
    return mul_div(liquidity, high - low, Q96, rounding)


def amounts_of(root: int, low: int, high: int, liquidity: int) -> tuple[int, int]:
    """`getAmountsForLiquidity`: what a position between `low` and `high` consists of at this root, rounded down."""
    at = min(max(root, low), high)
    return (
        amount0_between(at, high, liquidity, Rounding.DOWN),
        amount1_between(low, at, liquidity, Rounding.DOWN),
    )


def liquidity_for(root: int, low: int, high: int, amount0: int, amount1: int) -> int:
    """`getLiquidityForAmounts`: the most that both amounts pay for at this root. Raises Reverted beyond 128 bits."""
    if root <= low:
        return _liquidity_for_0(low, high, amount0)
    if root < high:
        return min(_liquidity_for_0(root, high, amount0), _liquidity_for_1(low, root, amount1))
    return _liquidity_for_1(low, high, amount1)


def _liquidity_for_0(low: int, high: int, amount0: int) -> int:
    return narrow(mul_div(amount0, low * high // Q96, high - low, Rounding.DOWN))


def _liquidity_for_1(low: int, high: int, amount1: int) -> int:
    return narrow(mul_div(amount1, Q96, high - low, Rounding.DOWN))


def narrow(liquidity: int) -> int:
    """The number itself where it fits 128 bits. Raises Reverted where not."""
    if liquidity >= 2**128:
        raise Reverted("")
    return liquidity


def root_of_price(worth0: int, worth1: int) -> int:
    """The root at which a smallest unit of token0 costs worth0 / worth1 of token1's, rounded down.

    Off by less than one part in 2^63, whatever the price. Raises Reverted at a ratio of 2^128 and more, or of nothing.
    """
    if worth0 < worth1 * 2**64:
        return isqrt(mul_div(worth0, 2**192, worth1, Rounding.DOWN))
    wide = mul_div(worth0, 2**128, worth1, Rounding.DOWN)
    if wide >= WORD:
        raise Reverted("arith: overflow")
    return isqrt(wide) << 32
