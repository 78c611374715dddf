"""Plans as Vyper statements. Amounts are printed from the model; steps with amount zero are skipped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import groupby

from stratc_compiler.expr import (
    Add,
    And,
    Cmp,
    Expr,
    Formula,
    Kind,
    Not,
    Num,
    Or,
    Plain,
    Rel,
    TokenDim,
    Var,
    children,
    price,
    variables,
)
from stratc_compiler.perp_plans import resized, resizing
from stratc_compiler.vault import (
    Enter,
    FlashLoan,
    Held,
    Leave,
    Let,
    PlanItem,
    Provide,
    Require,
    Swap,
    Trade,
    Unwinding,
    Vault,
    VenueModel,
    Withdraw,
    every_item,
)
from stratc_targets.vyper.formulas import crowded
from stratc_targets.vyper.layout import Atom, Call, call, flat, statement
from stratc_targets.vyper.names import Names, sanitized
from stratc_targets.vyper.perp_text import trade_function_of
from stratc_targets.vyper.printer import Scope, expression, formula
from stratc_targets.vyper.range_text import near_function
from stratc_targets.vyper.shared_parts import Printed, part_name
from stratc_targets.vyper.swap_text import function_of
from stratc_targets.vyper.symbols import BOOK, Symbols, WorthCall, live_scope, state_scope, worth_calls

WORTH_LESS = "range: worth less than was asked for"
"""Why a rule reverts that adds liquidity where the pool takes too much for it."""

_BODY = frozenset(
    {
        *("s", "minimum", "least", "most", "worth_before"),
        *("shares", "receiver", "owner", "least_assets", "whole", "supply_before"),
    }
)
"""Locals of the functions that plans are printed into."""


@dataclass(frozen=True, slots=True)
class LoanText:
    """What goes on within one flash loan: its number, whose plan it is of, and the statements."""

    number: int
    purpose: str
    body: list[str]


@dataclass(frozen=True, slots=True)
class Resizing:
    """The sizes of a short that is brought to a size: what one function of the actions computes, see `resize_texts`.

    It answers how much is bought back and how much is sold, `traded`, and nothing that those are made of.
    """

    venue: VenueModel
    sizes: tuple[Let, ...]
    asked: tuple[Expr, Expr, Expr]

    @property
    def traded(self) -> dict[str, Expr]:
        """By what they are called."""
        _, (back, sold) = resized(self.venue, *self.asked)
        return {f"cover {back.short.name}": back.amount, f"short {sold.short.name}": sold.amount}


@dataclass(frozen=True, slots=True)
class ResizeText:
    """That function: of what is too much, of what is lacking, of what is taken out, and of a State."""

    function: str
    notice: str
    parameters: tuple[str, ...]
    body: list[str]


_ASKED = ("over", "under", "out")


def resize_texts(vault: Vault, symbols: Symbols) -> tuple[ResizeText, ...]:
    """One for each venue of perpetuals of a vault that is `crowded`."""
    return tuple(_resize_text(venue, vault, symbols) for venue in vault.perps) if crowded(vault) else ()


def _resize_text(venue: VenueModel, vault: Vault, symbols: Symbols) -> ResizeText:
    sizes, trades = resized(venue, *(Var(name, Plain.VALUE) for name in _ASKED))
    printer = _Printer(vault, symbols, {}, live=False, bound=dict(zip(_ASKED, _ASKED, strict=True)))
    printer.needed = printer.printed.needed(let.expr for let in sizes)
    printer.lets(sizes)
    found = (flat(expression(trade.amount, printer.scope())) for trade in trades)
    notice = f"How much of {venue.account[2].name} to buy back and then to sell, where that is too much or lacking."
    return ResizeText(_resize_function(venue), notice, _ASKED, [*printer.lines, f"return {', '.join(found)}"])


def _resize_function(venue: VenueModel) -> str:
    return f"_resized_at_{sanitized(venue.name)}"


@dataclass(slots=True)
class Loans:
    """The flash loans of all plans of a vault, as they are printed; `purpose` is whose plan comes next.

    What is bound before a loan and used within it is carried over in transient variables of the book, `carried`.
    """

    purpose: str = ""
    texts: list[LoanText] = field(default_factory=list)
    carried: dict[str, str] = field(default_factory=dict)

    def carry(self, name: str) -> str:
        """The variable that carries what the model calls so."""
        return self.carried.setdefault(name, f"lent_{sanitized(name)}")

    def add(self, body: list[str]) -> int:
        """The number of one more."""
        self.texts.append(LoanText(len(self.texts) + 1, self.purpose, body))
        return len(self.texts)


def plan_text(
    plan: Unwinding,
    vault: Vault,
    symbols: Symbols,
    marks: Mapping[str, str],
    *,
    live: bool,
    bound: Mapping[str, str] = {},
    loans: Loans | None = None,
) -> list[str]:
    """Statements that carry the plan out. `live` reads the chain at each step instead of the State `s`.

    `bound` are names of the model that are locals already. A plan with flash loans has somewhere to put them, `loans`.
    """
    printer = _Printer(vault, symbols, marks, live, bound=dict(bound), loans=loans or Loans())
    printer.carry_out(plan)
    return printer.lines


@dataclass
class _Printer:
    """One plan on its way to text. `stale` says that positions moved since the State was read.

    Of parts, `needed` says how often, and `shared` what they are called once they are computed. `fixed` are names of
    the model that parts which are known are made of.
    """

    vault: Vault
    symbols: Symbols
    marks: Mapping[str, str]
    live: bool
    lines: list[str] = field(default_factory=list)
    bound: dict[str, str] = field(default_factory=dict)
    names: Names = field(default_factory=lambda: Names(_BODY))
    stale: bool = False
    loans: Loans = field(default_factory=Loans)
    needed: Counter[Expr] = field(default_factory=Counter)
    shared: dict[Expr | Formula, str] = field(default_factory=dict)
    fixed: set[str] = field(default_factory=set)

    def carry_out(self, plan: Unwinding) -> None:
        steps = tuple(self._steps(plan))
        if not self.live:
            self.needed = self.printed.needed(expr for step in steps for expr in _exprs(step))
        for is_let, items in groupby(steps, lambda step: isinstance(step, Let)):
            if is_let:
                self.lets(tuple(item for item in items if isinstance(item, Let)))
            else:
                for item in items:
                    self.step(item)

    def _steps(self, plan: Unwinding) -> Iterator[PlanItem | Require | Resizing]:
        """The plan, in which the sizes that a function computes are one step."""
        left = plan
        while left:
            sizes = next(self._resizings(left[:4]), None) if crowded(self.vault) and not self.live else None
            yield sizes or left[0]
            left = left[len(sizes.sizes) if sizes else 1 :]

    def _resizings(self, items: Unwinding) -> Iterator[Resizing]:
        for venue in self.vault.perps:
            asked = resizing(items, venue)
            if asked is not None:
                yield Resizing(venue, tuple(item for item in items if isinstance(item, Let)), asked)

    def lets(self, lets: tuple[Let, ...]) -> None:
        """Amounts that are bound at one point of the plan."""
        self._fresh(let.expr for let in lets)
        for let in lets:
            self.bound[let.name.name] = self._local(let.name.name, let.expr)

    def step(self, item: PlanItem | Require | Resizing) -> None:
        match item:
            case Resizing():
                self._resize(item)
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
            case FlashLoan():
                self._borrow(item)
            case Trade():
                self._trade(item)
            case Provide():
                self._provide(item)
            case Withdraw():
                self._withdraw(item)
            case Require(condition, reason):
                self.lines += statement("assert ", formula(condition, self.scope()), f', "{reason}"')

    def _resize(self, item: Resizing) -> None:
        self._fresh(let.expr for let in item.sizes)
        for expr in item.asked:
            self._share_within(expr)
        arguments = (expression(expr, self.scope()) for expr in item.asked)
        traded: dict[Expr | Formula, str] = {one: self.names.claim(words) for words, one in item.traded.items()}
        self.lines += [f"{name}: uint256 = 0" for name in traded.values()]
        called = Call(f"self.{_resize_function(item.venue)}", (*arguments, Atom("s")))
        self.lines += statement(f"{', '.join(traded.values())} = ", called)
        self.shared |= traded
        self.fixed |= {let.name.name for let in item.sizes}

    def scope(self, known: Mapping[str, str] = {}) -> Scope:
        if self.live:
            return live_scope(self.vault, self.symbols, {**self.bound, **known})
        return state_scope(self.vault, self.symbols, {**self.bound, **known}, self.shared)

    def _local(self, name: str, expr: Expr) -> str:
        """A new local of that value, and before it the parts that are needed again."""
        if not self.live:
            self._share_within(expr)
        local = self._assigned(name, expr)
        if not self.live and not isinstance(expr, Var | Num):
            self.shared[expr] = local
        return local

    def _share_within(self, expr: Expr) -> None:
        """Locals for parts of it that are needed again."""
        for part in self.printed.shareable(expr):
            if part == expr or part in self.shared:
                continue
            if part in self._answers:
                self._ask(self._answers[part])
            elif self.needed[part] > 1:
                self.shared[part] = self._assigned(part_name(part) or "part", part)

    def _ask(self, asked: WorthCall) -> None:
        """What a function answers, where both answers are needed, or one of them again."""
        if self.needed[asked.whole] + self.needed[asked.in_token] > 1:
            both = self.names.claim(asked.name), self.names.claim(asked.name, "in", asked.token)
            self.lines += [*(f"{name}: uint256 = 0" for name in both), f"{', '.join(both)} = {asked.call}"]
            self.shared |= zip((asked.whole, asked.in_token), both, strict=True)

    def _assigned(self, name: str, expr: Expr) -> str:
        local = self.names.claim(name)
        self.lines += statement(f"{local}: uint256 = ", expression(expr, self.scope()))
        return local

    @cached_property
    def _answers(self) -> dict[Expr, WorthCall]:
        calls = worth_calls(self.vault, self.symbols)
        return {answer: one for one in calls for answer in (one.whole, one.in_token)}

    @cached_property
    def printed(self) -> Printed:
        function = state_scope(self.vault, self.symbols).function

        def parts(node: Expr | Formula) -> tuple[Expr | Formula, ...]:
            if node in self._answers:
                return ()
            called = None if isinstance(node, Cmp | And | Or | Not) else function(node)
            return children(node) if called is None else called[1]

        return Printed(parts, self._answers.keys())

    def _moved(self) -> None:
        """Positions are others now, and so is what was computed of them."""
        self.stale = True
        self.shared = {part: name for part, name in self.shared.items() if not self._moves(part)}

    def _moves(self, part: Expr | Formula) -> bool:
        """Whether it is of anything but prices, units, amounts that are bound, and where ranges lie."""
        ranges = (held.range for held in self.vault.ranges.values() if held.range)
        known = self.bound.keys() | self.fixed | {end.name for of in ranges for end in (of.low, of.high)}
        return any(var.name not in known and not _is_told(var) for var in variables(part))

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
        if expr in self.shared:
            return self.shared[expr]
        self._fresh([expr])
        return self._local("_".join(words), expr)

    def _move(self, held: Held, amount: str, moved: Callable[[str], str], flow: str) -> None:
        self.lines += [f"if {amount} > 0:", f"    {moved(amount)}"]
        if held.name in self.marks:
            mark = self.marks[held.name]
            change = f"{mark} += {amount}" if flow == "+=" else f"{mark} = arith.monus({mark}, {amount})"
            self.lines.append(f"    {change}")
        self._moved()

    def _swap(self, item: Swap) -> None:
        amount = self._amount(item.amount, "sell", item.sold)
        self._fresh([item.minimum])
        # A variable that was just read into a local is called by it.
        known = {item.amount.name: amount} if isinstance(item.amount, Var) else {}
        received = self.names.claim(item.received.name)
        self.lines += [f"{received}: uint256 = 0", f"if {amount} > 0:"]
        self.lines += [f"    {line}" for line in self._traded(item, amount, received, known)]
        self.bound[item.received.name] = received
        self._moved()

    def _traded(self, item: Swap, amount: str, received: str, known: Mapping[str, str]) -> list[str]:
        """The minimum needs prices, so it is computed only where something is sold."""
        scope = self.scope(known)
        function = function_of(item, self.vault)
        if function is not None:
            prices = (expression(price(token), scope) for token in (item.sold, item.bought))
            return statement(f"{received} = ", Call(f"self.{function}", (Atom(amount), *prices)))
        swap = self.symbols.venues[item.swap.name].swap
        assert swap is not None, "the model swaps at a venue that cannot"
        sold, bought = self.symbols.token(item.sold), self.symbols.token(item.bought)
        minimum = statement("minimum: uint256 = ", expression(item.minimum, scope))
        return [*minimum, *statement(f"{received} = ", call(swap(sold, bought, amount, "minimum")))]

    def _provide(self, item: Provide) -> None:
        """What the position is worth more is seen in the State, which plans that add liquidity have."""
        assert not self.live, "liquidity is added by rules, and never within a loan"
        held, text = item.held, self.symbols.range(item.held)
        token, base = (self._amount(amount, "provide", held.name) for amount in (item.token, item.base))
        value, before = held.value, Var("worth_before", Plain.VALUE)
        self._fresh([item.minimum, value])
        took = [self.names.claim(name.name) for name in (item.took_token, item.took_base)]
        enough = Cmp(value, Rel.GE, Add(before, item.minimum))
        lines = [
            *statement("worth_before: uint256 = ", expression(value, self.scope())),
            self._near(held),
            text.provide(token, base, *took),
            f"s = {BOOK}._refresh(s)",
            *statement("assert ", formula(enough, self.scope({before.name: before.name})), f', "{WORTH_LESS}"'),
        ]
        self.lines += [*(f"{name}: uint256 = 0" for name in took), f"if {token} > 0 or {base} > 0:"]
        self.lines += [f"    {line}" for line in lines]
        self.bound |= {item.took_token.name: took[0], item.took_base.name: took[1]}
        self._moved()  # where nothing was added it was not read again

    def _withdraw(self, item: Withdraw) -> None:
        held, text = item.held, self.symbols.range(item.held)
        came = [self.names.claim(name.name) for name in (item.token, item.base)]
        self.lines += [f"{name}: uint256 = 0" for name in came]
        near = [self._near(held)] if item.checked else []
        if item.fetched:
            self.lines += [*near, text.withdraw("0", *came)]
        else:
            size = self._amount(item.liquidity, "withdraw", held.name)
            self.lines.append(f"if {size} > 0:")
            self.lines += [f"    {line}" for line in (*near, text.withdraw(size, *came))]
        self.bound |= {item.token.name: came[0], item.base.name: came[1]}
        self._moved()

    def _near(self, held: Held) -> str:
        assert held.range is not None
        prices = (flat(expression(price(token), self.scope())) for token in held.tokens)
        return f"self.{near_function(held.range)}({', '.join(prices)})"

    def _trade(self, item: Trade) -> None:
        """The bound needs prices, so it is computed only where something is traded."""
        amount = self._amount(item.amount, "cover" if item.covers else "short", item.short.name)
        self._fresh([item.bound])
        known = {item.amount.name: amount} if isinstance(item.amount, Var) else {}
        lines = self._at_venue(item, amount, self.scope(known))
        self.lines += [f"if {amount} > 0:", *(f"    {line}" for line in lines)]
        self._moved()

    def _at_venue(self, item: Trade, amount: str, scope: Scope) -> list[str]:
        function, of = trade_function_of(item, self.vault), item.short.perp
        if function is not None and of is not None:
            return statement("", Call(f"self.{function}", (Atom(amount), expression(price(of.token), scope))))
        trade = self.symbols.venues[item.short.venue or ""].trade
        assert trade is not None, "the model trades a short at a venue that has none"
        bound = "most" if item.covers else "least"
        lines = statement(f"{bound}: uint256 = ", expression(item.bound, scope))
        return [*lines, (trade.buy if item.covers else trade.sell)(amount, bound)]

    def _borrow(self, loan: FlashLoan) -> None:
        """Ask for the loan: what it is for is done when the lender calls back, and at once where there is none."""
        used = {var.name for item in every_item(loan.within) for expr in _exprs(item) for var in variables(expr)}
        carried = {name: self.loans.carry(name) for name in self.bound if name in used}
        self.lines += [f"{BOOK}.{variable} = {self.bound[name]}" for name, variable in carried.items()]
        within = _Printer(self.vault, self.symbols, self.marks, live=True, loans=self.loans)
        for name, variable in carried.items():
            within.bound[name] = within.names.claim(name)
            within.lines.append(f"{within.bound[name]}: uint256 = {BOOK}.{variable}")
        within.carry_out(loan.within)
        number = self.loans.add(within.lines)
        flash = self.symbols.venues[loan.lender].flash
        assert flash is not None, "the model borrows where nothing is lent"
        token, amount, due = self.symbols.token(loan.token), self.bound[loan.amount.name], self.bound[loan.due.name]
        self.lines += [
            f"if {amount} > 0:",
            f"    flash._expect({flash.lender}, {token}, {amount}, {due}, {number})",
            f"    {flash.borrow(token, amount)}",
            "    flash._came()",
            "else:",
            f"    self._within_{number}()",
        ]
        self._moved()


def _is_told(var: Var) -> bool:
    """Whether it is a price or a unit, which no step changes."""
    return isinstance(var.dim, TokenDim) and var.dim.kind in (Kind.PRICE, Kind.UNIT)


def _exprs(item: PlanItem | Require | Resizing) -> tuple[Expr, ...]:
    match item:
        case Resizing(asked=asked):
            return asked
        case Let(_, expr):
            return (expr,)
        case Enter(_, amount) | Leave(_, amount):
            return (amount,)
        case Swap(amount=amount, minimum=minimum):
            return amount, minimum
        case Trade(amount=amount, bound=bound):
            return amount, bound
        case FlashLoan(amount=amount, due=due):
            return amount, due
        case Provide(token=token, base=base, minimum=minimum):
            return token, base, minimum
        case Withdraw(liquidity=liquidity):
            return (liquidity,)
        case Require():
            return ()
