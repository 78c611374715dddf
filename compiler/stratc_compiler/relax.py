"""From contract arithmetic to real arithmetic, as an over-approximation.

A frame holds the state at one moment in base-worth coordinates (see `environment`). In these coordinates converting
an amount to its value and back is the identity, so everything the contract computes becomes linear; what is left of
each rounded division is an error of at most `dust`. `dust` bounds the worth of one smallest unit of any token, of
10^-8 USD and of one share of any ERC-4626 venue at any moment of the round: every integer run of the contract is one
of the real runs admitted here, never the other way round.

Everything is homogeneous (all constants are ratios), so worth is counted in multiples of dust: `DUST` is the number 1,
which loses no case, and an error is a variable between 0 and 1.
"""

from __future__ import annotations

from fractions import Fraction

from msgspec import Struct, field

from stratc_compiler.expr import (
    Add,
    And,
    Cmp,
    Expr,
    Formula,
    If,
    Kind,
    Min,
    Monus,
    Mul,
    MulDiv,
    Not,
    Num,
    Or,
    Plain,
    Rel,
    Root,
    Rounding,
    Sub,
    TokenDim,
    Var,
    dim_of,
    has_root,
    names_in,
    number,
)
from stratc_compiler.ranges import Range, curvature, proportion, token_part
from stratc_compiler.vault import Held, Vault
from stratc_compiler.verdict import Hypothesis
from stratc_dsl.record import Record

DUST: Expr = number(1)
ZERO = number(0)

PROPORTION = Fraction(1, 1_000_000)
"""By no larger share is the proportion rounded that a range's sample is read at (`scale(v)`)."""


def real(name: str) -> Var:
    """A real variable of the proofs."""
    return Var(name, Plain.NUMBER)


_TIMES = " times "


def product_with(worth: Var, measured: Expr) -> Var:
    """What the product of a worth with volatilities is called."""
    return real(_TIMES.join((worth.name, *names_in(measured))))


def factors_of(product: Var) -> tuple[Var, Var] | None:
    """Of such a product what its last volatility is multiplied with, and that; None of any other variable."""
    worth, times, volatility = product.name.rpartition(_TIMES)
    return (real(worth), real(volatility)) if times else None


class NotLinear(Exception):
    """An expression of the contract has no linear rendering in base-worth coordinates."""


class Trace(Struct):
    """Facts gathered along one symbolic run; copied where runs part."""

    facts: tuple[Hypothesis, ...] = ()
    counter: int = 0
    excess: dict[tuple[Expr, Expr], Expr] = field(default_factory=dict)
    """By how much the one is more than the other, where that was asked for, as a variable."""

    def fork(self) -> Trace:
        return Trace(self.facts, self.counter, dict(self.excess))

    def fresh(self, stem: str) -> Var:
        self.counter += 1
        return real(f"{stem}#{self.counter}")

    def learn(self, label: str, *formulas: Formula) -> None:
        self.facts += tuple(Hypothesis(label, formula) for formula in formulas)


class Part(Record):
    """What of so much worth of a range, at the prices of a frame, is worth of its token, up to a `slack`."""

    of: Range
    whole: Expr
    part: Expr
    slack: Expr


Computation = tuple[Expr, tuple[Expr, ...]]
"""An expression of the contract, and what its variables stand for."""


