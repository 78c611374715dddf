"""Ticks and square roots of prices, exactly as Uniswap v3's `TickMath` has them.

A tick is a price of 1.0001^tick, in smallest units of token1 for one of token0; a root is sqrt(price) * 2^96.
"""

from __future__ import annotations

from math import isqrt

from stratc_compiler.interpret import Reverted

Q96 = 2**96
MAX_TICK = 887_272
MIN_TICK = -MAX_TICK
_ONE = 2**128
_PRECISION = 512


def _halvings() -> tuple[int, ...]:
    """2^128 / 1.0001^(2^i / 2), to the nearest, for each bit i of a tick: the constants of `getSqrtRatioAtTick`."""
    power = isqrt((10_000 << 2 * _PRECISION) // 10_001)
    result = []
    for _ in range(MAX_TICK.bit_length()):
        result.append((power + (1 << _PRECISION - 129)) >> _PRECISION - 128)
        power = power * power >> _PRECISION
    return tuple(result)


_HALVINGS = _halvings()


def root_at_tick(tick: int) -> int:
    """`getSqrtRatioAtTick`: each factor rounds down, the result up. Raises Reverted beyond the last tick."""
    if abs(tick) > MAX_TICK:
        raise Reverted("T")
    ratio = _ONE
    for bit, factor in enumerate(_HALVINGS):
        if abs(tick) >> bit & 1:
            ratio = ratio * factor >> 128
    if tick > 0:
        ratio = (2**256 - 1) // ratio
    return -(-ratio >> 32)


MIN_ROOT = root_at_tick(MIN_TICK)
MAX_ROOT = root_at_tick(MAX_TICK)


def tick_at_root(root: int) -> int:
    """`getTickAtSqrtRatio`: the greatest tick whose root is at most this one. Raises Reverted outside all ticks."""
    if not MIN_ROOT <= root < MAX_ROOT:
        raise Reverted("R")
    low, high = MIN_TICK, MAX_TICK  # root_at_tick(low) <= root < root_at_tick(high)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if root_at_tick(middle) <= root else (low, middle)
    return low


def floor_to(tick: int, spacing: int) -> int:
    """The greatest multiple of the spacing that is at most the tick."""
    return tick // spacing * spacing


def outward(low: int, high: int, spacing: int) -> tuple[int, int]:
    """The narrowest ticks of a pool that enclose a range of roots. Raises Reverted where there are none."""
    lower = floor_to(tick_at_root(low), spacing)
    upper = floor_to(tick_at_root(high), spacing)
    if root_at_tick(upper) < high:
        upper += spacing
    if lower < MIN_TICK or upper > MAX_TICK:
        raise Reverted("range: beyond all ticks")
    return lower, upper
