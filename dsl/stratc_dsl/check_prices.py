"""Where the price of a token comes from: a feed in USD, a feed in another token, or a decree."""

from __future__ import annotations

from stratc_dsl import syntax
from stratc_dsl.check_arguments import Bound, bind_arguments
from stratc_dsl.check_constants import constant, ratio, seconds
from stratc_dsl.errors import CircularPrice, OutOfRange, PriceInOtherUnit, WrongKind
from stratc_dsl.scope import Scope
from stratc_dsl.span import Span
from stratc_dsl.strategy import Base, ChainlinkPrice, FixedPrice, PriceSource, RatioPrice
from stratc_dsl.words import expression_words, plain

PRICE_SOURCES = ("chainlink", "ratio", "fixed")

FEED_CURE = 'write `chainlink("ETH/USD", heartbeat=1h, deviation=0.5%)`'
RATIO_CURE = 'write `ratio(TOKEN, chainlink("WSTETH/ETH", heartbeat=24h, deviation=0.5%))`'
FIXED_CURE = "write `fixed(1 USD)`"


def check_price(expression: syntax.Expr | None, scope: Scope) -> PriceSource | None:
    """The price source that a field `price` names, or None after reporting."""
    if expression is None:
        return None
    if not isinstance(expression, syntax.Reference) or expression.member is not None:
        scope.problems.report(WrongKind(expression.span, "a price source", expression_words(expression), FEED_CURE))
        return None
    match expression.name.text:
        case "chainlink":
            feed = _chainlink(expression, scope)
            return feed if feed is not None and _is_in_usd(feed, expression, scope) else None
        case "ratio":
            return _ratio(expression, scope)
        case "fixed":
            return _fixed(expression, scope)
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
    heartbeat, deviation = given.get("heartbeat"), given.get("deviation")
    age = seconds(heartbeat, "`heartbeat`", place, scope) if heartbeat is not None else None
    share = ratio(deviation, "`deviation`", place, scope) if deviation is not None else None
    if not isinstance(pair, syntax.Text) or age is None or share is None or not given.sound:
        return None
    return ChainlinkPrice(pair.value, age, share)


def _fixed(reference: syntax.Reference, scope: Scope) -> FixedPrice | None:
    given = bind_arguments(reference, ("price",), ("price",), scope, FIXED_CURE)
    written = given.get("price")
    if written is None:
        return None
    value = constant(written, Base.VALUE, "`fixed`", reference.name.span, scope, FIXED_CURE)
    if value is None or not given.sound:
        return None
    if value <= 0:
        scope.problems.report(OutOfRange(written.span, "a price", "above 0 USD", f"{plain(value)} USD", FIXED_CURE))
        return None
    return FixedPrice(value, span=reference.span)


# ── prices in another token ──


def _ratio(reference: syntax.Reference, scope: Scope) -> RatioPrice | None:
    given = bind_arguments(reference, ("token", "feed"), ("token", "feed"), scope, RATIO_CURE)
    named = given.get("token")
    other = scope.token_named(named) if named is not None else None
    feed = _feed(given, other, scope)
    return RatioPrice(other, feed, span=reference.span) if other and feed and given.sound else None


def _feed(given: Bound, other: str | None, scope: Scope) -> ChainlinkPrice | None:
    written = given.get("feed")
    match written:
        case None:
            return None
        case syntax.Reference(syntax.Name("chainlink"), None):
            feed = _chainlink(written, scope)
            return feed if feed is not None and _is_in_token(feed, written, other, scope) else None
        case _:
            scope.problems.report(WrongKind(written.span, "a feed", expression_words(written), RATIO_CURE))
            return None


def _quote(feed: ChainlinkPrice) -> str:
    return feed.pair.rpartition("/")[2].strip().upper() if "/" in feed.pair else ""


def _is_in_usd(feed: ChainlinkPrice, written: syntax.Reference, scope: Scope) -> bool:
    """A feed in ETH read as dollars has cost a protocol its reserves: the pair says what it is told in."""
    if _quote(feed) in ("USD", ""):
        return True
    scope.problems.report(PriceInOtherUnit(written.span, feed.pair, _quote(feed), "USD", RATIO_CURE))
    return False


def _is_in_token(feed: ChainlinkPrice, written: syntax.Reference, other: str | None, scope: Scope) -> bool:
    if _quote(feed) != "USD" or other == "USD":
        return True
    cure = f"a feed in USD is a price of its own: write `price: chainlink({feed.pair!r}, ..)` without `ratio`"
    scope.problems.report(
        PriceInOtherUnit(written.span, feed.pair, "USD", f"`{other}`" if other else "a token", cure.replace("'", '"'))
    )
    return False


def check_circles(names: set[str], scope: Scope) -> None:
    """Report each circle of these tokens, whose prices are told in each other, once."""
    told = {
        name: one.value.price.other
        for name, one in scope.tokens.items()
        if name in names and one.value is not None and isinstance(one.value.price, RatioPrice)
    }
    reported: set[str] = set()
    for name in told:
        path = [name]
        while path[-1] in told and told[path[-1]] not in path:
            path.append(told[path[-1]])
        circle = path[path.index(told[path[-1]]) :] if path[-1] in told else []
        if circle and not reported & set(circle):
            reported |= set(circle)
            _report(circle, scope)


def _report(circle: list[str], scope: Scope) -> None:
    places: list[Span] = []
    for name in circle:
        token = scope.tokens[name].value
        assert token is not None
        assert isinstance(token.price, RatioPrice)
        places.append(token.price.span)
    scope.problems.report(CircularPrice(places[0], " -> ".join((*circle, circle[0])), tuple(places[1:])))
