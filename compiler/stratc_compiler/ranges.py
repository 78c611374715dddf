"""Liquidity in a range of prices, as a position of the model: what it is worth, and how that moves.

Between two prices, `low` and `high` in base per token, L of liquidity is worth, at a price P of the token between them,

    V(P) = L (2 sqrt(P) - P / sqrt(high) - sqrt(low));

below both it is all token, L P (1 / sqrt(low) - 1 / sqrt(high)), above both all base. P is the quotient of the
strategy's two prices, never that of a pool: with p and q what L smallest units of token and of base are worth,
L sqrt(P) is sqrt(p q). (Uniswap v3 whitepaper, 6.29 and 6.30, multiplied by prices.)

What V does, the proofs rest on. It never falls in P, and it is concave with V(0) = 0, so that V(P) / P never rises:

    for f >= 1    V(P) <= V(f P) <= f V(P)         for f <= 1    f V(P) <= V(f P) <= V(P)

Each bound is reached: where the position is all base, and where it is all token. And V(P) is the least that the amounts
at any other price t are worth at P: whoever leaves a pool that is off its oracle is given at least V.
"""

from __future__ import annotations

from fractions import Fraction
from math import isqrt

from stratc_compiler.expr import (
    Add,
    And,
    Cmp,
    Expr,
    If,
    Monus,
    Mul,
    MulDiv,
    Plain,
    Rel,
    Root,
    Rounding,
    Var,
    number,
    price,
    unit,
    zero,
)
from stratc_dsl.record import Record

Q96 = number(2**96)
FINE = 2**24
"""Worths are counted in parts of 10^-18 USD before they are divided by roots: so no rounding is worth 10^-8 USD.

L sqrt(P) may then be worth up to MOST_MEAN; beyond that the product under the root is no word, and reading reverts.
"""

MOST_MEAN = 20 * 10**12
"""USD: (2 * 10^13 * 10^18 * FINE)^2 is less than 2^256."""


class Range(Record):
    """Liquidity between two prices of `token` in `base`; `low` and `high` are their roots in smallest units, by 2^-96.

    They are fixed when the vault is deployed, at least as far from the price of that day as the strategy says: `below`
    and `above` are those factors. `off` is by what share of the oracle's price the pool's may differ when liquidity
    is added or, by a rule, taken out; `entering` is what adding it may cost, or leave over, as a share.
    """

    name: str
    token: str
    base: str
    below: Fraction
    above: Fraction
    off: Fraction
    entering: Fraction

    @property
    def liquidity(self) -> Var:
        return Var(self.name, Plain.NUMBER)

    @property
    def low(self) -> Var:
        return Var(f"low({self.name})", Plain.NUMBER)

    @property
    def high(self) -> Var:
        return Var(f"high({self.name})", Plain.NUMBER)

    @property
    def part(self) -> Var:
        """What of its worth is worth of its token, in the proofs: the contract computes it (`token_part`)."""
        return Var(f"token part({self.name})", Plain.VALUE)

    @property
    def curve(self) -> Var:
        """By how much it is bent, in the proofs: the contract computes it (`curvature`)."""
        return Var(f"curvature({self.name})", Plain.VALUE)

    @property
    def fees(self) -> Var:
        """What of fees waits to be fetched, in scenarios: no part of the vault's state, since nav does not count it."""
        return Var(f"fees({self.name})", Plain.VALUE)

    @property
    def lost(self) -> Fraction:
        """The share of what is put in that adding liquidity costs at most, where the pool is off by no more than `off`.

        In the range the amounts at t are worth L sqrt(t) (1 - sqrt(P/t))^2 more at P than V(P), and beyond an end of it
        no more than that; L sqrt(t) is at most V(t) / (1 - sqrt(below/above)), and V(t) at most V(P) / (1 - off). Since
        |1 - sqrt(x)| <= |1 - x| / (1 + sqrt(1 - off)), a half of off^2 is more than enough up to a tenth.
        """
        return self.off * self.off / 2 / self.width

    @property
    def width(self) -> Fraction:
        """1 - sqrt(below/above), rounded down."""
        return 1 - root_of(self.below / self.above, up=True)


