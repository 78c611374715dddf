"""What everything in the model is called in the contract."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from stratc_compiler.errors import Unsupported
from stratc_compiler.expr import Expr, Formula, Var, price
from stratc_compiler.fees import mark, mark_due
from stratc_compiler.ranges import SAMPLE, Range, token_part, worth
from stratc_compiler.shares import SUPPLY
from stratc_compiler.vault import Held, SwapModel, Vault, VenueModel
from stratc_dsl.strategy import RatioPrice, Token, Venue
from stratc_targets.venues.emitter import PositionText, RangeText, VenueText
from stratc_targets.vyper.adapters import HOLDING, SWAPPING
from stratc_targets.vyper.arguments import Binding, BindingKind, constructor_layout, market_argument
from stratc_targets.vyper.formulas import formula_functions
from stratc_targets.vyper.names import Names, sanitized
from stratc_targets.vyper.printer import Called, NotPrintable, Scope

BOOK = "book"
"""The generated module of what both contracts of a vault know: State, immutables, storage, what must hold."""


@dataclass(frozen=True, slots=True)
class TokenSymbols:
    """Names of a token's address, its price feed, and its smallest units per whole token."""

    address: str
    feed: str
    unit: str


@dataclass(frozen=True, slots=True)
class Symbols:
    """Everything nameable of one vault. `fields` maps variables of the model to members of the State struct.

    `home` is what stands before functions of the book.
    """

    base: str
    tokens: dict[str, TokenSymbols]
    venues: dict[str, VenueText]
    fields: dict[str, str]
    functions: Names
    arguments: tuple[Binding, ...]
    base_read: str
    home: str

    def token(self, name: str) -> str:
        """The immutable that holds a token's address."""
        return self.tokens[name].address

    def argument(self, kind: BindingKind, name: str) -> str:
        """The constructor's parameter for one address."""
        return next(one.parameter for one in self.arguments if (one.kind, one.name) == (kind, name))

    def position(self, held: Held) -> PositionText:
        """The text of a position at a venue."""
        assert held.venue is not None
        return self.venues[held.venue].positions[held.name]

    def range(self, held: Held) -> RangeText:
        """The text of liquidity in a range."""
        assert held.venue is not None
        return self.venues[held.venue].ranges[held.name]

    def read(self, held: Held) -> str:
        """An expression that reads a position from the chain, now."""
        if held.range is not None:
            return self.range(held).read
        if held.venue is not None:
            return self.position(held).read
        return self.base_read if held.token == self.base else f"tokens.held({self.token(held.token)})"


class _ConstantNames:
    """The name table that venue emitters are given."""

    def __init__(self, names: Names, symbols: Symbols, vault: Vault, home: str) -> None:
        self._names = names
        self._symbols = symbols
        self._vault = vault
        self._home = home

    def constant(self, *words: str) -> str:
        return self._home + self._names.constant(*words)

    def stored(self, *words: str) -> str:
        return (self._home or "self.") + self._names.claim(*words)

    def token(self, name: str) -> str:
        return self._symbols.token(name)

    def unit(self, name: str) -> str:
        return self._symbols.tokens[name].unit

    def price(self, name: str) -> str:
        return _live_price(self._vault.strategy.token(name), self._vault, self._symbols)

    def argument(self, venue: Venue, name: str) -> str:
        return self._symbols.argument(BindingKind.MARKET, market_argument(venue, name))


def symbols_of(vault: Vault) -> Symbols:
    """Names for everything, as `book.vy` calls it. Raises Unsupported where no emitter knows an adapter."""
    return _symbols(vault, Names(), "")


def from_outside(symbols: Symbols, vault: Vault) -> Symbols:
    """The same things, as the contracts over the book call them."""
    return _symbols(vault, symbols.functions, f"{BOOK}.")


