"""Plans as Vyper statements. Amounts are printed from the model; steps with amount zero are skipped."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from stratc_compiler.expr import Expr, Var, variables
from stratc_compiler.vault import Enter, Held, Leave, Let, Plan, PlanItem, Swap, Vault
from stratc_targets.vyper.layout import statement
from stratc_targets.vyper.names import Names
from stratc_targets.vyper.printer import Scope, expression
from stratc_targets.vyper.symbols import Symbols, live_scope, state_scope

_BODY = frozenset({"s", "nav_before", "minimum"})
"""Locals of the functions that plans are printed into."""


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

    def _scope(self) -> Scope:
        scope = live_scope if self.live else state_scope
        return scope(self.vault, self.symbols, self.bound)

    def item(self, item: PlanItem) -> None:
        match item:
            case Let(name, expr):
                self._let(name, expr)
            case Enter(held, amount):
                self._move(held, amount, self.symbols.position(held).enter, "+=")
            case Leave(held, amount):
                self._move(held, amount, self.symbols.position(held).leave, "-=")
            case Swap():
                self._swap(item)

    def _let(self, name: Var, expr: Expr) -> None:
        self._fresh(expr)
        local = self.names.claim(name.name)
        self.lines += statement(f"{local}: uint256 = ", expression(expr, self._scope()))
        self.bound[name.name] = local

    def _fresh(self, *exprs: Expr) -> None:
        """Read the balances again before an expression that depends on them."""
        reads = (var.name for expr in exprs for var in variables(expr))
        if (
            self.stale
            and not self.live
            and any(name not in self.bound and name in self.symbols.fields for name in reads)
        ):
            self.lines.append("s = self._refresh(s)")
            self.stale = False

    def _amount(self, expr: Expr, *words: str) -> str:
        """The amount as a name: what it is bound to already, or a new local."""
        if isinstance(expr, Var) and expr.name in self.bound:
            return self.bound[expr.name]
        self._fresh(expr)
        local = self.names.claim(*words)
        self.lines += statement(f"{local}: uint256 = ", expression(expr, self._scope()))
        return local

    def _move(self, held: Held, expr: Expr, call: Callable[[str], str], mark: str) -> None:
        verb = {"+=": "borrow", "-=": "repay"} if held.debt else {"+=": "enter", "-=": "leave"}
        amount = self._amount(expr, verb[mark], held.name)
        self.lines += [f"if {amount} > 0:", f"    {call(amount)}"]
        if held.name in self.marks:
            name = self.marks[held.name]
            flow = f"{name} += {amount}" if mark == "+=" else f"{name} = arith.monus({name}, {amount})"
            self.lines.append(f"    {flow}")
        self.stale = True

    def _swap(self, item: Swap) -> None:
        amount = self._amount(item.amount, "sell", item.sold)
        self._fresh(item.minimum)
        received = self.names.claim(item.received.name)
        call = self.symbols.venues[item.swap.name].swap
        assert call is not None, "the model swaps at a venue that cannot"
        sold, bought = self.symbols.token(item.sold), self.symbols.token(item.bought)
        # The minimum needs prices, so it is computed only where something is sold.
        minimum = statement("minimum: uint256 = ", expression(item.minimum, self._knowing(item.amount, amount)))
        swap = f"{received} = {call(sold, bought, amount, 'minimum')}"
        self.lines += [f"{received}: uint256 = 0", f"if {amount} > 0:", *(f"    {line}" for line in (*minimum, swap))]
        self.bound[item.received.name] = received
        self.stale = True

    def _knowing(self, expr: Expr, local: str) -> Scope:
        """The scope in which a variable that was just read is called by the local that holds it."""
        scope = live_scope if self.live else state_scope
        known = {expr.name: local} if isinstance(expr, Var) else {}
        return scope(self.vault, self.symbols, {**self.bound, **known})


def plan_text(plan: Plan, vault: Vault, symbols: Symbols, marks: Mapping[str, str], *, live: bool) -> list[str]:
    """Statements that carry the plan out. `live` reads the chain at each step instead of the State `s`."""
    printer = _Printer(vault, symbols, marks, live)
    for item in plan:
        printer.item(item)
    return printer.lines
