"""What liquidity in a range is worth, as functions of the book: too much text to stand wherever it is asked for.

Their bodies are the expressions of `ranges`, printed with names for the parts that every branch computes first.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from stratc_compiler.expr import Expr, Formula, Plain, Var, price
from stratc_compiler.ranges import Range, token_part, worth, worths
from stratc_compiler.vault import Vault
from stratc_targets.vyper.layout import statement
from stratc_targets.vyper.printer import Scope, expression
from stratc_targets.vyper.symbols import Symbols, standing, worth_functions

LIQUIDITY = Var("liquidity", Plain.NUMBER)


@dataclass(frozen=True, slots=True)
class WorthText:
    """One function: what it returns of so much liquidity at these prices."""

    function: str
    notice: str
    parameters: tuple[str, ...]
    body: list[str]


def worth_texts(vault: Vault, symbols: Symbols) -> tuple[WorthText, ...]:
    """Two for each range: all it is worth, and how much of that is in its token."""
    return tuple(text for held in vault.ranges.values() if held.range for text in _texts(held.range, vault, symbols))


def _texts(of: Range, vault: Vault, symbols: Symbols) -> Iterator[WorthText]:
    parameters = (LIQUIDITY.name, *(symbols.fields[price(token).name] for token in (of.token, of.base)))
    names = dict(zip((LIQUIDITY.name, price(of.token).name, price(of.base).name), parameters, strict=True))

    def variable(var: Var) -> str:
        return names[var.name] if var.name in names else standing(var, vault, symbols)

    all_of_it, in_token = (name.removeprefix("self.") for name in worth_functions(of, symbols))
    for function, what, expr in (
        (all_of_it, f"What liquidity at {of.name} is worth", worth(of, LIQUIDITY)),
        (in_token, f"How much of that is worth of {of.token}", token_part(of, LIQUIDITY)),
    ):
        named: dict[Expr | Formula, str] = {}
        body = []
        for name, part in zip(("token", "base", "mean"), worths(of, LIQUIDITY), strict=True):
            body += statement(f"{name}: uint256 = ", expression(part, Scope(variable, named)))
            named[part] = name
        body += statement("return ", expression(expr, Scope(variable, named)))
        yield WorthText(function, f"{what}, rounded down.", parameters, body)