class Frame(Struct):
    """The state at one moment: worth of each state variable, and the definitions computed from it so far.

    `parts` are what plans have asked for at this moment's prices: while these stand still, ranges keep to them. So do
    `products` of what something is worth with a volatility, while this says the same. `computed` is what was computed
    at these prices: of the same numbers the contract computes the same, rounded alike.
    """

    vault: Vault
    state: dict[str, Expr]
    trace: Trace
    known: dict[str, Expr] = field(default_factory=dict)
    parts: tuple[Part, ...] = ()
    products: dict[tuple[Expr, Expr], Var] = field(default_factory=dict)
    computed: dict[Computation, Expr] = field(default_factory=dict)

    def moved(self, changes: dict[str, Expr]) -> Frame:
        """The frame after some state variables changed; names bound by the plan stay bound."""
        bound = {name: expr for name, expr in self.known.items() if name not in self.vault.definitions}
        state, products = {**self.state, **changes}, dict(self.products)
        return Frame(self.vault, state, self.trace, bound, self.parts, products, self.computed)

    def primed(self) -> Frame:
        """The frame with every definition computed, so that facts do not depend on what is asked of it later."""
        for name in self.vault.definitions:
            self._variable(name)
        return self

    def fork(self) -> Frame:
        known, products, computed = dict(self.known), dict(self.products), dict(self.computed)
        return Frame(self.vault, dict(self.state), self.trace.fork(), known, self.parts, products, computed)

    def formula(self, formula: Formula) -> Formula:
        """The formula over this frame's real variables."""
        match formula:
            case Cmp(left, rel, right):
                return Cmp(self.expr(left), rel, self.expr(right))
            case And(operands):
                return And(tuple(self.formula(operand) for operand in operands))
            case Or(operands):
                return Or(tuple(self.formula(operand) for operand in operands))
            case Not(operand):
                return Not(self.formula(operand))

    def expr(self, expr: Expr) -> Expr:
        """The expression over this frame's real variables. Raises NotLinear."""
        match expr:
            case Num(value):
                return number(value)
            case Var(name):
                return self._variable(name)
            case Add(left, right):
                return Add(self.expr(left), self.expr(right))
            case Sub(left, right):
                return Sub(self.expr(left), self.expr(right))
            case Mul(left, right):
                return Mul(self.expr(left), self.expr(right))
            case _:
                return self._computed(expr)

    def _computed(self, expr: Expr) -> Expr:
        """What takes rows of its own to say, said once of the same numbers."""
        here = tuple([self._variable(name) for name in names_in(expr) if self._is_state(name)])
        known = self.computed.get((expr, here))
        if known is None:
            known = self.computed[expr, here] = self._compute(expr)
        return known

    def _is_state(self, name: str) -> bool:
        """All but prices, units and ends of ranges, which stand still."""
        return name in self.known or name in self.state or name in self.vault.definitions

    def _compute(self, expr: Expr) -> Expr:
        match expr:
            case Monus(left, right):
                return self.monus(self.expr(left), self.expr(right))
            case Min(left, right):
                return self._least(self.expr(left), self.expr(right))
            case If(Cmp(size, Rel.GE, threshold), then, Num(Fraction(numerator=0))) if _converts(size, then):
                return self._unless_small(threshold, then)
            case If() if self.vault.bent and (of := self._bent(expr)):
                return self._reading_of_part(self.state[of.curve.name])
            case If(condition, then, otherwise):
                return self._either(self.formula(condition), self.expr(then), self.expr(otherwise))
            case MulDiv(left, right) if self.vault.rings and self._is_measured(right):
                return self._times(self.expr(left), right)
            case MulDiv(left, right, divisor) if has_root(divisor) and (of := self._proportion(right, divisor)):
                return self._some_of(of, self.expr(left), is_worth=dim_of(left) is Plain.VALUE)
            case MulDiv(left) if self.vault.divided and has_root(left) and (of := self._divided(expr)):
                return self._reading_of_part(self.state[of.part.name])
            case MulDiv(left, right, divisor, rounding):
                inner = self.expr(left)
                if inner == ZERO:
                    return ZERO
                factor = _factor(left, right, divisor)
                return self._rounded(inner if factor == 1 else Mul(number(factor), inner), rounding)
            case Root():
                raise NotLinear("a square root: its venue states what becomes of it")
            case _:
                raise TypeError(f"nothing to compute: {type(expr).__name__}")

    def _variable(self, name: str) -> Expr:
        if name in self.known:
            return self.known[name]
        if name in self.vault.ranges:
            # What moves a range's worth is said where it moves; here it is read, rounded as it is in the contract.
            self.known[name] = self._told(self.vault.ranges[name], Rounding.DOWN, DUST)
            return self.known[name]
        if name in self.vault.shorts:
            # Three conversions, each rounded up: a unit of margin, and two of 10^-18 USD, which are less than another.
            self.known[name] = self._told(self.vault.shorts[name], Rounding.UP, number(2))
            return self.known[name]
        if name in self.vault.definitions:
            self.known[name] = self.expr(self.vault.definitions[name])
            return self.known[name]
        return self.state[name]

    def _told(self, held: Held, rounding: Rounding, most: Expr) -> Expr:
        """What the contract says a position is worth: of as much of it, at the same prices, the same."""
        worth = self.state[held.name]
        if (held.var, (worth,)) not in self.computed:
            self.computed[held.var, (worth,)] = self._rounded(worth, rounding, most)
        return self.computed[held.var, (worth,)]

    def monus(self, left: Expr, right: Expr) -> Expr:
        """max(left - right, 0), as bounds and one clause: the solver does better with these than with a conditional.

        Of two numbers only one is more than the other: what max(right - left, 0) is known to be says the rest.
        """
        excess = self.trace.excess
        if (left, right) not in excess:
            difference = Sub(left, right)
            if (right, left) in excess:
                result = self.named("over", Add(excess[right, left], difference))
            else:
                result = self.trace.fresh("over")
                self.trace.learn("definition", Cmp(result, Rel.GE, ZERO), Cmp(result, Rel.GE, difference))
                self.trace.learn("definition", Or((Cmp(result, Rel.LE, ZERO), Cmp(result, Rel.LE, difference))))
            excess[left, right] = result
        return excess[left, right]

    def _least(self, left: Expr, right: Expr) -> Expr:
        """min(left, right), by bounds and one clause."""
        result = self.trace.fresh("least")
        self.trace.learn("definition", Cmp(result, Rel.LE, left), Cmp(result, Rel.LE, right))
        self.trace.learn("definition", Or((Cmp(result, Rel.GE, left), Cmp(result, Rel.GE, right))))
        return result

    def _proportion(self, part: Expr, whole: Expr) -> Range | None:
        ranges = (held.range for held in self.vault.ranges.values() if held.range is not None)
        return next((of for of in ranges if proportion(of) == (part, whole)), None)

    def _divided(self, part: Expr) -> Range | None:
        ranges = (held.range for held in self.vault.divided if held.range is not None)
        return next((of for of in ranges if token_part(of, of.liquidity) == part), None)

    def _bent(self, curve: Expr) -> Range | None:
        ranges = (held.range for held in self.vault.bent if held.range is not None)
        return next((of for of in ranges if curvature(of, of.liquidity) == curve), None)

    def _some_of(self, of: Range, whole: Expr, *, is_worth: bool) -> Expr:
        """A part of something, in the proportion of two worths of a range, the one a part of the other.

        Of what is worth something it is kept in mind, where a sensitivity asks for what the range itself consists of.
        """
        result = self.trace.fresh("part")
        self.trace.learn("definition", Cmp(result, Rel.GE, ZERO), Cmp(result, Rel.LE, whole))
        divided = next((held for held in self.vault.divided if held.range == of), None)
        if divided is not None and is_worth:
            asked = Part(of, whole, result, Add(DUST, Mul(number(PROPORTION), whole)))
            self.keep(asked, self.state[divided.name], self.state[of.part.name])
            self.parts += (asked,)
        return result

    def keep(self, known: Part, whole: Expr, part: Expr) -> None:
        """Of two worths of a range at one price, the larger one has the larger part, by no more than it is larger."""
        more, larger = Sub(part, known.part), Sub(whole, known.whole)
        slack, less = known.slack, Sub(ZERO, known.slack)
        above = (Cmp(larger, Rel.GE, ZERO), Cmp(more, Rel.GE, less), Cmp(more, Rel.LE, Add(larger, slack)))
        below = (Cmp(larger, Rel.LE, ZERO), Cmp(more, Rel.LE, slack), Cmp(more, Rel.GE, Sub(larger, slack)))
        self.trace.learn("definition", Or((And(above), And(below))))

    def _is_measured(self, expr: Expr) -> bool:
        """Whether it is a volatility, or made of some."""
        return dim_of(expr) is Plain.NUMBER and not self.vault.measured.isdisjoint(names_in(expr))

    def _times(self, worth: Expr, measured: Expr) -> Expr:
        """A product with what a ring says, which may be anything: so may the product of what is not negative."""
        if worth == ZERO:
            return ZERO
        if (worth, measured) not in self.products:
            named = self.named("measured", worth)
            assert isinstance(named, Var), "no product of a constant has a name"
            product = product_with(named, measured)
            self.trace.learn("definition", Cmp(product, Rel.GE, ZERO))
            self.products[worth, measured] = product
        return self.products[worth, measured]

    def _reading_of_part(self, exact: Expr) -> Expr:
        """What the contract computes of a part or a curvature, whose roots are rounded: either way where one end of the
        range is near."""
        error = self.trace.fresh("error")
        read = self.named("reading", Add(exact, error))
        self.trace.learn(
            "rounding", Cmp(error, Rel.GE, Mul(number(-1), DUST)), Cmp(error, Rel.LE, DUST), Cmp(read, Rel.GE, ZERO)
        )
        return read

    def _either(self, condition: Formula, then: Expr, otherwise: Expr) -> Expr:
        result = self.trace.fresh("either")
        first = And((condition, Cmp(result, Rel.EQ, then)))
        second = And((Not(condition), Cmp(result, Rel.EQ, otherwise)))
        self.trace.learn("definition", Or((first, second)))
        return result

    def _rounded(self, exact: Expr, rounding: Rounding, most: Expr = DUST) -> Expr:
        """The exact result less, or plus, an error of at most one unit of account, or of so many."""
        error = self.trace.fresh("error")
        self.trace.learn("rounding", Cmp(error, Rel.GE, ZERO), Cmp(error, Rel.LE, most))
        if rounding is Rounding.DOWN:
            result = Sub(exact, error)
            if isinstance(exact, Var):
                # A position's value is never negative; where nothing is held and owed that decides a trigger.
                self.trace.learn("rounding", Cmp(result, Rel.GE, ZERO))
            return result
        # Nothing rounds up to nothing: without this a repaid debt would still seem to owe a unit.
        self.trace.learn("rounding", Or((Cmp(exact, Rel.GT, ZERO), Cmp(error, Rel.LE, ZERO))))
        return Add(exact, error)

    def _unless_small(self, threshold: Expr, then: Expr) -> Expr:
        """A trade that is skipped below a threshold: between what it would be less the threshold, and what it would be.

        Checked by `_converts`: the trade is worth its size up to one rounding, so where it is skipped it would have
        been worth less than threshold + dust, and zero lies in the stated interval. This spares the solver a case.
        """
        full, least = self.expr(then), self.expr(threshold)
        traded = self.trace.fresh("traded")
        self.trace.learn(
            "rounding",
            Cmp(traded, Rel.LE, full),
            Cmp(traded, Rel.GE, Sub(Sub(full, least), DUST)),
            Cmp(traded, Rel.GE, ZERO),
        )
        return traded

    def bind(self, name: str, expr: Expr) -> None:
        """Give a name to a value in this frame, through a variable of its own so that queries stay small."""
        self.known[name] = self.named(name, expr)

    def named(self, stem: str, expr: Expr) -> Expr:
        """A variable that equals the expression; the expression itself where it is a variable or a constant."""
        if isinstance(expr, Var | Num):
            return expr
        value = self.trace.fresh(stem)
        self.trace.learn("definition", Cmp(value, Rel.EQ, expr))
        return value

    def exact_nav(self) -> Expr:
        """Assets less debts without rounding; negative where the vault is insolvent."""
        result: Expr = ZERO
        for held in self.vault.held:
            worth = self.state[held.name]
            result = Sub(result, worth) if held.debt else Add(result, worth)
        return result


def _converts(size: Expr, then: Expr) -> bool:
    """Whether `then` is an amount worth `size`, or at most that."""
    match then:
        case Min(left, _):
            return _converts(size, left)
        case MulDiv(left, right, divisor) if left == size:
            return _factor(left, right, divisor) == 1
        case MulDiv(left, right, divisor, Rounding.DOWN) if _converts(size, left):
            return _factor(left, right, divisor) == 1
        case _:
            return False


def _factor(left: Expr, right: Expr, divisor: Expr) -> Fraction:
    """By what a multiply-divide scales its left side in base-worth coordinates."""
    match right, divisor:
        case Num(top), Num(bottom):
            return top / bottom
        case _:
            pass
    match dim_of(right), dim_of(divisor):
        case (TokenDim(Kind.PRICE), TokenDim(Kind.UNIT)) | (TokenDim(Kind.UNIT), TokenDim(Kind.PRICE)):
            return Fraction(1)
        case _:
            raise NotLinear(f"{left} * {right} / {divisor}")
