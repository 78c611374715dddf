"""What it costs to buy a short back at the oracle price, as a function of the book: asked wherever a short is valued,
traded, or its trade paid for.

Its body is the expression of `perps`.
"""

from __future__ import annotations

from dataclasses import dataclass

from stratc_compiler.expr import Rounding, amount, price
from stratc_compiler.perps import cost
from stratc_compiler.vault import Vault, VenueModel
from stratc_targets.vyper.layout import statement
from stratc_targets.vyper.names import sanitized
from stratc_targets.vyper.printer import expression
from stratc_targets.vyper.symbols import Symbols, cost_function, parameter_scope

SIZE = "size"


@dataclass(frozen=True, slots=True)
class CostText:
    """One function of a size and of a price."""

    function: str
    notice: str
    parameters: tuple[str, str]
    body: list[str]


def cost_texts(vault: Vault, symbols: Symbols) -> tuple[CostText, ...]:
    """One for each venue of perpetuals."""
    return tuple(_text(venue, vault, symbols) for venue in vault.perps)


def _text(venue: VenueModel, vault: Vault, symbols: Symbols) -> CostText:
    of, *_ = venue.account
    told = f"price_{sanitized(of.token)}"
    scope = parameter_scope({SIZE: SIZE, price(of.token).name: told}, vault, symbols)
    body = statement("return ", expression(cost(amount(SIZE, of.token), of.margin, Rounding.UP), scope))
    notice = f"What so much {of.token} costs at {venue.name}, in {of.margin}, rounded up."
    return CostText(cost_function(venue, symbols).removeprefix("self."), notice, (SIZE, told), body)
