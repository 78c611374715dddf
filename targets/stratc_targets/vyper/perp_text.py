"""Trading a short, as functions of the actions: where plans hold too many steps to print each trade out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from stratc_compiler.expr import amount, price
from stratc_compiler.perps import least_fetched, most_paid
from stratc_compiler.vault import Trade, Trades, Vault, VenueModel, every_item
from stratc_targets.vyper.formulas import crowded
from stratc_targets.vyper.layout import statement
from stratc_targets.vyper.names import sanitized
from stratc_targets.vyper.printer import Scope, expression
from stratc_targets.vyper.symbols import Symbols, asked_function, parameter_scope

SIZE = "size"


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
    of_token = f"price_{sanitized(of.token)}"
    trade = symbols.venues[venue.name].trade
    assert trade is not None, "the model trades a short at a venue that has none"
    size = amount(SIZE, of.token)
    variable = parameter_scope({SIZE: SIZE, price(of.token).name: of_token}, vault, symbols).variable
    scope = Scope(variable, function=asked_function(vault, symbols))
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
