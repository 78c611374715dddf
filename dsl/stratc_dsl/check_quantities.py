"""Quantities by name: `nav`, `health(aave)`, `weight(save)`, `delta(WETH)`."""

from __future__ import annotations

from stratc_dsl import syntax
from stratc_dsl.adapters import GREEKS
from stratc_dsl.check_arguments import only_argument
from stratc_dsl.check_positions import loan_named, margin_named, resolve_position
from stratc_dsl.errors import NothingThere, WrongKind
from stratc_dsl.scope import Scope
from stratc_dsl.span import Span
from stratc_dsl.strategy import SHARES, AmountOf, Base, Dimension, FixedPrice, PriceOf, Quantity
from stratc_dsl.words import expression_words

PLAIN: dict[str, Dimension] = {
    "nav": Base.VALUE,
    "leverage": Base.RATIO,
    "share_price": PriceOf(SHARES),
    "supply": AmountOf(SHARES),
}
OF_LOAN = {
    "health": Base.RATIO,
    "buffer": Base.RATIO,
    "ltv": Base.RATIO,
    "collateral_ratio": Base.RATIO,
    "debt": Base.VALUE,
    "collateral": Base.VALUE,
}
OF_MARGIN = {"margin_ratio": Base.RATIO}
OF_POSITION = {"value": Base.VALUE, "weight": Base.RATIO}
OF_TOKEN = ("idle", "price", *GREEKS)
QUANTITIES = (*PLAIN, *OF_LOAN, *OF_MARGIN, *OF_POSITION, *OF_TOKEN, "age", "volatility")
RESERVED = frozenset((*QUANTITIES, "USD", "weights", "stale"))


def type_quantity(reference: syntax.Reference, scope: Scope) -> Quantity | None:
    """The typed quantity that a reference names, or None after reporting."""
    name, span = reference.name.text, reference.span
    if reference.member is not None:
        cure = f"write `value(...)` or `weight(...)` of the position `{name}.{reference.member.text}`"
        scope.problems.report(WrongKind(span, "a quantity", "a position", cure))
        return None
    if name not in QUANTITIES:
        _unknown_quantity(reference, scope)
        return None
    if name in PLAIN:
        if reference.arguments is not None:
            scope.problems.report(WrongKind(span, f"`{name}` alone", f"`{name}(...)`", f"write `{name}`"))
            return None
        return Quantity(name, PLAIN[name], span=span)
    if name == "volatility":
        return _volatility(reference, scope)
    wanted = "VENUE" if name in OF_LOAN | OF_MARGIN else "POSITION" if name in OF_POSITION else "TOKEN"
    argument = only_argument(reference, wanted, scope)
    return _with_argument(name, argument, scope, span) if argument is not None else None


def _unknown_quantity(reference: syntax.Reference, scope: Scope) -> None:
    name = reference.name
    if reference.arguments is None and (name.text in scope.tokens or name.text in scope.venues):
        kind = "token" if name.text in scope.tokens else "venue"
        cure = f"say which quantity of `{name.text}` is meant, for example `value({name.text})`"
        if kind == "token":
            cure = f"say which quantity of `{name.text}` is meant, for example `idle({name.text})`"
        scope.problems.report(WrongKind(reference.span, "a quantity", f"the {kind} `{name.text}`", cure))
        return
    scope.unknown_word("quantity", name, QUANTITIES, "quantities are `nav`, `health(v)`, `idle(T)`, `weight(p)`, ...")


def _with_argument(name: str, argument: syntax.Expr, scope: Scope, span: Span) -> Quantity | None:
    if name in OF_POSITION:
        position = resolve_position(argument, scope)
        return Quantity(name, OF_POSITION[name], position=position, span=span) if position else None
    if name in OF_LOAN:
        venue = loan_named(argument, scope, f"`{name}`")
        return Quantity(name, OF_LOAN[name], venue=venue, span=span) if venue else None
    if name in OF_MARGIN:
        venue = margin_named(argument, scope, f"`{name}`")
        return Quantity(name, OF_MARGIN[name], venue=venue, span=span) if venue else None
    token = fed_token(argument, scope, "`age`") if name == "age" else scope.token_named(argument)
    if token is None:
        return None
    dimensions: dict[str, Dimension] = {"price": PriceOf(token), "age": Base.DURATION}
    # A delta is told in tokens; gamma and vega are values, since a squared token or a volatility point is no unit here.
    dimensions |= {"idle": AmountOf(token), "delta": AmountOf(token), "gamma": Base.VALUE, "vega": Base.VALUE}
    return Quantity(name, dimensions[name], token=token, span=span)


def _volatility(reference: syntax.Reference, scope: Scope) -> Quantity | None:
    match reference.arguments:
        case (syntax.Argument(None, written), syntax.Argument(None, syntax.Number(seconds, syntax.Unit.DURATION))):
            token = _with_feed(scope.token_named(written), written.span, "`volatility`", scope)
            whole = seconds.denominator == 1 and seconds >= 1
            if token and whole:
                return Quantity("volatility", Base.RATIO, token=token, period=int(seconds), span=reference.span)
            if whole:
                return None
        case _:
            pass
    wanted, found = "a token and a window in `volatility(..)`", expression_words(reference)
    scope.problems.report(WrongKind(reference.span, wanted, found, "write for example `volatility(WETH, 1d)`"))
    return None


def fed_token(argument: syntax.Expr, scope: Scope, statement: str) -> str | None:
    """The token of `price(TOKEN)`, whose price has a feed, or None after reporting."""
    match argument:
        case syntax.Reference(syntax.Name("price"), None, (syntax.Argument(None, token),)):
            return _with_feed(scope.token_named(token), token.span, statement, scope)
        case _:
            found = expression_words(argument)
            scope.problems.report(WrongKind(argument.span, "a price", found, "write `price(TOKEN)`"))
            return None


def _with_feed(token: str | None, span: Span, statement: str, scope: Scope) -> str | None:
    declared = scope.tokens[token].value if token is not None else None
    if token is None or declared is None or not isinstance(declared.price, FixedPrice):
        return token
    cure = "a fixed price never changes: give the token a `chainlink(..)` price, or leave this out"
    scope.problems.report(NothingThere(span, statement, "a feed", "feed", token, cure))
    return None
