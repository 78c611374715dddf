"""What liquidity in a range is worth, as a function of the book: too much text to stand wherever it is asked for.

Its body is the expressions of `ranges`, printed with names for the parts that every branch computes first: all that the
liquidity is worth, and what of that is in its token, which hang on the same choices.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from stratc_compiler.expr import Expr, Formula, If, MulDiv, Plain, Var, price
from stratc_compiler.ranges import Range, quotient, token_part, worth, worths
from stratc_compiler.vault import Held, Vault
from stratc_targets.vyper.layout import flat, statement
from stratc_targets.vyper.names import sanitized
from stratc_targets.vyper.printer import Scope, expression, formula
from stratc_targets.vyper.symbols import Symbols, parameter_scope, worth_function

LIQUIDITY = Var("liquidity", Plain.NUMBER)


@dataclass(frozen=True, slots=True)
class WorthText:
    """One function: what it returns of so much liquidity at these prices."""

    function: str
    notice: str
    parameters: tuple[str, ...]
    body: list[str]


def worth_texts(vault: Vault, symbols: Symbols) -> tuple[WorthText, ...]:
    """One for each range: all it is worth, and how much of that is in its token."""
    return tuple(_text(held.range, vault, symbols) for held in vault.ranges.values() if held.range)


@dataclass(frozen=True, slots=True)
class NearText:
    """One function of the actions: of the prices of both tokens, it reverts where the pool is too far from them."""

    function: str
    notice: str
    parameters: tuple[str, ...]
    call: str


def near_texts(vault: Vault, symbols: Symbols) -> tuple[NearText, ...]:
    """One for each range: whatever adds to it, and each rule that takes out of it, asks."""
    return tuple(_near_text(held, held.range, vault, symbols) for held in vault.ranges.values() if held.range)


def near_function(of: Range) -> str:
    """What it is called."""
    return f"_only_near_{sanitized(of.name)}"


def _near_text(held: Held, of: Range, vault: Vault, symbols: Symbols) -> NearText:
    names = {price(token).name: f"price_{sanitized(token)}" for token in held.tokens}
    scope = parameter_scope(names, vault, symbols)
    worths = (flat(expression(side, scope)) for side in quotient(of))
    notice = f"Reverts where the pool of {of.name} is further from these prices than was assumed."
    return NearText(near_function(of), notice, tuple(names.values()), symbols.range(held).near(*worths))


def _text(of: Range, vault: Vault, symbols: Symbols) -> WorthText:
    parameters = (LIQUIDITY.name, *(symbols.fields[price(token).name] for token in (of.token, of.base)))
    names = dict(zip((LIQUIDITY.name, price(of.token).name, price(of.base).name), parameters, strict=True))
    named: dict[Expr | Formula, str] = {}
    scope = Scope(parameter_scope(names, vault, symbols).variable, named)
    body = []
    for name, part in zip(("token", "base", "mean"), worths(of, LIQUIDITY), strict=True):
        body += statement(f"{name}: uint256 = ", expression(part, scope))
        named[part] = name
    whole, in_token = worth(of, LIQUIDITY), token_part(of, LIQUIDITY)
    assert isinstance(whole, MulDiv), "worths are divided in the end"
    assert isinstance(in_token, MulDiv), "worths are divided in the end"
    body += ["all_of_it: uint256 = 0", "in_token: uint256 = 0", *_branches(whole.left, in_token.left, scope)]
    named |= {whole.left: "all_of_it", in_token.left: "in_token"}
    lasts = (" ".join(statement("", expression(one, scope))) for one in (whole, in_token))
    body.append(f"return {', '.join(lasts)}")
    notice = f"What liquidity at {of.name} is worth, and how much of that is worth of {of.token}; rounded down."
    return WorthText(worth_function(of, symbols).removeprefix("self."), notice, parameters, body)


def _branches(whole: Expr, in_token: Expr, scope: Scope) -> Iterator[str]:
    """Both, by the choices that they have in common."""
    if not isinstance(whole, If) or not isinstance(in_token, If):
        yield from statement("all_of_it = ", expression(whole, scope))
        yield from (
            ["in_token = all_of_it"] if in_token == whole else statement("in_token = ", expression(in_token, scope))
        )
        return
    assert whole.condition == in_token.condition, "both lie on the same side of the range"
    yield from statement("if ", formula(whole.condition, scope), ":")
    yield from (f"    {line}" for line in _branches(whole.then, in_token.then, scope))
    yield "else:"
    yield from (f"    {line}" for line in _branches(whole.otherwise, in_token.otherwise, scope))
