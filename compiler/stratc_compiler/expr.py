"""The one expression type. Everything that has a number in it is built of these nodes, once.

Renderings elsewhere: exact integers (`interpret`), NumPy arrays over many paths (`arrays`, `estimates`), real
arithmetic for proofs (`relax`, `smt`), Vyper source (`stratc_targets.vyper`), text (`text`). All contract quantities
are non-negative integers in fixed units:

    amount of T   smallest units of T (wei of WETH, millionths of USDC)
    value         10^-18 USD
    price of T    10^-18 USD per whole T
    unit of T     smallest units per whole T (10^decimals)
    shares        10^-18 shares

A division exists only as `MulDiv`, a square root only as `Root`; both name their rounding direction. What is signed (a
delta, a gain) is a sum of such quantities with weights of either sign, a `Combination`.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from fractions import Fraction
from functools import lru_cache

from stratc_dsl.record import Record


class Rounding(Enum):
    DOWN = "down"
    UP = "up"


class Plain(Enum):
    """Dimensions that carry no token."""

    VALUE = "value"
    SHARES = "shares"
    NUMBER = "number"


class Kind(Enum):
    """Dimensions that carry a token."""

    AMOUNT = "amount"
    PRICE = "price"
    UNIT = "unit"


class TokenDim(Record, frozen=True, cache_hash=True):
    kind: Kind
    token: str


Dim = Plain | TokenDim


class DimensionError(Exception):
    """The compiler built an expression whose dimensions do not fit: a bug, never the user's fault."""


class Node(Record, frozen=True, cache_hash=True):
    """A part of an expression or formula. It is looked up often, and never changes: its hash is computed once."""


class Num(Node):
    value: Fraction
    dim: Dim = Plain.NUMBER


class Var(Node):
    """A state or environment variable, a definition of the model, or a name bound in a plan."""

    name: str
    dim: Dim


class Add(Node):
    left: Expr
    right: Expr


class Sub(Node):
    """`left - right`. In the contract it reverts below zero; use `Monus` where zero is meant."""

    left: Expr
    right: Expr


class Monus(Node):
    """`max(left - right, 0)`."""

    left: Expr
    right: Expr


class Mul(Node):
    """A product; in the contract one side is a plain number."""

    left: Expr
    right: Expr


class MulDiv(Node):
    """`left * right / divisor`, rounded as said, with a full-width intermediate product."""

    left: Expr
    right: Expr
    divisor: Expr
    rounding: Rounding


class Root(Node):
    """`sqrt(left * right)`, rounded as said: of two quantities of one dimension, which is the root's too.

    The product is no wider than a word: the contract reverts where it is 2^256 or more.
    """

    left: Expr
    right: Expr
    rounding: Rounding


class Min(Node):
    left: Expr
    right: Expr


class If(Node):
    condition: Formula
    then: Expr
    otherwise: Expr


Expr = Num | Var | Add | Sub | Monus | Mul | MulDiv | Root | Min | If


class Rel(Enum):
    LT = "<"
    LE = "<="
    GE = ">="
    GT = ">"
    EQ = "=="


class Cmp(Node):
    left: Expr
    rel: Rel
    right: Expr


class And(Node):
    operands: tuple[Formula, ...]


class Or(Node):
    operands: tuple[Formula, ...]


class Not(Node):
    operand: Formula


Formula = Cmp | And | Or | Not

Combination = dict[Expr, Fraction]
"""A sum of quantities of one dimension, each times its weight: what has a sign."""

TRUE: Formula = And(())


# ── dimensions ─────────────────────────────────────────────────────────────────────────────


@lru_cache(maxsize=10_000)
def dim_of(expr: Expr) -> Dim:
    """The dimension of an expression. Raises DimensionError where the parts do not fit."""
    match expr:
        case Num(dim=dim) | Var(dim=dim):
            return dim
        case Add(left, right) | Sub(left, right) | Monus(left, right) | Min(left, right) | If(_, left, right):
            return _same(left, right)
        case Root(left, right):
            return _same(left, right)
        case Mul(left, right):
            return _product(dim_of(left), dim_of(right))
        case MulDiv(left, right, divisor):
            return _quotient(dim_of(left), dim_of(right), dim_of(divisor))


def _same(left: Expr, right: Expr) -> Dim:
    a, b = dim_of(left), dim_of(right)
    if a != b:
        raise DimensionError(f"{a} against {b}")
    return a


def _product(left: Dim, right: Dim) -> Dim:
    if left is Plain.NUMBER:
        return right
    if right is Plain.NUMBER:
        return left
    raise DimensionError(f"product of {left} and {right}")


def _quotient(left: Dim, right: Dim, divisor: Dim) -> Dim:
    if right == divisor:
        return left
    if left == divisor:
        return right
    match left, right, divisor:
        case (
            TokenDim(Kind.AMOUNT, token),
            TokenDim(Kind.PRICE, priced),
            TokenDim(Kind.UNIT, counted),
        ) if token == priced == counted:
            return Plain.VALUE
        case Plain.VALUE, TokenDim(Kind.UNIT, counted), TokenDim(Kind.PRICE, priced) if counted == priced:
            return TokenDim(Kind.AMOUNT, counted)
        case TokenDim(Kind.PRICE, priced), Plain.NUMBER, TokenDim(Kind.UNIT, counted) if priced == counted:
            return Plain.VALUE
        case _:
            raise DimensionError(f"{left} times {right} over {divisor}")


