"""Swaps as functions of the actions, one for each direction of a pair, where plans hold too many to print each out.

A vault with liquidity in a range swaps whenever it adds to the range, takes out of it or fetches its fees.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from stratc_compiler.expr import amount, price
from stratc_compiler.trading import least_bought
from stratc_compiler.vault import Swap, SwapModel, Trades, Vault, every_item
from stratc_targets.vyper.layout import call, statement
from stratc_targets.vyper.names import sanitized
from stratc_targets.vyper.printer import expression
from stratc_targets.vyper.symbols import Symbols, parameter_scope


@dataclass(frozen=True, slots=True)
class SwapFunction:
    """`function` of an amount and of two prices, that of what is sold first; returns what was bought."""

    function: str
    notice: str
    parameters: tuple[str, ...]
    body: list[str]


def swap_functions(vault: Vault, symbols: Symbols) -> tuple[SwapFunction, ...]:
    """One for each direction that some plan takes; none in a vault without a range."""
    if not vault.ranges:
        return ()
    directions = dict.fromkeys((item.swap.name, item.sold, item.bought) for item in _swaps(vault))
    models = {swap.name: swap for swap in vault.swaps}
    return tuple(_function(models[name], sold, bought, vault, symbols) for name, sold, bought in directions)


def function_of(item: Swap, vault: Vault) -> str | None:
    """What a swap calls; None where it has text of its own: it takes another minimum, or stands alone."""
    usual = least_bought(item.swap, item.amount, item.bought)
    return _name(item.swap, item.sold, item.bought) if vault.ranges and item.minimum == usual else None


def _swaps(vault: Vault) -> Iterator[Swap]:
    plans = (rule.effect.plan for rule in vault.rules if isinstance(rule.effect, Trades))
    for plan in (*plans, vault.exit_plan, vault.unwinding):
        yield from (item for item in every_item(plan) if isinstance(item, Swap) and function_of(item, vault))


def _name(swap: SwapModel, sold: str, bought: str) -> str:
    return f"_{sanitized(swap.name)}_{sanitized(sold)}_for_{sanitized(bought)}"


def _function(model: SwapModel, sold: str, bought: str, vault: Vault, symbols: Symbols) -> SwapFunction:
    given = amount("amount", sold)
    prices = {price(token).name: f"price_{sanitized(token)}" for token in (sold, bought)}
    scope = parameter_scope({given.name: given.name} | prices, vault, symbols)
    text = symbols.venues[model.name].swap
    assert text is not None, "the model swaps at a venue that cannot"
    minimum = statement("minimum: uint256 = ", expression(least_bought(model, given, bought), scope))
    traded = call(text(symbols.token(sold), symbols.token(bought), given.name, "minimum"))
    notice = f"Sell {sold} at `{model.name}` for at least what was proved; returns how much {bought} came."
    body = [*minimum, *statement("return ", traded)]
    return SwapFunction(_name(model, sold, bought), notice, (given.name, *prices.values()), body)
