"""Where a range lies, and how near its pool is to a price: in integers, as the adapter computes it.

A price is told as two numbers: at it a smallest unit of the token costs `worth_token / worth_base` of base. Where base
is the pool's token0, the pool tells that price the other way round.
"""

from __future__ import annotations

from fractions import Fraction

from stratc_compiler.expr import Rounding
from stratc_compiler.interpret import mul_div
from stratc_targets.venues.uniswap_v3_lp.amounts import root_of_price
from stratc_targets.venues.uniswap_v3_lp.ticks import outward, root_at_tick

MILLION = 1_000_000


def root_in_pool(worth_token: int, worth_base: int, token_first: bool) -> int:
    """The root of a price as the pool tells it, rounded down."""
    return root_of_price(worth_token, worth_base) if token_first else root_of_price(worth_base, worth_token)


def around(
    worth_token: int, worth_base: int, below: Fraction, above: Fraction, spacing: int, token_first: bool
) -> tuple[int, int]:
    """The ticks of the narrowest range that reaches from `below` to `above` of a price. Raises Reverted beyond all.

    The root of the upper end is rounded up, by more than `root_of_price` is off.
    """
    ends = [(worth_token * one.numerator, worth_base * one.denominator) for one in (below, above)]
    low, high = (root_in_pool(*end, token_first) for end in (ends if token_first else ends[::-1]))
    return outward(low, high + (high >> 62) + 1, spacing)


def ends_in_base(lower: int, upper: int, token_first: bool) -> tuple[int, int]:
    """The roots of the prices of the token in base at both ends, rounded inwards where they are no roots of the pool's.

    So nothing is worth more for it.
    """
    low, high = root_at_tick(lower), root_at_tick(upper)
    return (low, high) if token_first else (2**192 // high + 1, 2**192 // low)


def is_near(root: int, of: int, millionths: int) -> bool:
    """Whether the square of a root is no further than that from that of another, rounded against it."""
    most = mul_div(of, MILLION + millionths, MILLION, Rounding.DOWN)
    least = mul_div(of, MILLION - millionths, MILLION, Rounding.UP)
    return mul_div(root, root, of, Rounding.UP) <= most and mul_div(root, root, of, Rounding.DOWN) >= least
