"""Quantities, positions and venues by name: `health(aave)`, `weight(save)`, `aave.debt(USDC)`."""

from __future__ import annotations

from typing import Literal

from stratc_dsl import syntax
from stratc_dsl.errors import NoSuchPosition, NothingThere, WrongKind
from stratc_dsl.scope import Declared, Scope
from stratc_dsl.span import Span
from stratc_dsl.strategy import (
    AaveV3,
    AmountOf,
    Base,
    Dimension,
    Erc4626,
    Position,
    PriceOf,
    Quantity,
    UniswapV3,
    Venue,
)
from stratc_dsl.words import expression_words

PLAIN = {"nav": Base.VALUE, "leverage": Base.RATIO}
OF_LOAN = {
    "health": Base.RATIO,
    "ltv": Base.RATIO,
    "collateral_ratio": Base.RATIO,
    "debt": Base.VALUE,
    "collateral": Base.VALUE,
}
OF_POSITION = {"value": Base.VALUE, "weight": Base.RATIO}
OF_TOKEN = ("idle", "price")
LATER = ("margin_ratio", "delta", "gamma", "vega", "volatility", "share_price", "supply")
QUANTITIES = (*PLAIN, *OF_LOAN, *OF_POSITION, *OF_TOKEN, "age", *LATER)
RESERVED = frozenset((*QUANTITIES, "USD", "weights", "stale"))


def type_quantity(reference: syntax.Reference, scope: Scope) -> Quantity | None:
    """The typed quantity that a reference names, or None after reporting."""
    name, span = reference.name.text, reference.span
    if reference.member is not None:
        cure = f"write `value(...)` or `weight(...)` of the position `{name}.{reference.member.text}`"
        scope.problems.report(WrongKind(span, "a quantity", "a position", cure))
        return None
    if name in LATER:
        scope.problems.unsupported(f"the quantity `{name}`", span)
        return None
    if name not in QUANTITIES:
        _unknown_quantity(reference, scope)
        return None
    if name in PLAIN:
        if reference.arguments is not None:
            scope.problems.report(WrongKind(span, f"`{name}` alone", f"`{name}(...)`", f"write `{name}`"))
            return None
        return Quantity(name, PLAIN[name], span=span)
    wanted = "VENUE" if name in OF_LOAN else "POSITION" if name in OF_POSITION else "TOKEN"
    argument = _only_argument(reference, wanted, scope)
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


def _only_argument(reference: syntax.Reference, wanted: str, scope: Scope) -> syntax.Expr | None:
    match reference.arguments:
        case (syntax.Argument(None, value),):
            return value
        case _:
            name = f"{reference.name.text}.{reference.member.text}" if reference.member else reference.name.text
            found = "none" if not reference.arguments else "something else"
            article = f"one {wanted.lower()} as argument of `{name}`"
            scope.problems.report(WrongKind(reference.span, article, found, f"write `{name}({wanted})`"))
            return None


def _with_argument(name: str, argument: syntax.Expr, scope: Scope, span: Span) -> Quantity | None:
    if name in OF_POSITION:
        position = resolve_position(argument, scope)
        return Quantity(name, OF_POSITION[name], position=position, span=span) if position else None
    if name in OF_LOAN:
        venue = loan_named(argument, scope, f"`{name}`")
        return Quantity(name, OF_LOAN[name], venue=venue, span=span) if venue else None
    token = priced_token(argument, scope) if name == "age" else scope.token_named(argument)
    if token is None:
        return None
    dimensions: dict[str, Dimension] = {"idle": AmountOf(token), "price": PriceOf(token), "age": Base.DURATION}
    return Quantity(name, dimensions[name], token=token, span=span)


def priced_token(argument: syntax.Expr, scope: Scope) -> str | None:
    """The token of `price(TOKEN)`, or None after reporting."""
    match argument:
        case syntax.Reference(syntax.Name("price"), None, (syntax.Argument(None, token),)):
            return scope.token_named(token)
        case _:
            found = expression_words(argument)
            scope.problems.report(WrongKind(argument.span, "a price", found, "write `price(TOKEN)`"))
            return None


# ── venues ──


def venue_named(expression: syntax.Expr, scope: Scope) -> Declared[Venue] | None:
    """The venue that an expression names, or None after reporting."""
    name = scope.bare_name(expression, "a venue", "write the name of a venue")
    return scope.venue(name) if name else None