def root_of(value: Fraction, *, up: bool) -> Fraction:
    """A square root, off by no more than 10^-12: above the true one, or no greater."""
    return Fraction(isqrt(value.numerator * 10**24 // value.denominator) + up, 10**12)


MOST_OFF = Fraction(1, 10)
"""Beyond it `Range.lost` is no bound."""

SAMPLE = number(2**48)
"""So much liquidity shows in which proportion a range consists of its two tokens; `most_prices` says up to where."""

FEWEST_DECIMALS = 10
"""Of the two tokens together: with fewer, prices that tokens have would be too much for SAMPLE."""

MOST_DECIMALS = 18
"""Of each of the two: of a token with more, a sample is worth too few parts to show a proportion."""

LEAST_PRICE = Fraction(1, 10**8)
"""USD, of each of the two: what feeds with 8 decimals tell at least.

So SAMPLE of either is worth 10^13 of its parts and more: one that is cut off is no millionth of the narrowest range.
"""

NARROWEST = Fraction(10_001, 10_000)
"""One tick, between the prices of a range's ends. No narrower one is deployed; `Range.lost` would divide by zero."""


def most_prices(decimals: int) -> int:
    """What two prices in USD multiply to at most, so that SAMPLE can be read; rounded down. `decimals` of both tokens.

    Prices are in 10^-18 USD: under the root stands their product, times (FINE SAMPLE)^2, by 10^decimals.
    """
    sample = SAMPLE.value.numerator * FINE
    most: int = (2**256 - 1) * 10**decimals // (sample * sample * 10**36)
    return most


def least_prices(of: Range, decimals: int) -> str:
    """What two prices in USD multiply to at least, so that SAMPLE shows the proportion to a part in a million.

    In the range SAMPLE is worth no less than k = 1 - sqrt(below / above) of the mean. Part and whole are each off by no
    more than three units of 10^-18 USD, so that 10^7 units of worth are enough, beside what is cut off of each token
    (LEAST_PRICE); outside of it the proportion is exact.
    """
    mean = Fraction(10**7, 10**18) / of.width
    least = mean * mean * 10**decimals / (SAMPLE.value * SAMPLE.value)
    power = next(power for power in range(-60, 60) if Fraction(10) ** power >= least)
    return f"10^{power}"


def worths(of: Range, liquidity: Expr) -> tuple[Expr, Expr, Expr]:
    """What so many smallest units of token and of base are worth, and the mean of the two, in parts of 10^-18 USD."""
    fine = Mul(number(FINE), liquidity)
    token = MulDiv(price(of.token), fine, unit(of.token), Rounding.DOWN)
    base = MulDiv(price(of.base), fine, unit(of.base), Rounding.DOWN)
    return token, base, Root(token, base, Rounding.DOWN)


def worth(of: Range, liquidity: Expr) -> Expr:
    """USD value of liquidity at the prices of the strategy, rounded down."""
    token, base, mean = worths(of, liquidity)
    most_token, most_base = MulDiv(token, Q96, of.high, Rounding.UP), MulDiv(base, of.low, Q96, Rounding.UP)
    below = Monus(MulDiv(token, Q96, of.low, Rounding.DOWN), most_token)
    above = Monus(MulDiv(base, of.high, Q96, Rounding.DOWN), most_base)
    within = Monus(Mul(number(2), mean), Add(most_token, most_base))
    at = If(_is_below(of, base, mean), below, If(_is_above(of, base, mean), above, within))
    return MulDiv(at, number(1), number(FINE), Rounding.DOWN)


def token_part(of: Range, liquidity: Expr) -> Expr:
    """How much of that is worth of `token`, rounded down."""
    token, base, mean = worths(of, liquidity)
    most_token = MulDiv(token, Q96, of.high, Rounding.UP)
    below = Monus(MulDiv(token, Q96, of.low, Rounding.DOWN), most_token)
    at = If(
        _is_below(of, base, mean), below, If(_is_above(of, base, mean), Mul(number(0), mean), Monus(mean, most_token))
    )
    return MulDiv(at, number(1), number(FINE), Rounding.DOWN)


def curvature(of: Range, liquidity: Expr) -> Expr:
    """-P^2 V'' of so much liquidity, as a value, rounded down: L sqrt(P) / 2 between the ends of the range, else zero.

    Unlike worth it leaps at the ends. Whether P is between them is therefore read at SAMPLE, which shows the same for
    any liquidity: so at one price this is a multiple of the liquidity.
    """
    _, base, sample = worths(of, SAMPLE)
    _, _, mean = worths(of, liquidity)
    at = Mul(Q96, sample)
    inside = And((Cmp(Mul(of.low, base), Rel.LT, at), Cmp(at, Rel.LT, Mul(of.high, base))))
    return If(inside, MulDiv(mean, number(1), number(2 * FINE), Rounding.DOWN), zero(Plain.VALUE))


def quotient(of: Range) -> tuple[Expr, Expr]:
    """Two numbers whose quotient is the price of the token in base, smallest unit for smallest unit."""
    return Mul(price(of.token), unit(of.base)), Mul(price(of.base), unit(of.token))


def _is_below(of: Range, base: Expr, mean: Expr) -> Cmp:
    """sqrt(P) <= low, multiplied by what the base is worth."""
    return Cmp(Mul(Q96, mean), Rel.LE, Mul(of.low, base))


def _is_above(of: Range, base: Expr, mean: Expr) -> Cmp:
    return Cmp(Mul(Q96, mean), Rel.GE, Mul(of.high, base))


def slide(low: Fraction, high: Fraction | None) -> tuple[Fraction, Fraction | None]:
    """What a price factor between `low` and `high` makes of a range's worth, wherever the range lies."""
    return min(low, Fraction(1)), None if high is None else max(high, Fraction(1))


def for_token(of: Range, amount: Expr) -> Expr:
    """How much of base that is put in is to be swapped for `token` before, at the proportion by the oracle's price.

    Never more than all of it.
    """
    part, all_of_it = proportion(of)
    return MulDiv(amount, part, all_of_it, Rounding.DOWN)


def proportion(of: Range) -> tuple[Expr, Expr]:
    """What is worth of `token`, and what all is worth: never less."""
    return token_part(of, SAMPLE), worth(of, SAMPLE)
