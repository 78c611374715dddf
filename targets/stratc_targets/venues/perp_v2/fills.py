"""What a trade at Perp v2 is filled at: Uniswap v3's own step over one range of liquidity, and the house's fee.

Sources: `SwapMath` and `SqrtPriceMath` of Uniswap v3, `SwapMath.calcScaledAmountForSwaps` and `Exchange._swap` of Perp
v2. The pool's fee is given back by scaling, the house's is taken in quote. A trade that reaches a tick where liquidity
changes, or the end of a word of the pool's tick bitmap, is filled in several such steps; this is one, so each further
step of a range that goes on unchanged is off by at most the unit it rounds.
"""

from __future__ import annotations

from typing import NamedTuple

MILLION: int = 10**6  # fees are in millionths
_Q96: int = 2**96


class Market(NamedTuple):
    """The pool as a trade finds it: square root of the price x 2^96, liquidity, the pool's fee and the house's."""

    root: int
    liquidity: int
    pool_fee: int
    fee: int


class Fill(NamedTuple):
    """Base and quote that an account's books change by, fee included; signed, 18 decimals."""

    base: int
    quote: int


def sold(market: Market, base: int) -> tuple[Fill, int]:
    """An exact amount of base sold for quote, rounded down, less the fee, rounded up; and the root after it."""
    scaled = _up(base * MILLION, MILLION - market.pool_fee)
    given = scaled * (MILLION - market.pool_fee) // MILLION
    high = market.liquidity * _Q96
    root = _up(high * market.root, high + given * market.root)
    quote = market.liquidity * (market.root - root) // _Q96
    return Fill(-given, quote - _up(quote * market.fee, MILLION)), root


def bought(market: Market, base: int) -> tuple[Fill, int]:
    """An exact amount of base bought: what it costs, rounded up, and the fee, rounded up; and the root after it."""
    high = market.liquidity * _Q96
    if base * market.root >= high:
        raise ValueError("the pool has no such amount")
    root = _up(high * market.root, high - base * market.root)
    cost = _up(market.liquidity * (root - market.root), _Q96)
    taken = cost + _up(cost * market.pool_fee, MILLION - market.pool_fee)
    fee = _up(cost * market.fee, MILLION - market.fee)
    return Fill(base, -(taken * (MILLION - market.pool_fee) // MILLION) - fee), root


def _up(dividend: int, divisor: int) -> int:
    return -(-dividend // divisor)
