"""What a short costs at the oracle price, and trading it, as functions: for wherever a short is valued or traded.

Their bodies are the expressions of `perps`. What it costs is a function of the book in every vault; the others are
where plans hold too many to print each out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from stratc_compiler.expr import Expr, Plain, Rounding, Var, amount, price
from stratc_compiler.perps import cost, least_fetched, most_paid, size_worth, worth_of_short
from stratc_compiler.vault import Trade, Trades, Vault, VenueModel, every_item
from stratc_targets.vyper.layout import statement
from stratc_targets.vyper.names import sanitized
from stratc_targets.vyper.printer import Scope, expression
from stratc_targets.vyper.symbols import (
    Symbols,
    cost_function,
    crowded,
    parameter_scope,
    perp_functions,
    size_function,
    worth_of_short_function,
)

SIZE, WORTH = "size", "worth"


@dataclass(frozen=True, slots=True)
class CostText:
    """One function of a size, or of a value, and of prices."""

    function: str
    notice: str
    parameters: tuple[str, ...]
    body: list[str]


def cost_texts(vault: Vault, symbols: Symbols) -> tuple[CostText, ...]:
    """Those of each venue of perpetuals, in the book."""
    return tuple(text for venue in vault.perps for text in _texts(venue, vault, symbols))


def _texts(venue: VenueModel, vault: Vault, symbols: Symbols) -> Iterator[CostText]:
    of, *_ = venue.account
    of_token, of_margin = _parameters(venue)
    size = amount(SIZE, of.token)
    what = f"What so much {of.token} costs at `{venue.name}`"

    def text(function: str, notice: str, parameters: tuple[str, ...], scope: Scope, told: Expr) -> CostText:
        body = statement("return ", expression(told, scope))
        return CostText(function.removeprefix("self."), notice, parameters, body)

    plainly = _scope(venue, vault, symbols)
    costs = cost(size, of.margin, Rounding.UP)
    function = cost_function(venue, symbols)
    yield text(function, f"{what}, in {of.margin}, rounded up.", (SIZE, of_token), plainly, costs)
    if not crowded(vault):
        return
    by_cost = Scope(plainly.variable, {costs: f"{function}({SIZE}, {of_token})"})
    worth = worth_of_short(size, of.margin)
    function = worth_of_short_function(venue, symbols)
    yield text(function, f"{what}, in 10^-18 USD, rounded up.", (SIZE, of_token, of_margin), by_cost, worth)
    sized = size_worth(Var(WORTH, Plain.VALUE), of.token, of.margin)
    notice = f"How much {of.token} costs so much at `{venue.name}`, told in 10^-18 USD, rounded down."
    yield text(size_function(venue, symbols), notice, (WORTH, of_token, of_margin), plainly, sized)


def _parameters(venue: VenueModel) -> tuple[str, str]:
    """What the prices of the token and of the margin are called."""
    of, *_ = venue.account
    return f"price_{sanitized(of.token)}", f"price_{sanitized(of.margin)}"


def _scope(venue: VenueModel, vault: Vault, symbols: Symbols) -> Scope:
    of, *_ = venue.account
    told = dict(zip((price(of.token).name, price(of.margin).name), _parameters(venue), strict=True))
    return parameter_scope({SIZE: SIZE, WORTH: WORTH} | told, vault, symbols)


@dataclass(frozen=True, slots=True)
class TradeFunction:
    """One function of the actions, of a size and of the token's price: it trades so much of the short."""

    function: str
    notice: str
    parameters: tuple[str, str]
    body: list[str]


def trade_functions(vault: Vault, symbols: Symbols) -> tuple[TradeFunction, ...]:
    """One for each way in which plans trade a short; none in a vault that is not `crowded`."""
    ways = dict.fromkeys((item.short.venue, item.covers) for item in _trades(vault))
    venues = {venue.name: venue for venue in vault.perps}
    return tuple(_function(venues[name or ""], vault, symbols, covers=covers) for name, covers in ways)


def trade_function_of(item: Trade, vault: Vault) -> str | None:
    """What a trade calls; None where it has text of its own: it takes another bound, or stands alone."""
    of = item.short.perp
    assert of is not None
    usual = (most_paid if item.covers else least_fetched)(of, item.amount)
    return _name(item.short.venue or "", covers=item.covers) if crowded(vault) and item.bound == usual else None


def _trades(vault: Vault) -> Iterator[Trade]:
    plans = (rule.effect.plan for rule in vault.rules if isinstance(rule.effect, Trades))
    for plan in (*plans, vault.exit_plan, vault.unwinding):
        yield from (item for item in every_item(plan) if isinstance(item, Trade) and trade_function_of(item, vault))


def _name(venue: str, *, covers: bool) -> str:
    return f"_{'buy_back' if covers else 'short_more'}_at_{sanitized(venue)}"


def _function(venue: VenueModel, vault: Vault, symbols: Symbols, *, covers: bool) -> TradeFunction:
    of, *_ = venue.account
    of_token, _ = _parameters(venue)
    trade = symbols.venues[venue.name].trade
    assert trade is not None, "the model trades a short at a venue that has none"
    size = amount(SIZE, of.token)
    scope = Scope(_scope(venue, vault, symbols).variable, function=partial(perp_functions, vault, symbols))
    bound, told = ("most", most_paid(of, size)) if covers else ("least", least_fetched(of, size))
    lines = statement(f"{bound}: uint256 = ", expression(told, scope))
    moved = (trade.buy if covers else trade.sell)(SIZE, bound)
    what = (
        f"Buy {of.token} back at {venue.name} for at most"
        if covers
        else f"Sell {of.token} at {venue.name} for at least"
    )
    return TradeFunction(
        _name(venue.name, covers=covers), f"{what} what was proved.", (SIZE, of_token), [*lines, moved]
    )
