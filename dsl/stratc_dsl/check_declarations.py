"""Tokens, and which names are declared at all."""

from __future__ import annotations

from collections.abc import Iterator

from stratc_dsl import syntax
from stratc_dsl.check_administration import check_signal
from stratc_dsl.check_arguments import bind_fields
from stratc_dsl.check_constants import constant
from stratc_dsl.check_prices import check_circles, check_price
from stratc_dsl.check_quantities import RESERVED
from stratc_dsl.check_venues import check_venue
from stratc_dsl.errors import OutOfRange, ReservedName
from stratc_dsl.scope import Declared, Scope
from stratc_dsl.span import Span
from stratc_dsl.strategy import SHARES, Base, Token
from stratc_dsl.words import plain

MAX_DECIMALS = 36

TOKEN_CURE = 'write `{ decimals: 6, price: chainlink("USDC/USD", heartbeat=24h, deviation=0.25%) }`'


def declare(parts: tuple[syntax.Part, ...], scope: Scope) -> None:
    """Enter all tokens, then all venues and signals into the scope, whatever their order in the text."""
    names = {_the_name(name): span for name, span in scope.names().items()}
    written = [one for one in parts if isinstance(one, syntax.TokenDeclaration)]
    tokens = [one for one in written if _is_free(one.name, names, scope, RESERVED | {SHARES})]
    # Names first: a price may be told in a token that is declared later.
    scope.tokens |= {one.name.text: Declared(one.name.span, None) for one in tokens}
    for token in tokens:
        scope.tokens[token.name.text] = Declared(token.name.span, _token(token, scope))
    check_circles({token.name.text for token in tokens}, scope)
    for part in parts:
        if isinstance(part, syntax.VenueDeclaration) and _is_free(part.name, names, scope):
            # The name first: a venue that names itself gets an error about kinds, not about unknown names.
            scope.venues[part.name.text] = Declared(part.name.span, None)
            scope.venues[part.name.text] = Declared(part.name.span, check_venue(part, scope))
    for signal in _signals(parts):
        if _is_free(signal.name, names, scope):
            scope.signals[signal.name.text] = Declared(signal.name.span, check_signal(signal, scope))


def _signals(parts: tuple[syntax.Part, ...]) -> Iterator[syntax.SignalDeclaration]:
    for part in parts:
        if isinstance(part, syntax.SignalDeclaration):
            yield part
        elif isinstance(part, syntax.SignalsBlock):
            yield from part.signals


def _is_free(name: syntax.Name, names: dict[str, Span], scope: Scope, reserved: frozenset[str] = RESERVED) -> bool:
    if name.text in reserved:
        scope.problems.report(ReservedName(name.span, name.text))
    return scope.first(names, _the_name(name.text), name.span)


def _the_name(name: str) -> str:
    return f"the name `{name}`"


# ── tokens ──


def _token(declaration: syntax.TokenDeclaration, scope: Scope) -> Token | None:
    names = ("decimals", "price")
    where = f"the token `{declaration.name.text}`"
    fields = bind_fields(declaration.fields, where, names, names, declaration.name.span, scope, TOKEN_CURE)
    decimals = _decimals(fields.get("decimals"), scope)
    price = check_price(fields.get("price"), scope)
    if decimals is None or price is None or not fields.sound:
        return None
    return Token(declaration.name.text, decimals, price, span=declaration.name.span)


def _decimals(expression: syntax.Expr | None, scope: Scope) -> int | None:
    if expression is None:
        return None
    cure = "write what `decimals()` of the token returns"
    value = constant(expression, Base.RATIO, "`decimals`", expression.span, scope, cure, "a whole number")
    if value is None:
        return None
    if value.denominator != 1 or not 0 <= value <= MAX_DECIMALS:
        wanted = f"a whole number from 0 to {MAX_DECIMALS}"
        scope.problems.report(OutOfRange(expression.span, "`decimals`", wanted, plain(value), cure))
        return None
    return int(value)
