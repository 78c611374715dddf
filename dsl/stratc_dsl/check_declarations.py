"""Tokens and venues."""

from __future__ import annotations

from fractions import Fraction

from stratc_dsl import syntax
from stratc_dsl.check_arguments import Bound, bind_arguments, bind_fields
from stratc_dsl.check_constants import constant, ratio, seconds
from stratc_dsl.check_quantities import RESERVED
from stratc_dsl.errors import LtvAboveThreshold, OutOfRange, ReservedName, WrongKind
from stratc_dsl.scope import Declared, Scope
from stratc_dsl.span import Span
from stratc_dsl.strategy import AaveV3, Base, ChainlinkPrice, Collateral, Erc4626, Token, UniswapV3, Venue
from stratc_dsl.words import expression_words, percent, plain

LATER_ADAPTERS = ("morpho_blue", "uniswap_v3_lp", "perp_v2", "covered_call", "bridge")
ADAPTERS = ("aave_v3", "erc4626", "uniswap_v3", *LATER_ADAPTERS)
PRICE_SOURCES = ("chainlink", "ratio", "fixed")
MAX_DECIMALS = 36

TOKEN_CURE = 'write `{ decimals: 6, price: chainlink("USDC/USD", heartbeat=24h, deviation=0.25%) }`'
FEED_CURE = 'write `chainlink("ETH/USD", heartbeat=1h, deviation=0.5%)`'
POOL_CURE = "write `uniswap_v3(TOKEN/BASE, fee=0.05%)`"


def declare(parts: tuple[syntax.Part, ...], scope: Scope) -> None:
    """Enter all tokens, then all venues into the scope, whatever their order in the text."""
    names: dict[str, Span] = {}
    for part in parts:
        if isinstance(part, syntax.TokenDeclaration) and _is_free(part.name, names, scope):
            scope.tokens[part.name.text] = Declared(part.name.span, _token(part, scope))
    for part in parts:
        if isinstance(part, syntax.VenueDeclaration) and _is_free(part.name, names, scope):
            # The name first: a venue that names itself gets an error about kinds, not about unknown names.
            scope.venues[part.name.text] = Declared(part.name.span, None)
            scope.venues[part.name.text] = Declared(part.name.span, _venue(part, scope))


def _is_free(name: syntax.Name, names: dict[str, Span], scope: Scope) -> bool:
    if name.text in RESERVED:
        scope.problems.report(ReservedName(name.span, name.text))
    return scope.first(names, f"the name `{name.text}`", name.span)


# ── tokens ──


def _token(declaration: syntax.TokenDeclaration, scope: Scope) -> Token | None:
    names = ("decimals", "price")
    where = f"the token `{declaration.name.text}`"
    fields = bind_fields(declaration.fields, where, names, names, declaration.name.span, scope, TOKEN_CURE)
    decimals = _decimals(fields.get("decimals"), scope)
    price = _price(fields.get("price"), scope)
    if decimals is None or price is None or not fields.sound:
        return None
    return Token(declaration.name.text, decimals, price, declaration.name.span)


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


def _price(expression: syntax.Expr | None, scope: Scope) -> ChainlinkPrice | None:
    if expression is None:
        return None
    if not isinstance(expression, syntax.Reference) or expression.member is not None:
        scope.problems.report(WrongKind(expression.span, "a price source", expression_words(expression), FEED_CURE))
        return None
    match expression.name.text:
        case "chainlink":
            return _chainlink(expression, scope)
        case "ratio" | "fixed" as source:
            scope.problems.unsupported(f"the price source `{source}(...)`", expression.span)
        case _:
            scope.unknown_word("price source", expression.name, PRICE_SOURCES, FEED_CURE)
    return None


def _chainlink(reference: syntax.Reference, scope: Scope) -> ChainlinkPrice | None:
    names = ("pair", "heartbeat", "deviation")
    given = bind_arguments(reference, names, names, scope, FEED_CURE)
    pair = given.get("pair")
    if pair is not None and not isinstance(pair, syntax.Text):
        scope.problems.report(WrongKind(pair.span, "a text in quotes", expression_words(pair), FEED_CURE))
    place = reference.name.span
    heartbeat = _seconds(given, "heartbeat", place, scope)
    deviation = _ratio(given, "deviation", place, scope)
    if not isinstance(pair, syntax.Text) or heartbeat is None or deviation is None or not given.sound:
        return None
    return ChainlinkPrice(pair.value, heartbeat, deviation)


def _seconds(given: Bound, name: str, about: Span, scope: Scope) -> int | None:
    written = given.get(name)
    return seconds(written, f"`{name}`", about, scope) if written is not None else None


def _ratio(given: Bound, name: str, about: Span, scope: Scope) -> Fraction | None:
    written = given.get(name)
    return ratio(written, f"`{name}`", about, scope) if written is not None else None


