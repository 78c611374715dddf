"""The exact interpreter: expressions, formulas and plans over Python integers, as the contract computes them.

This is the oracle of the project: counterexamples are replayed here before anyone sees them, and the compiled
bytecode is compared with it to the wei.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import isqrt
from typing import Protocol

from msgspec import Struct, field

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
from stratc_compiler.vault import (
    Enter,
    FlashLoan,
    Held,
    Leave,
    Let,
    Provide,
    Require,
    Swap,
    Trade,
    Unwinding,
    Vault,
    Withdraw,
)

_WORD = 2**256

FLASH_COSTS = "flash: costs more than was proved"


class Reverted(Exception):
    """The contract would revert here; the message says why."""


class World(Protocol):
    """Everything outside the vault, in smallest units: venues, tokens, feeds."""

    def read(self, name: str) -> int:
        """A state variable of the model (see `vault`), `price(T)` or `unit(T)`."""

    def enter(self, held: Held, amount: int) -> None:
        """Supply or borrow `amount`. Raises Reverted as the venue would."""

    def leave(self, held: Held, amount: int) -> None:
        """Withdraw or repay `amount`. Raises Reverted as the venue would."""

    def swap(self, item: Swap, amount: int, minimum: int) -> int:
        """Sell `amount` for at least `minimum`; returns what was received. Raises Reverted as the venue would."""

    def lend(self, loan: FlashLoan, amount: int) -> int:
        """Lend `amount` into idle; returns what has to be given back. Raises Reverted as the lender would."""

    def take_back(self, loan: FlashLoan, amount: int, owed: int) -> None:
        """Take what is owed for a loan of `amount` out of idle. Raises Reverted where there is less."""

    def provide(self, held: Held, token: int, base: int, minimum: int) -> tuple[int, int]:
        """Add liquidity; returns what was taken of each.

        Raises Reverted where it is worth less than `minimum` more, or while the pool is further from the prices than is
        assumed.
        """

    def withdraw(self, held: Held, liquidity: int, checked: bool) -> tuple[int, int]:
        """Take liquidity out, and all fees; returns what came of each token. Raises Reverted as the venue would.

        Where that is `checked` also while the pool is further from the prices than is assumed.
        """

    def trade(self, item: Trade, amount: int, bound: int) -> None:
        """Sell or buy back so much of a short, for no worse than `bound`. Raises Reverted as the venue would."""


class Evaluator(Struct):
    """Values of expressions over one state: world variables, definitions, names bound by a plan."""

    vault: Vault
    world: World
    bound: dict[str, int] = field(default_factory=dict)

    def value(self, expr: Expr) -> int:
        """Exact value. Raises Reverted on a negative `Sub` or a zero divisor, as the contract does."""
        match expr:
            case Num(value):
                if value.denominator != 1:
                    raise TypeError(f"{value} is no integer: contract constants are multiplied out")
                return value.numerator
            case Var(name):
                return self.named(name)
            case Add(left, right):
                return self.value(left) + self.value(right)
            case Sub(left, right):
                return _no_less_than_zero(self.value(left) - self.value(right))
            case Monus(left, right):
                return max(self.value(left) - self.value(right), 0)
            case Mul(left, right):
                return self.value(left) * self.value(right)
            case MulDiv(left, right, divisor, rounding):
                return mul_div(self.value(left), self.value(right), self.value(divisor), rounding)
            case Root(left, right, rounding):
                return root(self.value(left), self.value(right), rounding)
            case Min(left, right):
                return min(self.value(left), self.value(right))
            case If(condition, then, otherwise):
                return self.value(then if self.holds(condition) else otherwise)

    def named(self, name: str) -> int:
        """The value of a variable, a definition or a bound name."""
        if name in self.bound:
            return self.bound[name]
        if name in self.vault.definitions:
            return self.value(self.vault.definitions[name])
        return self.world.read(name)

    def holds(self, formula: Formula) -> bool:
        match formula:
            case Cmp(left, rel, right):
                return _compare(self.value(left), rel, self.value(right))
            case And(operands):
                return all(self.holds(operand) for operand in operands)
            case Or(operands):
                return any(self.holds(operand) for operand in operands)
            case Not(operand):
                return not self.holds(operand)


def mul_div(left: int, right: int, divisor: int, rounding: Rounding) -> int:
    """left * right / divisor on non-negative integers, rounded as said. Raises Reverted for a zero divisor."""
    if divisor == 0:
        raise Reverted("division by zero")
    product = left * right
    return product // divisor if rounding is Rounding.DOWN else -(-product // divisor)


def root(left: int, right: int, rounding: Rounding) -> int:
    """sqrt(left * right) of non-negative integers, rounded as said. Raises Reverted for a product of no word."""
    product = left * right
    if product >= _WORD:
        raise Reverted("overflow")
    below = isqrt(product)
    return below if rounding is Rounding.DOWN or below * below == product else below + 1


def _no_less_than_zero(value: int) -> int:
    if value < 0:
        raise Reverted("underflow")
    return value


def _compare(left: int, rel: Rel, right: int) -> bool:
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
            return left == right


def run_plan(plan: Unwinding, vault: Vault, world: World, known: Mapping[str, int] = {}) -> dict[str, int]:
    """Carry a plan out on a world; returns what is `known` and all names it bound. Raises Reverted as the contract."""
    state = Evaluator(vault, world, dict(known))
    _carry_out(plan, state)
    return state.bound


def _carry_out(plan: Unwinding, state: Evaluator) -> None:
    world = state.world
    for item in plan:
        match item:
            case Let(name, expr):
                state.bound[name.name] = state.value(expr)
            case Enter(held, amount):
                if sized := state.value(amount):
                    world.enter(held, sized)
            case Leave(held, amount):
                if sized := state.value(amount):
                    world.leave(held, sized)
            case Swap():
                state.bound[item.received.name] = _swap(item, state)
            case FlashLoan():
                _borrow(item, state)
            case Provide():
                _provide(item, state)
            case Withdraw():
                _withdraw(item, state)
            case Trade(amount=amount, bound=bound):
                if sized := state.value(amount):
                    world.trade(item, sized, state.value(bound))
            case Require(formula, reason):
                if not state.holds(formula):
                    raise Reverted(reason)


def _borrow(loan: FlashLoan, state: Evaluator) -> None:
    amount = state.value(loan.amount)
    if not amount:
        _carry_out(loan.within, state)
        return
    owed = state.world.lend(loan, amount)
    if owed > state.value(loan.due):
        raise Reverted(FLASH_COSTS)
    _carry_out(loan.within, state)
    state.world.take_back(loan, amount, owed)


def _provide(item: Provide, state: Evaluator) -> None:
    token, base = state.value(item.token), state.value(item.base)
    took = (0, 0)
    if token or base:
        took = state.world.provide(item.held, token, base, state.value(item.minimum))
    state.bound[item.took_token.name], state.bound[item.took_base.name] = took


def _withdraw(item: Withdraw, state: Evaluator) -> None:
    liquidity = state.value(item.liquidity)
    came = state.world.withdraw(item.held, liquidity, item.checked) if liquidity or item.fetched else (0, 0)
    state.bound[item.token.name], state.bound[item.base.name] = came


def _swap(item: Swap, state: Evaluator) -> int:
    sized = state.value(item.amount)
    if not sized:
        return 0
    minimum = state.value(item.minimum)
    received = state.world.swap(item, sized, minimum)
    if received < minimum:
        raise Reverted(f"{item.swap.name}: {received} received, {minimum} asked for")
    return received


def snapshot(vault: Vault, world: World) -> dict[str, int]:
    """Every variable and definition of the model as it stands, by name."""
    state = Evaluator(vault, world)
    names = [held.name for held in (*vault.held, *vault.idle)]
    prices = [f"price({token.name})" for token in vault.strategy.tokens]
    return {name: state.named(name) for name in (*dict.fromkeys(names), *prices, *vault.definitions)}
