"""What a strategy must say as a whole: no assumption forgotten, no position that cannot be traded or sold."""

from __future__ import annotations

from stratc_dsl.adapters import adapter_of, collaterals
from stratc_dsl.errors import MissingAssumption, NoSwapVenue, NotInExit, RiskNotStated
from stratc_dsl.scope import Scope
from stratc_dsl.span import Span
from stratc_dsl.strategy import (
    Assumption,
    FixedPrice,
    FundingBetween,
    KeeperEvery,
    PairMoves,
    PairStays,
    PriceMoves,
    PriceStays,
    RateAtMost,
    RatioPrice,
    SlippageAtMost,
    Strategy,
    UniswapV3,
    Venue,
)


def check_assumed(strategy: Strategy, assume: Span, scope: Scope) -> None:
    """Report each assumption without which nothing could be proved; `assume` is where the keeper's would stand."""
    assumed = strategy.assumptions

    def missing(span: Span, what: str, label: str, cure: str) -> None:
        # What is shared may be assumed of by whoever uses it: the gap is in the strategy, not at the declaration.
        span = span if span in strategy.span else assume
        scope.problems.report(MissingAssumption(span, what, label, cure))

    if not any(isinstance(one, KeeperEvery) for one in assumed):
        missing(assume, "how often the keeper runs", "no `keeper every`", "keeper every 1h")
    priced = _bounded_prices(strategy)
    for token in strategy.tokens:
        if token.name not in priced:
            cure = f"price({token.name}) moves -20% .. +20%"
            if isinstance(token.price, RatioPrice):
                cure = f"price({token.name}/{token.price.other}) moves -4% .. +1%"
            missing(token.span, f"the price of `{token.name}`", "its price is unbounded", cure)
    for venue in strategy.venues:
        for bound in _unbounded(venue, assumed):
            example = "in -0.10% .. +0.10% per 8h" if bound == "funding" else "<= 0.30%"
            cure = f"{bound}({venue.name}) {example}"
            missing(venue.span, f"the {bound} of `{venue.name}`", f"its {bound} is unbounded", cure)
    rated = {one.position for one in assumed if isinstance(one, RateAtMost)}
    for position in strategy.positions:
        if position.kind == "debt" and position not in rated:
            cure = f"rate({position}) <= 60% per 1y"
            what = f"the interest on `{position}`"
            missing(_place(position, scope), what, "its interest is unbounded", cure)


def _bounded_prices(strategy: Strategy) -> set[str]:
    """The tokens whose price is bounded: by itself, by decree, or through a pair with one that is."""
    assumed = strategy.assumptions
    bounded = {one.token for one in assumed if isinstance(one, PriceMoves | PriceStays)}
    bounded |= {one.name for one in strategy.tokens if isinstance(one.price, FixedPrice)}
    pairs = [{one.token, one.other} for one in assumed if isinstance(one, PairMoves | PairStays)]
    for _ in pairs:
        bounded |= {token for pair in pairs if pair & bounded for token in pair}
    return bounded


def _unbounded(venue: Venue, assumed: tuple[Assumption, ...]) -> tuple[str, ...]:
    """What must be bounded at a venue, and is not."""
    stated = {"slippage" for one in assumed if isinstance(one, SlippageAtMost) and one.venue == venue.name}
    stated |= {"funding" for one in assumed if isinstance(one, FundingBetween) and one.venue == venue.name}
    return tuple(one for one in adapter_of(venue.terms).needs if one not in stated)


def _place(position: object, scope: Scope) -> Span:
    return next(span for one, span in (scope.allocated or {}).items() if one == position)


def check_loans(strategy: Strategy, scope: Scope) -> None:
    """Report collateral that is allocated beside a debt and does not state its ltv or threshold."""
    allocated = scope.allocated or {}
    for venue in strategy.venues:
        debts = [span for one, span in allocated.items() if one.venue == venue.name and one.kind == "debt"]
        if not debts:
            continue
        used = {one.token for one in allocated if one.venue == venue.name and one.kind == "collateral"}
        for one in collaterals(venue.terms):
            stated = (("`ltv`", one.ltv), ("`threshold`", one.threshold))
            missing = " and ".join(word for word, value in stated if value is None)
            if missing and one.token in used:
                scope.problems.report(RiskNotStated(one.span, venue.name, one.token, missing, debts[0]))


def _pairs(strategy: Strategy) -> dict[str, frozenset[str]]:
    return {
        venue.name: frozenset({venue.terms.token, venue.terms.quote})
        for venue in strategy.venues
        if isinstance(venue.terms, UniswapV3)
    }


def _foreign(strategy: Strategy, scope: Scope) -> dict[str, Span]:
    """Tokens other than base that positions are in, with the first such position."""
    firsts: dict[str, Span] = {}
    for position, span in (scope.allocated or {}).items():
        for token in strategy.tokens_of(position):
            if token != strategy.base:
                firsts.setdefault(token, span)
    return firsts


def check_swaps(strategy: Strategy, scope: Scope) -> None:
    """Report each token that is held and that no venue swaps into base."""
    pairs = _pairs(strategy).values()
    for token, span in _foreign(strategy, scope).items():
        if frozenset({token, strategy.base}) not in pairs:
            cure = f"add `venue dex = uniswap_v3({token}/{strategy.base}, fee=0.05%)`"
            scope.problems.report(NoSwapVenue(span, token, strategy.base, cure))


def check_exit(strategy: Strategy, places: dict[str, Span], exit_span: Span, scope: Scope) -> None:
    """Report each venue that the stated order leaves out, though it is needed to sell everything."""
    holders: dict[str, Span] = {}
    for position, span in (scope.allocated or {}).items():
        if position.venue is not None:
            holders.setdefault(position.venue, span)
    for venue, span in holders.items():
        if venue not in places:
            scope.problems.report(NotInExit(exit_span, venue, "holds a position", span))
    for token, span in _foreign(strategy, scope).items():
        swaps = [name for name, pair in _pairs(strategy).items() if pair == {token, strategy.base}]
        if swaps and not any(name in places for name in swaps):
            why = f"swaps `{token}` into the base `{strategy.base}`"
            scope.problems.report(NotInExit(exit_span, swaps[0], why, span))