# ── construction ───────────────────────────────────────────────────────────────────────────


def amount(name: str, token: str) -> Var:
    return Var(name, TokenDim(Kind.AMOUNT, token))


def price(token: str) -> Var:
    return Var(f"price({token})", TokenDim(Kind.PRICE, token))


def unit(token: str) -> Var:
    return Var(f"unit({token})", TokenDim(Kind.UNIT, token))


def number(value: int | Fraction) -> Num:
    return Num(Fraction(value))


def zero(dim: Dim) -> Num:
    return Num(Fraction(0), dim)


def token_of(expr: Expr) -> str:
    """The token whose amount the expression is. Raises DimensionError where it is none."""
    match dim_of(expr):
        case TokenDim(Kind.AMOUNT, token):
            return token
        case other:
            raise DimensionError(f"{other} is no amount")


def value_of(amount_expr: Expr, rounding: Rounding) -> Expr:
    """USD value of an amount at the oracle price."""
    token = token_of(amount_expr)
    return MulDiv(amount_expr, price(token), unit(token), rounding)


def amount_worth(value: Expr, token: str, rounding: Rounding) -> Expr:
    """The amount of `token` that has the given USD value at the oracle price."""
    return MulDiv(value, unit(token), price(token), rounding)


def scale(expr: Expr, ratio: Fraction, rounding: Rounding) -> Expr:
    """`expr * ratio` for a constant non-negative ratio, rounded."""
    if ratio == 1:
        return expr
    if ratio == 0:
        return zero(dim_of(expr))
    return MulDiv(expr, number(ratio.numerator), number(ratio.denominator), rounding)


def total(terms: tuple[Expr, ...], dim: Dim) -> Expr:
    """The sum of the terms, zero of the dimension where there are none."""
    if not terms:
        return zero(dim)
    result = terms[0]
    for term in terms[1:]:
        result = Add(result, term)
    return result


def times(factor: int | Fraction, expr: Expr) -> Expr:
    return expr if factor == 1 else Mul(number(factor), expr)


def at_least_ratio(left: Expr, ratio: Fraction, right: Expr) -> Formula:
    """`left >= ratio * right`, cross-multiplied so that nothing is rounded."""
    return Cmp(times(ratio.denominator, left), Rel.GE, times(ratio.numerator, right))


def at_most_ratio(left: Expr, ratio: Fraction, right: Expr) -> Formula:
    """`left <= ratio * right`, cross-multiplied so that nothing is rounded."""
    return Cmp(times(ratio.denominator, left), Rel.LE, times(ratio.numerator, right))


def conjunction(parts: tuple[Formula, ...]) -> Formula:
    return parts[0] if len(parts) == 1 else And(parts)


# ── traversal ──────────────────────────────────────────────────────────────────────────────


def children(node: Expr | Formula) -> tuple[Expr | Formula, ...]:
    match node:
        case Num() | Var():
            return ()
        case Add(left, right) | Sub(left, right) | Monus(left, right) | Mul(left, right) | Min(left, right):
            return (left, right)
        case Root(left, right):
            return (left, right)
        case MulDiv(left, right, divisor):
            return (left, right, divisor)
        case If(condition, then, otherwise):
            return (condition, then, otherwise)
        case Cmp(left, _, right):
            return (left, right)
        case And(operands) | Or(operands):
            return operands
        case Not(operand):
            return (operand,)


def variables(node: Expr | Formula) -> Iterator[Var]:
    """Every variable occurrence, left to right."""
    if isinstance(node, Var):
        yield node
    for child in children(node):
        yield from variables(child)


@lru_cache(maxsize=10_000)
def names_in(expr: Expr) -> tuple[str, ...]:
    """The name of every variable occurrence, left to right. The contract's expressions are few, and asked for often."""
    return tuple(var.name for var in variables(expr))


@lru_cache(maxsize=10_000)
def has_root(node: Expr | Formula) -> bool:
    return isinstance(node, Root) or any(has_root(child) for child in children(node))


def arguments_of(formula: Expr, parameters: tuple[Var, ...], expr: Expr) -> tuple[Expr, ...] | None:
    """What stands for each parameter where the expression is the formula of something; None where it is not.

    A parameter stands for one expression of its dimension, and every parameter occurs in the formula.
    """
    found: dict[Var, Expr] = {}

    def fits(part: Expr | Formula, node: Expr | Formula) -> bool:
        if isinstance(part, Var) and part in parameters:
            if isinstance(node, Cmp | And | Or | Not) or found.setdefault(part, node) != node:
                return False
            return dim_of(node) == part.dim
        inside = tuple(zip(children(part), children(node), strict=False))
        if type(part) is not type(node) or len(inside) != len(children(part)) or len(inside) != len(children(node)):
            return False
        return _own(part) == _own(node) and all(fits(one, other) for one, other in inside)

    return tuple(found[one] for one in parameters) if fits(formula, expr) else None


def _own(node: Expr | Formula) -> object:
    """What of a node is no part of it."""
    match node:
        case Num() | Var():
            return node
        case MulDiv(rounding=rounding) | Root(rounding=rounding):
            return rounding
        case Cmp(rel=rel):
            return rel
        case _:
            return None