def holding_venue(name: syntax.Name, scope: Scope, statement: str) -> str | None:
    """The name of a venue that can hold positions, or None after reporting (or where the venue is not supported)."""
    declared = scope.venue(name)
    if declared is None or declared.value is None:
        return None
    if isinstance(declared.value.terms, UniswapV3):
        cure = "name a venue that holds a position"
        scope.problems.report(NothingThere(name.span, statement, "a position", "position", name.text, cure))
        return None
    return name.text


def loan_named(expression: syntax.Expr, scope: Scope, statement: str) -> str | None:
    """The name of a venue with an allocated debt, or None after reporting."""
    name = scope.bare_name(expression, "a venue", "write the name of a lending venue")
    return loan_venue(name, scope, statement) if name else None


def loan_venue(name: syntax.Name, scope: Scope, statement: str) -> str | None:
    """The name of a venue with an allocated debt, or None after reporting."""
    declared = scope.venue(name)
    if declared is None or declared.value is None:
        return None
    lends = isinstance(declared.value.terms, AaveV3)
    allocated = scope.allocated
    if lends and (allocated is None or any(p.venue == name.text and p.kind == "debt" for p in allocated)):
        return name.text
    cure = f"allocate `{name.text}.debt(TOKEN)`, or leave this out" if lends else "name a lending venue"
    scope.problems.report(NothingThere(name.span, statement, "a debt", "debt", name.text, cure))
    return None


# ── positions ──

Kind = Literal["collateral", "debt"]


def resolve_position(expression: syntax.Expr, scope: Scope) -> Position | None:
    """The position that an expression names, or None after reporting (or where its venue is not supported)."""
    if not isinstance(expression, syntax.Reference):
        cure = "write `idle(TOKEN)`, a venue, or `venue.kind(TOKEN)`"
        scope.problems.report(WrongKind(expression.span, "a position", expression_words(expression), cure))
        return None
    # A venue must not be called `idle`; where one is, that was reported, and `idle` alone is what it means.
    is_venue = "idle" in scope.venues and expression.arguments is None
    if expression.name.text == "idle" and expression.member is None and not is_venue:
        argument = _only_argument(expression, "TOKEN", scope)
        token = scope.token_named(argument) if argument is not None else None
        return Position(None, "idle", token) if token else None
    declared = scope.venue(expression.name)
    if declared is None or declared.value is None:
        return None
    return _position_at(declared.value, declared.span, expression, scope)


def _position_at(venue: Venue, declared: Span, reference: syntax.Reference, scope: Scope) -> Position | None:
    def no_such(position: str, why: str, cure: str) -> None:
        scope.problems.report(NoSuchPosition(reference.span, venue.name, position, why, cure, declared))

    member = reference.member
    match venue.terms:
        case UniswapV3():
            no_such(_written(reference), "a venue to swap in holds nothing", "name a venue that holds something")
        case Erc4626(asset) if member is None and reference.arguments is None:
            return Position(venue.name, "deposit", asset)
        case Erc4626():
            no_such(_written(reference), "it has one position", f"write `{venue.name}` alone")
        case AaveV3(collateral, borrow) if member is None:
            if len(collateral) == 1 and not borrow and reference.arguments is None:
                return Position(venue.name, "collateral", collateral[0].token)
            no_such(
                _written(reference),
                "it has more than one position",
                f"write `{venue.name}.collateral(TOKEN)` or `{venue.name}.debt(TOKEN)`",
            )
        case AaveV3(collateral, borrow):
            assert member is not None
            if member.text == "collateral":
                return _listed(reference, venue.name, "collateral", {one.token for one in collateral}, declared, scope)
            if member.text == "debt":
                return _listed(reference, venue.name, "debt", set(borrow), declared, scope)
            no_such(_written(reference), "no such kind of position", "kinds are `collateral` and `debt`")
    return None


def _listed(
    reference: syntax.Reference, venue: str, kind: Kind, tokens: set[str], declared: Span, scope: Scope
) -> Position | None:
    argument = _only_argument(reference, "TOKEN", scope)
    token = scope.token_named(argument) if argument is not None else None
    if token is None:
        return None
    if token in tokens:
        return Position(venue, kind, token)
    argument_name = "collateral" if kind == "collateral" else "borrow"
    why = f"`{token}` is not in `{argument_name}=[..]`"
    cure = f"add `{token}` to `{argument_name}` of `{venue}`"
    scope.problems.report(NoSuchPosition(reference.span, venue, f"{kind}({token})", why, cure, declared))
    return None


def _written(reference: syntax.Reference) -> str:
    return expression_words(reference).strip("`")
