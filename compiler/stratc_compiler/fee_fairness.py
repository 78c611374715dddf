"""What `fair` says of fees: how much they take at the most, and of what. Exact, as `fairness` is.

A fee is minted as shares, so what it takes is what those shares are worth at the share price after it. The charge is
the model's own, step by step, from any supply, any total assets, any mark and any silence before it.
"""

from __future__ import annotations

from fractions import Fraction

from stratc_compiler.expr import (
    Add,
    And,
    Cmp,
    Expr,
    Formula,
    If,
    Min,
    Mul,
    MulDiv,
    Not,
    Num,
    Or,
    Rel,
    Rounding,
    Sub,
    number,
)
from stratc_compiler.fair_terms import Exact, obligation
from stratc_compiler.fairness import ONE
from stratc_compiler.fees import (
    ELAPSED,
    GAIN_FEE,
    LIMIT,
    SUPPLY_BEFORE_GAIN_FEE,
    SUPPLY_DUE,
    TIME_FEE,
    YEAR,
    gain_charged,
    mark,
    mark_due,
    per_mark,
)
from stratc_compiler.relax import ZERO, real
from stratc_compiler.shares import SUPPLY, total_assets, virtual_shares
from stratc_compiler.vault import Vault
from stratc_compiler.verdict import Obligation
from stratc_dsl.administration import ManagementFee, PerformanceFee


class _Charge(Exact):
    """With the choices of a charge, and what is known of their outcome whichever they are.

    Large coefficients are too much for the linear solver. So of a mark, `Mul(scale, x)`, it is told `x`; of seconds,
    `Mul(YEAR, x)`, too; divisors with constants are divided by these; and the limit may be any number.
    """

    def expr(self, expr: Expr) -> Expr:
        match expr:
            case Num(value) if value == LIMIT:
                return real("limit")
            case MulDiv(left, right, Num(value), Rounding.UP) if value == self.scale:
                return self._quotient(Mul(_without(value, self.expr(left)), self.expr(right)), ONE, Rounding.UP)
            case MulDiv(left, Num(value), divisor, Rounding.UP) if value == self.scale:
                return Mul(number(value), self._at_least(self.expr(left), self.expr(divisor)))
            case MulDiv(left, right, Num(value), rounding):
                exact = Mul(Mul(self.expr(left), self.expr(right)), number(1 / value))
                return self._quotient(exact, ONE, rounding)
            case MulDiv(left, right, Sub(Num(value), other), rounding):
                part, rest = (Mul(self.expr(one), number(1 / value)) for one in (right, other))
                return self._quotient(Mul(self.expr(left), part), Sub(ONE, rest), rounding)
            case Min(left, Num(value)) if value == YEAR:
                years = _without(value, self.expr(left))
                return Mul(number(value), self._choice(Cmp(years, Rel.LE, ONE), years, ONE, most=(years, ONE)))
            case If(Cmp(first, Rel.GT, second), then, otherwise) if (first, second) == (then, otherwise):
                return self._larger(self.expr(first), self.expr(second))
            case If(condition, then, Num(value)) if value == 0:
                most = self.expr(then)
                return self._choice(self._formula(condition), most, ZERO, most=(most,))
            case If(condition, then, otherwise):
                return self._choice(self._formula(condition), self.expr(then), self.expr(otherwise), most=())
            case Min(left, right):
                first, second = self.expr(left), self.expr(right)
                return self._choice(Cmp(first, Rel.LE, second), first, second, most=(first, second))
            case _:
                return super().expr(expr)

    @property
    def scale(self) -> Fraction:
        return per_mark(self.vault.strategy.token(self.vault.base).decimals).value

    def _at_least(self, product: Expr, divisor: Expr) -> Expr:
        """A quotient that was rounded up, of which only that is known."""
        result = self.fresh("quotient")
        self.learn("definition", Cmp(result, Rel.GE, ZERO), Cmp(Mul(result, divisor), Rel.GE, product))
        return result

    def _larger(self, left: Expr, right: Expr) -> Expr:
        first, second = _without(self.scale, left), _without(self.scale, right)
        result = self.fresh("larger")
        self.learn("definition", Cmp(result, Rel.GE, first), Cmp(result, Rel.GE, second))
        self.learn("definition", Or((Cmp(result, Rel.EQ, first), Cmp(result, Rel.EQ, second))))
        return Mul(number(self.scale), result)

    def _monus(self, left: Expr, right: Expr) -> Expr:
        result, difference = self.fresh("difference"), Sub(left, right)
        self.learn("definition", Cmp(result, Rel.GE, ZERO), Cmp(result, Rel.GE, difference))
        self.learn("definition", Or((Cmp(result, Rel.EQ, ZERO), Cmp(result, Rel.EQ, difference))))
        return result

    def _choice(self, holds: Formula, then: Expr, otherwise: Expr, most: tuple[Expr, ...]) -> Expr:
        """One of two numbers, none of them negative; `most` are bounds of both."""
        result = self.fresh("choice")
        self.learn("definition", Cmp(result, Rel.GE, ZERO), *(Cmp(result, Rel.LE, bound) for bound in most))
        cases = (And((holds, Cmp(result, Rel.EQ, then))), And((Not(holds), Cmp(result, Rel.EQ, otherwise))))
        self.learn("definition", Or(cases))
        return result

    def _formula(self, formula: Formula) -> Formula:
        match formula:
            case Cmp(left, rel, right):
                return Cmp(self.expr(left), rel, self.expr(right))
            case And(operands):
                return And(tuple(self._formula(operand) for operand in operands))
            case other:
                raise TypeError(f"no condition of a charge: {type(other).__name__}")


