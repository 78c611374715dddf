"""E03xx: dimensions and constants."""

from __future__ import annotations

from typing import ClassVar

from stratc_dsl.diagnostic import Label
from stratc_dsl.errors.base import LanguageError
from stratc_dsl.span import Span


class DifferentDimensions(LanguageError):
    code: ClassVar = "E0301"
    title: ClassVar = "cannot {verb} {left} and {right}"
    label: ClassVar = "{right}"
    help: ClassVar = "{cure}"
    explanation: ClassVar = """\
Every expression has a dimension: an amount of one token, a value in USD, a price, a ratio, a duration, a rate, or a
truth value. Sums, differences and comparisons need the same dimension on both sides.

    nav > 5%                     # error: a value and a ratio
    idle(USDC) >= 5% of nav      # right: an amount compares with a share of nav by its value
    1 USDC + 1 WETH              # error: amounts of different tokens
    1 USDC * price(USDC)         # right: a value, which adds to other values
"""
    verb: str
    left: str
    right: str
    left_span: Span
    cure: str

    def secondary(self) -> tuple[Label, ...]:
        return (Label(self.left_span, self.left),)


class NoProduct(LanguageError):
    code: ClassVar = "E0302"
    title: ClassVar = "cannot {verb} {left} by {right}"
    label: ClassVar = "{right}"
    help: ClassVar = "multiply by a ratio, or turn amounts into values with `price(TOKEN)`"
    explanation: ClassVar = """\
A product or quotient needs a meaning: anything times or over a ratio keeps its dimension, two of the same dimension
divide into a ratio, an amount times its token's price is a value, a ratio over a duration is a rate.

    nav * nav            # error: there are no squared dollars
    nav * 5%             # right: a value
"""
    verb: str
    left: str
    right: str
    left_span: Span

    def secondary(self) -> tuple[Label, ...]:
        return (Label(self.left_span, self.left),)


class WrongDimension(LanguageError):
    code: ClassVar = "E0303"
    title: ClassVar = "{where} takes {wanted}, not {found}"
    label: ClassVar = "{found}"
    help: ClassVar = "{cure}"
    explanation: ClassVar = """\
Each statement says what dimension it takes: `keeper every` a duration, a target a ratio, `when` a truth value.

    keeper every 5%              # error: a ratio
    keeper every 1h              # right
    when nav do freeze           # error: a value is neither true nor false
    when nav < 1_000 USD do freeze
"""
    where: str
    wanted: str
    found: str
    cure: str
    about: Span

    def secondary(self) -> tuple[Label, ...]:
        return (Label(self.about, f"takes {self.wanted}"),) if self.about != self.span else ()


class NotConstant(LanguageError):
    code: ClassVar = "E0304"
    title: ClassVar = "{where} must be a constant"
    label: ClassVar = "known only when the vault runs"
    help: ClassVar = "write a number; quantities such as `nav` belong into floors, rules and claims"
    explanation: ClassVar = """\
Declarations, assumptions, targets and the levels of rules are constants, since the proof is about them.

    slippage(dex) <= weight(save) / 100      # error
    slippage(dex) <= 0.3%                    # right
"""
    where: str


class DivisionByZero(LanguageError):
    code: ClassVar = "E0305"
    title: ClassVar = "division by zero"
    label: ClassVar = "this is zero"
    help: ClassVar = "divide by something else"
    explanation: ClassVar = """\
Constants are exact rationals, and nothing divides by zero.

    keeper every 1h / 0          # error
"""


class TooManyDigits(LanguageError):
    code: ClassVar = "E0306"
    title: ClassVar = "`{token}` has {decimals} decimals, this amount needs {needed}"
    label: ClassVar = "smaller than the smallest unit of `{token}`"
    help: ClassVar = "write at most {decimals} digits after the point"
    explanation: ClassVar = """\
An amount finer than the token's smallest unit cannot be held, so it cannot be meant.

    0.0000001 USDC        # error: USDC has 6 decimals
    0.000001 USDC         # right: one smallest unit
"""
    token: str
    decimals: int
    needed: str


class OutOfRange(LanguageError):
    code: ClassVar = "E0307"
    title: ClassVar = "{what} must be {wanted}, not {found}"
    label: ClassVar = "out of range"
    help: ClassVar = "{cure}"
    explanation: ClassVar = """\
Some constants have a range that follows from what they mean: a share lies between 0% and 100%, a period is at least a
second, a price moves by more than -100% and may also stay as it is, a health factor to deleverage to lies above 1.

    price(WETH) moves +5% .. +20%        # error: a price that must rise
    price(WETH) moves -20% .. +20%       # right
"""
    what: str
    wanted: str
    found: str
    cure: str


class ReversedRange(LanguageError):
    code: ClassVar = "E0308"
    title: ClassVar = "this range is empty: {low} is above {high}"
    label: ClassVar = "the lower end comes first"
    help: ClassVar = "write `{high} .. {low}`"
    explanation: ClassVar = """\
A range is written from its lower to its upper end.

    price(USDC) stays 1.02 .. 0.98       # error
    price(USDC) stays 0.98 .. 1.02       # right
"""
    low: str
    high: str


class WrongRelation(LanguageError):
    code: ClassVar = "E0309"
    title: ClassVar = "{what} is bounded by `{wanted}`, not `{found}`"
    label: ClassVar = "the other way round"
    help: ClassVar = "write `{wanted}`"
    explanation: ClassVar = """\
An assumption bounds what may go wrong: costs and flows from above with `<=`, liquidity from below with `>=`.

    slippage(dex) >= 0.3%        # error: nothing would bound the slippage
    slippage(dex) <= 0.3%        # right
"""
    what: str
    wanted: str
    found: str


class PriceInOtherUnit(LanguageError):
    code: ClassVar = "E0310"
    title: ClassVar = "`{pair}` is a price in {found}, where one in {wanted} is needed"
    label: ClassVar = "told in {found}"
    help: ClassVar = "{cure}"
    explanation: ClassVar = """\
A feed's pair says what its price is told in. Read in another unit, it values everything wrongly: a lending market has
lost its reserves by taking cbETH/ETH for a price in USD.

    price: chainlink("WSTETH/ETH", heartbeat=24h, deviation=0.5%)                 # error: a price in ETH
    price: ratio(WETH, chainlink("WSTETH/ETH", heartbeat=24h, deviation=0.5%))    # right: that many WETH, in USD
"""
    pair: str
    found: str
    wanted: str
    cure: str
