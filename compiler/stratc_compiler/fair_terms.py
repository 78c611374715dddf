"""What the obligations of `fair` are written in: contract arithmetic over the reals, in the contract's own units."""

from __future__ import annotations

from msgspec import Struct, field

from stratc_compiler.expr import (
    Add,
    Cmp,
    Expr,
    Formula,
    Monus,
    Mul,
    MulDiv,
    Num,
    Or,
    Rel,
    Root,
    Rounding,
    Sub,
    Var,
    number,
)
from stratc_compiler.relax import ZERO, real
from stratc_compiler.vault import Vault
from stratc_compiler.verdict import Hypothesis, Obligation

CLAIM = "fair"


class Exact(Struct):
    """Contract arithmetic over the reals, each division between the bounds that its rounding gives it."""

    vault: Vault
    known: dict[str, Expr] = field(default_factory=dict)
    facts: list[Hypothesis] = field(default_factory=list)

    def learn(self, label: str, *formulas: Formula) -> None:
        self.facts += [Hypothesis(label, formula) for formula in formulas]

    def fresh(self, stem: str) -> Var:
        return real(f"{stem}#{len(self.facts)}")

    def amount(self, name: str) -> Var:
        """An unknown that is never negative."""
        unknown = real(name)
        self.learn("amounts are never negative", Cmp(unknown, Rel.GE, ZERO))
        return unknown

    def expr(self, expr: Expr) -> Expr:
        match expr:
            case Num(value):
                return number(value)
            case Var(name):
                return self.known[name]
            case Add(left, right):
                return Add(self.expr(left), self.expr(right))
            case Sub(left, right):
                return Sub(self.expr(left), self.expr(right))
            case Mul(left, right):
                return Mul(self.expr(left), self.expr(right))
            case Monus(left, right):
                return self._monus(self.expr(left), self.expr(right))
            case MulDiv(left, right, divisor, rounding):
                return self._quotient(Mul(self.expr(left), self.expr(right)), self.expr(divisor), rounding)
            case Root(left, right, rounding):
                return self._root(Mul(self.expr(left), self.expr(right)), rounding)
            case other:
                raise TypeError(f"no part of an account: {type(other).__name__}")

    def _monus(self, left: Expr, right: Expr) -> Expr:
        """Nav is assets less debts, where assets cover them; that they do is the business of `survives`."""
        self.learn("solvent", Cmp(left, Rel.GE, right))
        return Sub(left, right)

    def _quotient(self, product: Expr, divisor: Expr, rounding: Rounding) -> Expr:
        result = self.fresh("quotient")
        exact = Mul(result, divisor)
        self.learn("definition", Cmp(result, Rel.GE, ZERO))
        if rounding is Rounding.DOWN:
            self.learn("definition", Cmp(exact, Rel.LE, product), Cmp(exact, Rel.GT, Sub(product, divisor)))
        else:
            self.learn("definition", Cmp(exact, Rel.GE, product), Cmp(exact, Rel.LT, Add(product, divisor)))
        return result

    def _root(self, product: Expr, rounding: Rounding) -> Expr:
        result = self.fresh("root")
        self.learn("definition", Cmp(result, Rel.GE, ZERO))
        if rounding is Rounding.DOWN:
            above = Add(result, number(1))
            self.learn("definition", Cmp(Mul(result, result), Rel.LE, product), Cmp(Mul(above, above), Rel.GT, product))
        else:
            # Of nothing it is nothing; else one less is below the root.
            below = Sub(result, number(1))
            close = Or((Cmp(result, Rel.LE, ZERO), Cmp(Mul(below, below), Rel.LT, product)))
            self.learn("definition", Cmp(Mul(result, result), Rel.GE, product), close)
        return result


def obligation(short: str, text: str, exact: Exact, goal: Formula) -> Obligation:
    return Obligation(f"{CLAIM}/{short}", CLAIM, text, tuple(exact.facts), goal)