def _without(scale: Fraction, expr: Expr) -> Expr:
    """What a multiple is a multiple of."""
    match expr:
        case Mul(Num(value), one) if value == scale:
            return one
        case other:
            raise TypeError(f"no multiple of {scale}: {other}")


def fee_fairness(vault: Vault) -> tuple[Obligation, ...]:
    """The obligations that fees add; none without fees."""
    found: list[Obligation] = []
    for fee in vault.strategy.fees:
        match fee:
            case ManagementFee():
                found.append(_time(vault, fee))
            case PerformanceFee():
                found += _gain(vault, fee)
    return tuple(found)


def _charged(vault: Vault) -> _Charge:
    exact = _Charge(vault)
    for var in (SUPPLY, total_assets(vault.base)):
        exact.known[var.name] = exact.amount(var.name)
    exact.known[ELAPSED.name] = Mul(number(YEAR), exact.amount("years elapsed"))
    exact.known[mark(vault.base).name] = Mul(number(exact.scale), exact.amount("mark of one share"))
    for let in vault.charge:
        exact.known[let.name.name] = exact.expr(let.expr)
    return exact


def _time(vault: Vault, fee: ManagementFee) -> Obligation:
    exact = _charged(vault)
    supply, minted = exact.known[SUPPLY.name], exact.known[TIME_FEE.name]
    a_year = number(fee.ratio * YEAR / fee.per)
    most = Mul(Mul(a_year, _without(Fraction(YEAR), exact.known[ELAPSED.name])), Add(supply, minted))
    words = "of all shares the management fee mints no more than its ratio for the time that has passed"
    return obligation("fees/time", words, exact, Cmp(minted, Rel.LE, most))


def _gain(vault: Vault, fee: PerformanceFee) -> tuple[Obligation, ...]:
    """With A what all shares are worth, W all shares before and W + s after, F what is charged, m the mark.

    The share price after is A / (W + s). That it is m or more follows from `worth` and `left` together, since
    s A <= F (W + s) says that it is (A - F) / W or more.
    """
    exact = _charged(vault)
    known, base = exact.known, vault.base
    virtual = number(virtual_shares(vault.strategy.token(base).decimals))
    before = Add(known.get(SUPPLY_BEFORE_GAIN_FEE.name, known[SUPPLY.name]), virtual)
    after = Add(known[SUPPLY_DUE.name], virtual)
    worth = Add(known[total_assets(base).name], ONE)
    old, new = (_without(exact.scale, known[var.name]) for var in (mark(base), mark_due(base)))
    charged, minted = known[gain_charged(base).name], known[GAIN_FEE.name]
    gain = Sub(worth, Mul(old, before))
    none = Cmp(charged, Rel.LE, ZERO)
    in_range = Cmp(known[total_assets(base).name], Rel.LE, real("limit"))
    goals: dict[str, tuple[str, Formula]] = {
        "worth": (
            "what the performance fee mints is worth no more than what it charges",
            Cmp(Mul(minted, worth), Rel.LE, Mul(charged, after)),
        ),
        "part": (
            "it charges no more than its ratio of the gain over the mark, and nothing without one",
            Or((none, Cmp(charged, Rel.LE, Mul(number(fee.ratio), gain)))),
        ),
        "left": (
            "what it does not charge is worth the mark or more",
            Or((none, Cmp(Sub(worth, charged), Rel.GE, Mul(old, before)))),
        ),
        "again": (
            "what has been gained is at the mark or below it from then on",
            Or((Not(in_range), Cmp(Mul(new, after), Rel.GE, worth))),
        ),
        "mark": ("the mark does not fall", Cmp(new, Rel.GE, old)),
    }
    return tuple(obligation(f"fees/{short}", words, exact, goal) for short, (words, goal) in goals.items())