def _symbols(vault: Vault, functions: Names, home: str) -> Symbols:
    """`home` is what stands before the immutables and constants of the book."""
    module = Names()
    tokens = {token.name: _token(token, module, home) for token in vault.strategy.tokens}
    arguments = constructor_layout(vault)
    own = f"{home or 'self.'}_idle()"
    base_read = own if vault.queues else f"tokens.held({tokens[vault.base].address})"
    symbols = Symbols(vault.base, tokens, {}, _fields(vault), functions, arguments, base_read, home or "self.")
    table = _ConstantNames(module, symbols, vault, home)
    for venue in vault.strategy.venues:
        symbols.venues[venue.name] = _lending(_venue(venue, vault, symbols, table), venue.name, vault)
    return symbols


def _token(token: Token, names: Names, home: str) -> TokenSymbols:
    name = token.name
    return TokenSymbols(*(home + names.constant(*words) for words in ((name,), (name, "feed"), (name, "unit"))))


def _venue(venue: Venue, vault: Vault, symbols: Symbols, table: _ConstantNames) -> VenueText:
    argument = symbols.argument(BindingKind.VENUE, venue.name)
    models: tuple[VenueModel | SwapModel, ...] = (*vault.venues, *vault.swaps)
    model = next(one for one in models if one.name == venue.name)
    if isinstance(model, SwapModel) and model.adapter in SWAPPING:
        return SWAPPING[model.adapter](venue, model, argument, table)
    if isinstance(model, VenueModel) and model.adapter in HOLDING:
        return HOLDING[model.adapter](venue, model.positions, argument, table)
    raise Unsupported(f"contracts with the adapter `{model.adapter}`", "install one that has an emitter", venue.span)


def _lending(text: VenueText, name: str, vault: Vault) -> VenueText:
    """With the reserves of the tokens that are borrowed there by flash loans."""
    tokens = dict.fromkeys(loan.token for loan in vault.loans if loan.lender == name)
    if text.flash is None or not tokens:
        return text
    if text.flash.reserve is None:
        return replace(text, flash=replace(text.flash, lent=dict.fromkeys(tokens, text.address)))
    reserves = {token: text.flash.reserve(token) for token in tokens}
    flash = replace(text.flash, lent={token: one.name for token, one in reserves.items()})
    # All that a pool lends lies at one address.
    return replace(text, immutables=(*text.immutables, *dict.fromkeys(reserves.values())), flash=flash)


def state_positions(vault: Vault) -> tuple[Held, ...]:
    """Every balance in the contract's State, idle ones first."""
    return (*vault.idle, *(held for held in vault.held if held.venue is not None))


def _fields(vault: Vault) -> dict[str, str]:
    names = Names()
    variables: Iterable[str] = (
        *(held.name for held in state_positions(vault)),
        *(f"price({token.name})" for token in vault.strategy.tokens),
        *(ring.name for ring in vault.rings),
        *vault.definitions,
        *_charged(vault),
    )
    return {variable: names.claim(variable) for variable in variables}


def _charged(vault: Vault) -> tuple[str, ...]:
    """What fees change: in the State of a vault with fees as it is once they are charged."""
    if not vault.charge:
        return ()
    high = mark_due(vault.base) in (let.name for let in vault.charge)
    return (SUPPLY.name, mark(vault.base).name) if high else (SUPPLY.name,)


# ── scopes ─────────────────────────────────────────────────────────────────────────────────


def state_scope(
    vault: Vault,
    symbols: Symbols,
    bound: Mapping[str, str] | None = None,
    named: Mapping[Expr | Formula, str] | None = None,
) -> Scope:
    """Variables read from the State `s`; `bound` are local names of a plan."""
    local = bound or {}

    def variable(var: Var) -> str:
        if var.name in local:
            return local[var.name]
        if var.name in symbols.fields:
            return f"s.{symbols.fields[var.name]}"
        return standing(var, vault, symbols)

    return Scope(variable, {**_worths(vault, symbols), **(named or {})}, asked_function(vault, symbols))


def worth_function(of: Range, symbols: Symbols) -> str:
    """The function of the book that says what liquidity in a range is worth, and what of that is in its token."""
    return f"{symbols.home}_worth_{sanitized(of.name)}"


