# pragma version 0.4.3
# SPDX-License-Identifier: Apache-2.0
"""
@title Ticks and roots of Uniswap v3
@notice Roots are sqrt(token1 per token0, in smallest units) * 2^96; the root of a tick is as `TickMath` rounds it.
"""

from . import arith
from . import roots

MAX_TICK: constant(int256) = 887_272

# 2^128 / 1.0001^(2^i / 2), to the nearest, for each bit i of a tick.
HALVINGS: constant(uint256[20]) = [
    340265354078544963557816517032075149313,
    340248342086729790484326174814286782778,
    340214320654664324051920982716015181260,
    340146287995602323631171512101879684304,
    340010263488231146823593991679159461444,
    339738377640345403697157401104375502016,
    339195258003219555707034227454543997025,
    338111622100601834656805679988414885971,
    335954724994790223023589805789778977700,
    331682121138379247127172139078559817300,
    323299236684853023288211250268160618739,
    307163716377032989948697243942600083929,
    277268403626896220162999269216087595045,
    225923453940442621947126027127485391333,
    149997214084966997727330242082538205943,
    66119101136024775622716233608466517926,
    12847376061809297530290974190478138313,
    485053260817066172746253684029974020,
    691415978906521570653435304214168,
    1404880482679654955896180642,
]


@internal
@pure
def root_at_tick(tick: int256) -> uint256:
    """
    @notice sqrt(1.0001^tick) * 2^96: each factor rounds down, the result up. Reverts beyond the last tick.
    """
    size: uint256 = convert(abs(tick), uint256)
    assert size <= convert(MAX_TICK, uint256), "ranges: no such tick"
    ratio: uint256 = 2**128
    for bit: uint256 in range(20):
        if (size >> bit) & 1 == 1:
            ratio = (ratio * HALVINGS[bit]) >> 128
    if tick > 0:
        ratio = max_value(uint256) // ratio
    return (ratio + 2**32 - 1) >> 32


@internal
@pure
def tick_at_root(root: uint256) -> int256:
    """
    @notice The greatest tick whose root is at most this one. Reverts outside all ticks.
    """
    assert self.root_at_tick(-MAX_TICK) <= root, "ranges: below all ticks"
    assert root < self.root_at_tick(MAX_TICK), "ranges: above all ticks"
    low: int256 = -MAX_TICK
    high: int256 = MAX_TICK
    for _: uint256 in range(21):
        middle: int256 = (low + high) >> 1
        if self.root_at_tick(middle) <= root:
            low = middle
        else:
            high = middle
    return low


@internal
@pure
def outward(low: uint256, high: uint256, spacing: int256) -> (int256, int256):
    """
    @notice The narrowest ticks of a pool that enclose a range of roots. Reverts where there are none.
    """
    lower: int256 = self._floor_to(self.tick_at_root(low), spacing)
    upper: int256 = self._floor_to(self.tick_at_root(high), spacing)
    if self.root_at_tick(upper) < high:
        upper += spacing
    assert lower >= -MAX_TICK, "ranges: below all ticks"
    assert upper <= MAX_TICK, "ranges: above all ticks"
    return lower, upper


@internal
@pure
def _floor_to(tick: int256, spacing: int256) -> int256:
    rest: int256 = tick % spacing
    return tick - rest - (spacing if rest < 0 else 0)


@internal
@pure
def root_of_price(worth0: uint256, worth1: uint256) -> uint256:
    """
    @notice The root where a smallest unit of token0 costs worth0 / worth1 of token1's, rounded down: off by less than a
            part in 2^63. Reverts at 2^128 and more, and for a token1 that is worth nothing.
    """
    coarse: bool = worth0 >= worth1 * 2**64
    root: uint256 = roots.down(arith.mul_div_down(worth0, 2**128 if coarse else 2**192, worth1), 1)
    return root << 32 if coarse else root


@internal
@pure
def is_near(root: uint256, of: uint256, millionths: uint256) -> bool:
    """
    @notice Whether the square of a root is no further than so many millionths from that of another, rounded against it.
    """
    square: uint256 = arith.mul_div_up(root, root, of)
    least: uint256 = arith.mul_div_down(root, root, of)
    return square <= arith.mul_div_down(of, 10**6 + millionths, 10**6) and (
        least >= arith.mul_div_up(of, 10**6 - millionths, 10**6)
    )
