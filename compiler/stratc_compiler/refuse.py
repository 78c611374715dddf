"""What of a typed strategy this version carries out, and one error that names all the rest, before anything is built.

Nothing passes for being unknown: what stands in neither table below is refused by the name of its class. Whoever
builds one of these things takes it out of `_named`, into SUPPORTED, and finds with mypy each `refused(..)` behind it.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from typing import NoReturn

from stratc_compiler.errors import Place, Unsupported
from stratc_dsl import administration
from stratc_dsl import strategy as typed
from stratc_dsl.record import Leaf, parts
from stratc_dsl.span import NOWHERE, Span
from stratc_dsl.strategy import ChainlinkPrice, Quantity, RatioPrice, Strategy, Terms, Token, Venue

HELP = "this is valid language for a later version; nothing was dropped silently"

SUPPORTED = frozenset(
    {
        *(typed.Strategy, typed.Token, typed.ChainlinkPrice, typed.RatioPrice),
        *(typed.Collateral, typed.Emode, typed.Inner, typed.Position, typed.Allocation),
        *(typed.KeeperEvery, typed.PriceMoves, typed.PriceStays, typed.PairMoves, typed.PairStays),
        *(typed.RateAtMost, typed.FundingBetween, typed.SlippageAtMost),
        *(typed.LossAtMost, typed.LiquidityAtLeast, typed.RoomAtLeast, typed.OracleOffBy),
        *(typed.WithdrawalsAtMost, typed.DepositsAtMost),
        *(typed.Literal, typed.Binary, typed.OfNav, typed.AmountOf, typed.PriceOf),
        *(typed.Comparison, typed.Connective, typed.Negation, typed.WeightsOutsideBand, typed.StalePrice),
        *(typed.Hedge, typed.SensitivityOutsideBand, typed.Rehedge),
        *(typed.Floor, typed.Rule, typed.When, typed.Every),
        *(typed.TopUp, typed.Unwind),
        *(typed.Deleverage, typed.Rebalance, typed.Harvest, typed.Freeze, typed.ExitAction, typed.Flash),
        *(typed.Solvent, typed.Safe, typed.LossPerRound, typed.ExitPays, typed.SurvivesLossOf, typed.Invariant),
        *(administration.Owner, administration.Guardian, administration.Keeper, administration.AnyoneAfter),
        *(administration.Depositors, administration.DepositLimit),
        *(administration.ManagementFee, administration.PerformanceFee),
    }
)

QUANTITIES = frozenset(
    {
        *("nav", "idle", "value", "weight", "leverage", "delta", "gamma", "volatility", "price"),
        *("health", "buffer", "ltv", "collateral_ratio", "margin_ratio", "debt", "collateral"),
    }
)

HEDGES = frozenset({("delta", "idle"), ("delta", "collateral"), ("delta", "debt"), ("delta", "short")})
"""Sensitivities that are hedged, each with the kinds of positions that are traded for it."""


def refuse(strategy: Strategy, adapters: Container[str]) -> None:
    """Raise Unsupported if the strategy uses anything that is not supported; `adapters` are those that have a model."""
    places = sorted(_missing(strategy, strategy.span, adapters), key=lambda place: place.span)
    if not places:
        return
    first, *others = places
    what = ", ".join(dict.fromkeys(place.what for place in places))
    cures = dict.fromkeys(place.cure for place in places if place.cure)
    raise Unsupported(what, "; ".join((HELP, *cures)), first.span, first.what, tuple(others))


def refused(node: object) -> NoReturn:
    """Stands where a supported strategy never comes."""
    raise AssertionError(f"{type(node).__name__} should have been refused before")


def feed_of(token: Token) -> ChainlinkPrice:
    """The feed of a token of a supported strategy: in USD, or in the token that its price is a ratio to."""
    match token.price:
        case ChainlinkPrice():
            return token.price
        case RatioPrice(feed=feed):
            return feed
        case other:
            refused(other)


def _missing(node: object, around: Span, adapters: Container[str]) -> Iterator[Place]:
    if isinstance(node, Span | Leaf):
        return
    span: Span = getattr(node, "span", NOWHERE)
    span = around if span == NOWHERE else span
    what = None if isinstance(node, tuple) else _what(node, adapters)
    if what is not None:
        # What such a thing holds is refused with it: it stands inside of the marked words.
        yield Place(what, node.terms.span if isinstance(node, Venue) else span, _cure(node))
        return
    for part in parts(node):
        yield from _missing(part, span, adapters)


def _what(node: object, adapters: Container[str]) -> str | None:
    """What is not supported about a node itself, whatever it holds; None where nothing is."""
    if isinstance(node, Venue):
        return None if node.adapter in adapters else f"the adapter `{node.adapter}`"
    if isinstance(node, Quantity):
        return None if node.name in QUANTITIES else f"the quantity `{node.name}`"
    if isinstance(node, typed.Hedge) and (node.sensitivity, node.instrument.kind) not in HEDGES:
        return f"the hedge of `{node.sensitivity}({node.token})` using `{node.instrument}`"
    if isinstance(node, typed.Rehedge) and node.flash is not None:
        return "`rehedge` by a flash loan"
    if isinstance(node, typed.Floor) and not isinstance(node.predicate, typed.Comparison):
        return "a floor that is not one comparison"
    if isinstance(node, administration.Depositors) and not _is_plain(node.schema):
        return "a schema of other than plain ASCII text"
    if type(node) in SUPPORTED or isinstance(node, Terms):
        return None
    return _named(node)


def _cure(node: object) -> str:
    """What to do where options would be: no other venue has an instrument that is traded for these."""
    match node:
        case typed.Hedge("gamma", token):
            floor = f"bound it by a floor, `gamma({token}) >= -50% of nav`, or let a rule act on it"
            return f"nothing that has a gamma is traded for it before there are options: {floor}"
        case typed.Hedge("vega"):
            return "nothing that has a vega is traded before there are options"
        case _:
            return ""


def _is_plain(text: str) -> bool:
    return text.isascii() and text.isprintable() and "\\" not in text


def _named(node: object) -> str:
    match node:
        case typed.FixedPrice():
            return "the price source `fixed(...)`"
        case typed.SignalledAllocation():
            return "a target `by` a signal"
        case _:
            return _of_administration(node)


def _of_administration(node: object) -> str:
    match node:
        case administration.Signal(name):
            return f"the signal `{name}`"
        case _:
            return f"`{type(node).__name__}`"