# ── venues ──


def _venue(declaration: syntax.VenueDeclaration, scope: Scope) -> Venue | None:
    adapter = declaration.terms
    terms: AaveV3 | Erc4626 | UniswapV3 | None = None
    match adapter.name.text:
        case "aave_v3":
            terms = _aave_v3(adapter, scope)
        case "erc4626":
            terms = _erc4626(adapter, scope)
        case "uniswap_v3":
            terms = _uniswap_v3(adapter, scope)
        case name if name in LATER_ADAPTERS:
            scope.problems.unsupported(f"the adapter `{name}`", adapter.span)
        case _:
            cure = "adapters are `aave_v3`, `erc4626` and `uniswap_v3`"
            scope.unknown_word("adapter", adapter.name, ADAPTERS, cure)
    return Venue(declaration.name.text, terms, declaration.name.span) if terms is not None else None


def _erc4626(reference: syntax.Reference, scope: Scope) -> Erc4626 | None:
    given = bind_arguments(reference, ("asset",), ("asset",), scope, "write `erc4626(asset=TOKEN)`")
    written = given.get("asset")
    asset = scope.token_named(written) if written is not None else None
    return Erc4626(asset) if asset and given.sound else None


def _uniswap_v3(reference: syntax.Reference, scope: Scope) -> UniswapV3 | None:
    given = bind_arguments(reference, ("pair", "fee"), ("pair", "fee"), scope, POOL_CURE)
    fee = _ratio(given, "fee", reference.name.span, scope)
    pair = given.get("pair")
    match pair:
        case None:
            return None
        case syntax.Operation("/", syntax.Reference() as left, syntax.Reference() as right):
            token, quote = scope.token_named(left), scope.token_named(right)
        case other:
            scope.problems.report(WrongKind(other.span, "a pair of tokens", expression_words(other), POOL_CURE))
            return None
    if token is not None and token == quote:
        cure = "a pool swaps between two tokens"
        scope.problems.report(WrongKind(pair.span, "two tokens", f"`{token}` twice", cure))
        return None
    return UniswapV3(token, quote, fee) if token and quote and fee is not None and given.sound else None


def _aave_v3(reference: syntax.Reference, scope: Scope) -> AaveV3 | None:
    cure = "write `aave_v3(collateral=[TOKEN(ltv=.., threshold=..)], borrow=[TOKEN])`"
    given = bind_arguments(reference, ("collateral", "borrow", "emode"), ("collateral",), scope, cure)
    emode = given.get("emode")
    if emode is not None:
        scope.problems.unsupported("`emode`", emode.span)
    collateral = _listed(given.get("collateral"), scope)
    borrow = _listed(given.get("borrow"), scope)
    supplied = [_collateral(item, scope) for item in collateral or ()]
    owed = [scope.token_named(item) for item in borrow or ()]
    seen: dict[str, Span] = {}
    for one in supplied:
        if one is not None:
            scope.first(seen, f"the collateral `{one.token}`", one.span)
    seen = {}
    for token, item in zip(owed, borrow or (), strict=True):
        if token is not None:
            scope.first(seen, f"the borrowed token `{token}`", item.span)
    if (
        collateral is None
        or (borrow is None and given.get("borrow"))
        or None in supplied
        or None in owed
        or not given.sound
    ):
        return None
    return AaveV3(tuple(one for one in supplied if one), tuple(token for token in owed if token))


def _listed(expression: syntax.Expr | None, scope: Scope) -> tuple[syntax.Expr, ...] | None:
    if expression is None or isinstance(expression, syntax.ListOf):
        return expression.items if expression else None
    cure = "write `[TOKEN, TOKEN]`"
    scope.problems.report(WrongKind(expression.span, "a list", expression_words(expression), cure))
    return None


def _collateral(expression: syntax.Expr, scope: Scope) -> Collateral | None:
    if not isinstance(expression, syntax.Reference) or expression.member is not None:
        cure = "write `TOKEN(ltv=.., threshold=..)`"
        scope.problems.report(WrongKind(expression.span, "a token", expression_words(expression), cure))
        return None
    token = scope.token(expression.name)
    given = bind_arguments(expression, ("ltv", "threshold"), (), scope, "write `TOKEN(ltv=.., threshold=..)`")
    place = expression.name.span
    ltv = _ratio(given, "ltv", place, scope)
    written = given.get("threshold")
    threshold = _ratio(given, "threshold", place, scope)
    failed = (ltv is None and given.get("ltv")) or (threshold is None and written)
    if token is None or failed or not given.sound:
        return None
    if ltv is not None and threshold is not None and written is not None and ltv > threshold:
        scope.problems.report(LtvAboveThreshold(written.span, token, percent(ltv), percent(threshold)))
        return None
    return Collateral(token, ltv, threshold, expression.span)
