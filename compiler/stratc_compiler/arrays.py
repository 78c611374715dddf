"""Expressions and formulas over many paths at once, in NumPy arrays with an entry for each path.

How one walks through an expression is said here; what its numbers are is a parameter: `Exact`, Python integers in
arrays of objects, each entry what `interpret` says of that path, or `estimates.Estimated`, floating point with a bound
of its error. A path on which the contract would revert ends no run, it is marked. As in the contract, a branch that is
not taken and an operand that is not asked may revert.

What hangs on no path is an array of length one, which goes with arrays of any length.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from math import isqrt
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
from msgspec import Struct, field
from numpy.typing import NDArray

from stratc_compiler.expr import (
    Add,
    And,
    Cmp,
    Expr,
    Formula,
    If,
    Min,
    Monus,
    Mul,
    MulDiv,
    Not,
    Num,
    Or,
    Rel,
    Root,
    Rounding,
    Sub,
    Var,
)
from stratc_compiler.vault import Greek

Flags = NDArray[np.bool_]
Whole = NDArray[np.object_]

NEVER: Flags = np.zeros(1, dtype=np.bool_)
"""On no path."""

_WORD = 2**256


class Truth(Struct, frozen=True):
    """Where a formula holds, where the contract reverts, and where numbers that are estimated do not say which.

    Where it reverts it does not hold; where it is unsure, either may be wrong.
    """

    holds: Flags
    reverts: Flags = NEVER
    unsure: Flags = NEVER


ALWAYS = Truth(np.ones(1, dtype=np.bool_))

Column = TypeVar("Column")


class Numbers(Protocol[Column]):
    """What expressions do with numbers of one kind. A path that has reverted once has reverted in all that follows."""

    def constant(self, value: int) -> Column: ...

    def add(self, left: Column, right: Column) -> Column: ...

    def difference(self, left: Column, right: Column) -> Column:
        """With its sign: reverts nowhere anew."""

    def sub(self, left: Column, right: Column) -> Column: ...

    def monus(self, left: Column, right: Column) -> Column: ...

    def mul(self, left: Column, right: Column) -> Column: ...

    def mul_div(self, left: Column, right: Column, divisor: Column, rounding: Rounding) -> Column: ...

    def root(self, left: Column, right: Column, rounding: Rounding) -> Column: ...

    def least(self, left: Column, right: Column) -> Column: ...

    def choose(self, where: Truth, then: Column, otherwise: Column) -> Column: ...

    def compare(self, left: Column, rel: Rel, right: Column) -> Truth: ...


class Paths(Struct, Generic[Column]):
    """Values of expressions over many states: what is `known` of each, and definitions, each of them computed once.

    The columns of `known` have an entry for each path, or a single one where all are alike.
    """

    numbers: Numbers[Column]
    definitions: Mapping[str, Expr]
    known: Mapping[str, Column]
    found: dict[str, Column] = field(default_factory=dict)

    def value(self, expr: Expr) -> Column:
        """The value on each path, rounded as said. KeyError for a variable that nothing is known of."""
        numbers = self.numbers
        match expr:
            case Num(value):
                if value.denominator != 1:
                    raise TypeError(f"{value} is no integer: contract constants are multiplied out")
                return numbers.constant(value.numerator)
            case Var(name):
                return self.named(name)
            case Add(left, right):
                return numbers.add(self.value(left), self.value(right))
            case Sub(left, right):
                return numbers.sub(self.value(left), self.value(right))
            case Monus(left, right):
                return numbers.monus(self.value(left), self.value(right))
            case Mul(left, right):
                return numbers.mul(self.value(left), self.value(right))
            case MulDiv(left, right, divisor, rounding):
                return numbers.mul_div(self.value(left), self.value(right), self.value(divisor), rounding)
            case Root(left, right, rounding):
                return numbers.root(self.value(left), self.value(right), rounding)
            case Min(left, right):
                return numbers.least(self.value(left), self.value(right))
            case If(condition, then, otherwise):
                return numbers.choose(self.holds(condition), self.value(then), self.value(otherwise))

    def named(self, name: str) -> Column:
        """The value of a variable, a definition or a bound name."""
        if name in self.known:
            return self.known[name]
        if name not in self.definitions:
            raise KeyError(name)
        if name not in self.found:
            self.found[name] = self.value(self.definitions[name])
        return self.found[name]

    def greek(self, greek: Greek) -> Column:
        """A sensitivity with its sign, in 10^-18 USD."""
        return self.numbers.difference(self.value(greek.long), self.value(greek.short))

    def holds(self, formula: Formula) -> Truth:
        """Where it holds. Operands are asked from left to right, for as long as they leave the answer open."""
        match formula:
            case Cmp(left, rel, right):
                return self.numbers.compare(self.value(left), rel, self.value(right))
            case And(operands):
                return reduce(_both, (self.holds(operand) for operand in operands), ALWAYS)
            case Or(operands):
                none = reduce(_both, (_not(self.holds(operand)) for operand in operands), ALWAYS)
                return _not(none)
            case Not(operand):
                return _not(self.holds(operand))


def _not(truth: Truth) -> Truth:
    return Truth(~truth.holds & ~truth.reverts, truth.reverts, truth.unsure)


def _both(first: Truth, second: Truth) -> Truth:
    """The second is asked where the first holds."""
    reverts = first.reverts | (first.holds & second.reverts)
    return Truth(first.holds & second.holds, reverts, first.unsure | (first.holds & second.unsure))


# ── exact ──────────────────────────────────────────────────────────────────────────────────


class Integers(Struct, frozen=True):
    """A Python integer for each path; of one that reverts there is a mark, and what is written of it means nothing."""

    values: Whole
    reverts: Flags = NEVER


def integers(values: Sequence[int] | int) -> Integers:
    """One for each path; a single one is the same on all."""
    column = np.empty(1 if isinstance(values, int) else len(values), dtype=np.object_)
    column[...] = values
    return Integers(column)


class Exact:
    """Numbers that are exact: on each path what `interpret` says, the roundings with it."""

    def constant(self, value: int) -> Integers:
        return integers(value)

    def add(self, left: Integers, right: Integers) -> Integers:
        return Integers(left.values + right.values, _either(left, right))

    def difference(self, left: Integers, right: Integers) -> Integers:
        return Integers(left.values - right.values, _either(left, right))

    def sub(self, left: Integers, right: Integers) -> Integers:
        below = left.values < right.values
        kept = self.monus(left, right)
        return Integers(kept.values, kept.reverts | below)

    def monus(self, left: Integers, right: Integers) -> Integers:
        return Integers(np.maximum(left.values - right.values, 0), _either(left, right))

    def mul(self, left: Integers, right: Integers) -> Integers:
        return Integers(left.values * right.values, _either(left, right))

    def mul_div(self, left: Integers, right: Integers, divisor: Integers, rounding: Rounding) -> Integers:
        nothing = divisor.values == 0
        by = np.where(nothing, 1, divisor.values)
        product = left.values * right.values
        whole = product // by if rounding is Rounding.DOWN else -(-product // by)
        return Integers(whole, _either(left, right) | divisor.reverts | nothing)

    def root(self, left: Integers, right: Integers, rounding: Rounding) -> Integers:
        product = left.values * right.values
        below = _ISQRT(product)
        whole = below if rounding is Rounding.DOWN else below + (below * below != product)
        return Integers(whole, _either(left, right) | (product >= _WORD))

    def least(self, left: Integers, right: Integers) -> Integers:
        return Integers(np.minimum(left.values, right.values), _either(left, right))

    def choose(self, where: Truth, then: Integers, otherwise: Integers) -> Integers:
        reverts = where.reverts | np.where(where.holds, then.reverts, otherwise.reverts)
        return Integers(np.where(where.holds, then.values, otherwise.values), reverts)

    def compare(self, left: Integers, rel: Rel, right: Integers) -> Truth:
        reverts = _either(left, right)
        return Truth(related(left.values, rel, right.values) & ~reverts, reverts)


_ISQRT = np.frompyfunc(isqrt, 1, 1)


def _either(left: Integers, right: Integers) -> Flags:
    return left.reverts | right.reverts


def related(left: NDArray[Any], rel: Rel, right: NDArray[Any]) -> Flags:
    """The comparison of each entry with its counterpart."""
    match rel:
        case Rel.LT:
            return left < right
        case Rel.LE:
            return left <= right
        case Rel.GE:
            return left >= right
        case Rel.GT:
            return left > right
        case Rel.EQ:
            equal: Flags = left == right
            return equal
