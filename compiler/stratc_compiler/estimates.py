"""Expressions over many paths in floating point, each number with a bound of how far it is from the exact one.

`arrays` walks, this computes: some hundred times faster than exact integers. Every operation adds to the bound what it
rounds itself and what errors of its operands come to at the most (running error analysis, as in N. Higham, Accuracy and
Stability of Numerical Algorithms, 2nd edition, 3.3). So it holds of whatever is asked, of differences of things almost
alike too. Where it is infinite nothing is known of the path, not even whether the contract reverts there.

What it comes to: nav of the examples is known to 10^-14 of assets and debts together, and some units of rounding.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from stratc_compiler.arrays import NEVER, Flags, Truth, related
from stratc_compiler.expr import Rel, Rounding

Floats = NDArray[np.float64]

ROUND = 2.0**-53
"""The most that one operation is off, as a share of its result."""

SPARE = 1 + 2.0**-48
"""What bounds are multiplied by: more than what computing one, in a dozen operations, may have rounded away."""

WORD = 2.0**256

_QUIETLY = np.errstate(all="ignore")
"""Numbers of paths that revert, or of which nothing is known, are infinite and worse."""


class Estimate(Struct, frozen=True):
    """A number for each path, and a bound of how far it is from the exact one; of what reverts both mean nothing."""

    values: Floats
    off: Floats
    reverts: Flags = NEVER


def estimates(values: Sequence[int] | int) -> Estimate:
    """Of exact integers, one for each path; a single one is the same on all."""
    column = np.array([float(value) for value in ((values,) if isinstance(values, int) else values)])
    return Estimate(column, np.where(np.abs(column) < 2.0**53, 0.0, column * ROUND))


def simulated(values: Floats) -> Estimate:
    """Of whole numbers that a simulation has drawn as they are, in floating point: these are exact."""
    if not np.array_equal(values, np.floor(values)):
        raise ValueError("contract quantities are whole numbers")
    return Estimate(values, np.zeros(1))


class Estimated:
    """Numbers that are off by no more than they say."""

    def constant(self, value: int) -> Estimate:
        return estimates(value)

    @_QUIETLY
    def add(self, left: Estimate, right: Estimate) -> Estimate:
        return _bounded(left.values + right.values, left.off + right.off, _either(left, right))

    @_QUIETLY
    def difference(self, left: Estimate, right: Estimate) -> Estimate:
        return _bounded(left.values - right.values, left.off + right.off, _either(left, right))

    @_QUIETLY
    def sub(self, left: Estimate, right: Estimate) -> Estimate:
        apart = self.difference(left, right)
        below = apart.values + apart.off < 0
        perhaps = apart.values - apart.off < 0
        return Estimate(apart.values, np.where(perhaps, np.inf, apart.off), apart.reverts | below)

    @_QUIETLY
    def monus(self, left: Estimate, right: Estimate) -> Estimate:
        apart = self.difference(left, right)
        nothing = apart.values + apart.off <= 0
        return Estimate(np.maximum(apart.values, 0), np.where(nothing, 0.0, apart.off), apart.reverts)

    @_QUIETLY
    def mul(self, left: Estimate, right: Estimate) -> Estimate:
        return _bounded(left.values * right.values, _off_product(left, right), _either(left, right))

    @_QUIETLY
    def mul_div(self, left: Estimate, right: Estimate, divisor: Estimate, rounding: Rounding) -> Estimate:
        """With a, b, d for A, B, D: |AB/D - ab/d| <= (|AB - ab| + (ab/d) |D - d|) / D, where D >= d - |D - d|."""
        reverts = _either(left, right) | divisor.reverts | ((divisor.values == 0) & (divisor.off == 0))
        quotient = left.values * right.values / divisor.values
        least = (divisor.values - divisor.off) / SPARE
        off = (_off_product(left, right) + np.abs(quotient) * divisor.off) / least
        off = np.where(least > 0, off + 3 * ROUND * np.abs(quotient), np.inf)
        return _rounded(quotient, off, rounding, reverts)

    @_QUIETLY
    def root(self, left: Estimate, right: Estimate, rounding: Rounding) -> Estimate:
        """With p for P: |sqrt(P) - sqrt(p)| is at most |P - p| / sqrt(p), and at most sqrt(|P - p|)."""
        product = self.mul(left, right)
        root = np.sqrt(product.values)
        off = np.fmin(product.off / root, np.sqrt(product.off)) + 2 * ROUND * root
        no_word = (product.values - product.off) / SPARE >= WORD
        perhaps = ~(product.values + product.off < WORD)
        return _rounded(root, np.where(perhaps, np.inf, off), rounding, product.reverts | no_word)

    def least(self, left: Estimate, right: Estimate) -> Estimate:
        off = np.maximum(left.off, right.off)
        return Estimate(np.minimum(left.values, right.values), off, _either(left, right))

    def choose(self, where: Truth, then: Estimate, otherwise: Estimate) -> Estimate:
        """Nothing is known where it is not known which: the other may be any number, or revert."""
        taken = np.where(where.holds, then.values, otherwise.values)
        off = np.where(where.unsure, np.inf, np.where(where.holds, then.off, otherwise.off))
        reverts = where.reverts | np.where(where.holds, then.reverts, otherwise.reverts)
        return Estimate(taken, off, reverts & ~where.unsure)

    @_QUIETLY
    def compare(self, left: Estimate, rel: Rel, right: Estimate) -> Truth:
        reverts = _either(left, right)
        slack = left.off + right.off
        apart = np.abs(left.values - right.values) * (1 - 2 * ROUND)
        # Numbers that are not off at all compare as they are.
        unsure = (slack > 0) & ~(apart > slack * SPARE)
        return Truth(related(left.values, rel, right.values) & ~reverts, reverts, unsure & ~reverts)


def _either(left: Estimate, right: Estimate) -> Flags:
    return left.reverts | right.reverts


def _off_product(left: Estimate, right: Estimate) -> Floats:
    """|AB - ab|."""
    return np.abs(left.values) * right.off + np.abs(right.values) * left.off + left.off * right.off


def _bounded(values: Floats, off: Floats, reverts: Flags) -> Estimate:
    """The result of one operation on floating-point numbers, which itself is rounded."""
    off = np.where(off == 0, _unless_whole(values), (off + ROUND * np.abs(values)) * SPARE)
    return Estimate(np.asarray(values), np.where(np.isnan(off), np.inf, off), reverts)


def _unless_whole(values: Floats) -> Floats:
    """Whole numbers are added, subtracted and multiplied exactly as long as the result is below 2^53."""
    return np.where(np.abs(values) < 2.0**53, 0.0, np.abs(values) * ROUND)


def _rounded(values: Floats, off: Floats, rounding: Rounding, reverts: Flags) -> Estimate:
    """To a whole number: off by up to one more, unless all that it may be is rounded alike."""
    whole = np.floor if rounding is Rounding.DOWN else np.ceil
    off = np.where(np.isnan(off), np.inf, off * SPARE)
    least, most = np.nextafter(values - off, -np.inf), np.nextafter(values + off, np.inf)
    sure = (off == 0) | (whole(least) == whole(most))
    rounded = whole(values)
    return Estimate(np.asarray(rounded), np.where(sure, 0.0, (off + 1) * SPARE), reverts)
