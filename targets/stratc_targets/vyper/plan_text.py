"""Plans as Vyper statements. Amounts are printed from the model; steps with amount zero are skipped."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import groupby

from stratc_compiler.expr import Expr, Formula, Var, variables
from stratc_compiler.vault import Enter, Held, Leave, Let, PlanItem, Require, Swap, Unwinding, Vault
from stratc_targets.vyper.layout import call, statement
from stratc_targets.vyper.names import Names
from stratc_targets.vyper.printer import Scope, expression, formula
from stratc_targets.vyper.shared_parts import part_name, shared_parts
from stratc_targets.vyper.symbols import BOOK, Symbols, live_scope, state_scope

_BODY = frozenset({"s", "minimum", "shares", "receiver", "owner", "least_assets", "whole", "supply_before"})
"""Locals of the functions that plans are printed into."""


def plan_text(
    plan: Unwinding,
    vault: Vault,
    symbols: Symbols,
    marks: Mapping[str, str],
    *,
    live: bool,
    bound: Mapping[str, str] = {},
) -> list[str]:
    """Statements that carry the plan out. `live` reads the chain at each step instead of the State `s`.

    `bound` are names of the model that are locals already.
    """
    printer = _Printer(vault, symbols, marks, live, bound=dict(bound))
    for is_let, items in groupby(plan, lambda item: isinstance(item, Let)):
        if is_let:
            printer.lets(tuple(item for item in items if isinstance(item, Let)))
        else:
            for item in items:
                printer.step(item)
    return printer.lines


@dataclass
class _Printer:
    """One plan on its way to text. `stale` says that positions moved since the State was read."""

    vault: Vault
    symbols: Symbols
    marks: Mapping[str, str]
    live: bool
    lines: list[str] = field(default_factory=list)
    bound: dict[str, str] = field(default_factory=dict)
    names: Names = field(default_factory=lambda: Names(_BODY))
    stale: bool = False

    def lets(self, lets: tuple[Let, ...]) -> None:
        """Amounts that are bound at one point of the plan, and before them the parts that they share."""
        exprs = tuple(let.expr for let in lets)
        self._fresh(exprs)
        shared: dict[Expr | Formula, str] = {}
        for part in () if self.live else shared_parts(exprs, frozenset(let.name.name for let in lets)):
            shared[part] = self._local(part_name(part) or "part", part, shared)
        for let in lets:
            self.bound[let.name.name] = self._local(let.name.name, let.expr, shared)

    def step(self, item: PlanItem | Require) -> None:
        match item:
            case Let():
                self.lets((item,))
            case Enter(held, amount):
                text = self.symbols.position(held)
                self._move(held, self._amount(amount, "borrow" if held.debt else "enter", held.name), text.enter, "+=")
            case Leave(held, amount):
                text = self.symbols.position(held)
                self._move(held, self._amount(amount, "repay" if held.debt else "leave", held.name), text.leave, "-=")
            case Swap():
                self._swap(item)
            case Require(condition, reason):
                self.lines += statement("assert ", formula(condition, self._scope()), f', "{reason}"')

    def _scope(self, known: Mapping[str, str] = {}, named: Mapping[Expr | Formula, str] = {}) -> Scope:
        if self.live:
            return live_scope(self.vault, self.symbols, {**self.bound, **known})
        return state_scope(self.vault, self.symbols, {**self.bound, **known}, named)

    def _local(self, name: str, expr: Expr, named: Mapping[Expr | Formula, str] = {}) -> str:
        local = self.names.claim(name)
        self.lines += statement(f"{local}: uint256 = ", expression(expr, self._scope(named=named)))
        return local

    def _fresh(self, exprs: Iterable[Expr]) -> None:
        """Read the balances again before an expression that depends on them."""
        moving = self.symbols.fields.keys() - {f"price({token.name})" for token in self.vault.strategy.tokens}
        reads = {var.name for expr in exprs for var in variables(expr)} - self.bound.keys()
        if self.stale and not self.live and reads & moving:
            self.lines.append(f"s = {BOOK}._refresh(s)")
            self.stale = False

    def _amount(self, expr: Expr, *words: str) -> str:
        """The amount as a name: what it is bound to already, or a new local."""
        if isinstance(expr, Var) and expr.name in self.bound:
            return self.bound[expr.name]
        self._fresh([expr])
        return self._local("_".join(words), expr)

    def _move(self, held: Held, amount: str, moved: Callable[[str], str], flow: str) -> None:
        self.lines += [f"if {amount} > 0:", f"    {moved(amount)}"]
        if held.name in self.marks:
            mark = self.marks[held.name]
            change = f"{mark} += {amount}" if flow == "+=" else f"{mark} = arith.monus({mark}, {amount})"
            self.lines.append(f"    {change}")
        self.stale = True

    def _swap(self, item: Swap) -> None:
        amount = self._amount(item.amount, "sell", item.sold)
        self._fresh([item.minimum])
        # A variable that was just read into a local is called by it.
        known = {item.amount.name: amount} if isinstance(item.amount, Var) else {}
        received = self.names.claim(item.received.name)
        swap = self.symbols.venues[item.swap.name].swap
        assert swap is not None, "the model swaps at a venue that cannot"
        sold, bought = self.symbols.token(item.sold), self.symbols.token(item.bought)
        # The minimum needs prices, so it is computed only where something is sold.
        minimum = statement("minimum: uint256 = ", expression(item.minimum, self._scope(known)))
        traded = statement(f"{received} = ", call(swap(sold, bought, amount, "minimum")))
        self.lines += [f"{received}: uint256 = 0", f"if {amount} > 0:"]
        self.lines += [f"    {line}" for line in (*minimum, *traded)]
        self.bound[item.received.name] = received
        self.stale = True