@dataclass(frozen=True, slots=True)
class WorthCall:
    """One call of such a function in a State: what it answers, as the model has it, and the call. `name` is for the
    first answer, and that of the second, which is `in_token`, has the token besides."""

    name: str
    token: str
    whole: Expr
    in_token: Expr
    call: str


def worth_calls(vault: Vault, symbols: Symbols) -> tuple[WorthCall, ...]:
    """What those functions are asked for: of all that is held, and of a sample."""
    return tuple(call for held in vault.ranges.values() if held.range for call in _worth_calls(held.range, symbols))


def _worth_calls(of: Range, symbols: Symbols) -> Iterator[WorthCall]:
    function = worth_function(of, symbols)
    prices = ", ".join(f"s.{symbols.fields[price(token).name]}" for token in (of.token, of.base))
    sizes: tuple[tuple[str, Expr, str], ...] = (
        ("value", of.liquidity, f"s.{symbols.fields[of.name]}"),
        ("sample", SAMPLE, f"{SAMPLE.value.numerator:_}"),
    )
    for word, size, text in sizes:
        name = f"{word}_of_{sanitized(of.name)}"
        yield WorthCall(name, of.token, worth(of, size), token_part(of, size), f"{function}({text}, {prices})")


def _worths(vault: Vault, symbols: Symbols) -> dict[Expr | Formula, str]:
    calls = worth_calls(vault, symbols)
    return {asked: f"{one.call}[{place}]" for one in calls for place, asked in enumerate((one.whole, one.in_token))}


def asked_function(vault: Vault, symbols: Symbols) -> Callable[[Expr], Called | None]:
    """Says of an expression whether it is a formula that has a function here, and what that is asked for."""
    own = symbols.home != f"{BOOK}."
    functions = {
        f"{'self.' if one.of_rules else symbols.home}{one.name}": one
        for one in formula_functions(vault)
        if not (own and one.of_rules)
    }

    def called(expr: Expr) -> Called | None:
        asked = ((name, one.asked(expr)) for name, one in functions.items())
        return next(((name, given) for name, given in asked if given is not None), None)

    return called


def live_scope(vault: Vault, symbols: Symbols, bound: Mapping[str, str]) -> Scope:
    """Variables read from the chain where they stand: nothing is read that is not needed, prices included."""
    reads = {held.name: symbols.read(held) for held in state_positions(vault)}
    prices = {f"price({token.name})": _live_price(token, vault, symbols) for token in vault.strategy.tokens}

    def variable(var: Var) -> str:
        for table in (bound, reads, prices):
            if var.name in table:
                return table[var.name]
        return standing(var, vault, symbols)

    return Scope(variable, function=asked_function(vault, symbols))


def _live_price(token: Token, vault: Vault, symbols: Symbols) -> str:
    feed = symbols.tokens[token.name].feed
    if isinstance(token.price, RatioPrice):
        return f"oracle.price_in({feed}, {_live_price(vault.strategy.token(token.price.other), vault, symbols)})"
    return f"oracle.price({feed})"


def parameter_scope(parameters: Mapping[str, str], vault: Vault, symbols: Symbols) -> Scope:
    """Of a function that is told some variables, by their names in the model, and knows what is the same everywhere."""
    return Scope(lambda var: parameters.get(var.name) or standing(var, vault, symbols))


def standing(var: Var, vault: Vault, symbols: Symbols) -> str:
    """What is the same in every scope: units, liquidity, the ends of ranges, the supply of shares."""
    units = {f"unit({name})": token.unit for name, token in symbols.tokens.items()}
    if var.name in units:
        return units[var.name]
    if var.name == "supply":
        return "share_token.totalSupply"
    for held in vault.held:
        if held.range is not None:
            ends = {held.range.low.name: symbols.range(held).low, held.range.high.name: symbols.range(held).high}
            if var.name in ends:
                return ends[var.name]
        elif held.venue is not None and held.liquidity.name == var.name:
            liquidity = symbols.position(held).liquidity
            if liquidity is not None:
                return liquidity
    raise NotPrintable(f"the contract has no `{var.name}` here")
