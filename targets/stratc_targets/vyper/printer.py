"""The model's expressions and formulas as Vyper source. This prints; it derives nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

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
    Root,
    Rounding,
    Sub,
    Var,
)
from stratc_targets.vyper.layout import Atom, Call, Chain, Doc, Level


class NotPrintable(Exception):
    """The model holds an expression that a contract cannot: a bug of the compiler, never the user's fault."""


Called = tuple[str, tuple[Expr, ...]]
"""A function, and what it is asked of."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What variables are called here, and larger parts: those with a name, and those that a function is asked for."""

    variable: Callable[[Var], str]
    named: Mapping[Expr | Formula, str] = field(default_factory=dict)
    function: Callable[[Expr], Called | None] = lambda _: None


def expression(expr: Expr, scope: Scope) -> Doc:
    """The expression, of the same value in every state. Raises NotPrintable for what is no whole number."""
    if expr in scope.named:
        return Atom(scope.named[expr])
    if (called := scope.function(expr)) is not None:
        function, arguments = called
        return Call(function, tuple(expression(argument, scope) for argument in arguments))
    match expr:
        case Num(value):
            return Atom(_number(value))
        case Var():
            return Atom(scope.variable(expr))
        case Add(left, right):
            return Chain(Level.SUM, (*_terms(left, scope), ("+ ", expression(right, scope))))
        case Sub(left, right):
            return Chain(Level.SUM, (("", expression(left, scope)), ("- ", expression(right, scope))))
        case Mul(left, right):
            return Chain(Level.PRODUCT, (("", expression(left, scope)), ("* ", expression(right, scope))))
        case Monus(left, right):
            return Call("arith.monus", (expression(left, scope), expression(right, scope)))
        case Min(left, right):
            return Call("min", (expression(left, scope), expression(right, scope)))
        case MulDiv(left, right, divisor, rounding):
            head = "arith.mul_div_down" if rounding is Rounding.DOWN else "arith.mul_div_up"
            return Call(head, tuple(expression(part, scope) for part in (left, right, divisor)))
        case Root(left, right, rounding):
            head = "roots.down" if rounding is Rounding.DOWN else "roots.up"
            return Call(head, (expression(left, scope), expression(right, scope)))
        case If(condition, then, otherwise):
            return Chain(
                Level.CHOICE,
                (
                    ("", expression(then, scope)),
                    ("if ", formula(condition, scope)),
                    ("else ", expression(otherwise, scope)),
                ),
            )


def formula(given: Formula, scope: Scope) -> Doc:
    """The formula, true in the same states."""
    if given in scope.named:
        return Atom(scope.named[given])
    match given:
        case Cmp(left, relation, right):
            return Chain(
                Level.COMPARISON, (("", expression(left, scope)), (f"{relation.value} ", expression(right, scope)))
            )
        case Not(operand):
            return Chain(Level.NOT, (("not ", formula(operand, scope)),))
        case And(()):
            return Atom("True")
        case Or(()):
            return Atom("False")
        case And((one,)) | Or((one,)):
            return formula(one, scope)
        case And(operands):
            return _joined(Level.AND, "and ", operands, scope)
        case Or(operands):
            return _joined(Level.OR, "or ", operands, scope)


def _joined(level: Level, word: str, operands: tuple[Formula, ...], scope: Scope) -> Doc:
    """The operands in a row, each once: a band's edge can be a minimum too."""
    unique = dict.fromkeys(operands)
    return Chain(level, tuple((word if place else "", formula(one, scope)) for place, one in enumerate(unique)))


def _terms(left: Expr, scope: Scope) -> tuple[tuple[str, Doc], ...]:
    """A sum that leans left prints as one row of terms."""
    if isinstance(left, Add) and left not in scope.named:
        return (*_terms(left.left, scope), ("+ ", expression(left.right, scope)))
    return (("", expression(left, scope)),)


def _number(value: Fraction) -> str:
    if value.denominator != 1 or value < 0:
        raise NotPrintable(f"{value} is no natural number")
    digits = str(value.numerator)
    if len(digits) > 6 and digits == "1" + "0" * (len(digits) - 1):
        return f"10 ** {len(digits) - 1}"
    return f"{value.numerator:_}"
