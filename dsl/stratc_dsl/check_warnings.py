"""What is well formed and probably not meant: things declared and not used, rules that come too late."""

from __future__ import annotations

from fractions import Fraction

from stratc_dsl import syntax
from stratc_dsl.errors.warnings import NeverFires, SlippageBelowFee, TriggerBehindFloor, Unused, UnusedAssumption
from stratc_dsl.implication import implies, opposite
from stratc_dsl.mentions import names_in
from stratc_dsl.scope import Scope
from stratc_dsl.strategy import (
    Assumption,
    Comparison,
    ExitAction,
    Freeze,
    LiquidityAtLeast,
    LossAtMost,
    MorphoBlue,
    OracleOffBy,
    PerpV2,
    RateAtMost,
    RoomAtLeast,
    Rule,
    SlippageAtMost,
    Strategy,
    UniswapV3,
    Venue,
    When,
)
from stratc_dsl.words import percent

USUAL = Fraction(3, 1000)
"""How far from the oracle, besides the fee, a cure allows for."""


def check_warnings(declaration: syntax.StrategyDeclaration, strategy: Strategy, scope: Scope) -> None:
    """Report what a strategy without errors says in vain. Knows of a declaration only what is written in it."""
    used = _used(declaration)
    _declarations(strategy, used, scope)
    for assumption in strategy.assumptions:
        why = in_vain(assumption, strategy)
        if why is not None:
            scope.problems.report(UnusedAssumption(assumption.span, *why))
    _slippage(strategy, scope)
    _rules(strategy, scope)


# ── declared and not used ──


def _used(declaration: syntax.StrategyDeclaration) -> set[str]:
    """Every name that is written anywhere but where it is declared and in `assume`."""
    used: set[str] = set()
    for part in declaration.parts:
        match part:
            case syntax.AssumeBlock():
                pass
            case syntax.TokenDeclaration(token, values):
                used |= {name for value in values for name in names_in(value)} - {token.text}
            case syntax.VenueDeclaration(_, terms):
                used |= set(names_in(terms))
            case _:
                used |= set(names_in(part))
    return used


def _declarations(strategy: Strategy, used: set[str], scope: Scope) -> None:
    for token in strategy.tokens:
        if token.span in strategy.span and token.name not in used:
            cure = f"delete it, or hold some: `idle({token.name}): 5%`"
            scope.problems.report(Unused(token.span, "token", token.name, cure))
    for venue in strategy.venues:
        if venue.span in strategy.span and venue.name not in used and not _swaps(venue, strategy):
            cure = "delete it, or allocate a position in it"
            scope.problems.report(Unused(venue.span, "venue", venue.name, cure))


def _swaps(venue: Venue, strategy: Strategy) -> bool:
    """Whether trades go through it unasked: where it swaps a token that is held."""
    held = {token for position in strategy.positions for token in strategy.tokens_of(position)}
    terms = venue.terms
    return isinstance(terms, UniswapV3) and {terms.token, terms.quote} <= held | {strategy.base}


def in_vain(assumption: Assumption, strategy: Strategy) -> tuple[str, str] | None:
    """Why nothing can rest on the assumption, and what to do."""
    positions = set(strategy.positions)
    match assumption:
        case RateAtMost(position) if position not in positions:
            return f"`{position}` is not allocated", f"delete it, or allocate it: `{position}: -10%`"
        case LossAtMost(venue) | LiquidityAtLeast(venue) | RoomAtLeast(venue) if venue not in {
            one.venue for one in positions
        }:
            return f"nothing is allocated to `{venue}`", "delete it, or allocate a position there"
        case OracleOffBy(token) if token not in _read_by_venues(strategy):
            why = f"no venue at which something is owed reads the price of `{token}`"
            return why, "delete it, or allocate a loan that the token secures"
        case _:
            return None


def _read_by_venues(strategy: Strategy) -> set[str]:
    """The tokens whose price decides about a loan: at a market that prices one token in another, the one; and about an
    account at a venue of perpetuals."""
    loans = {one.name: one.terms.loan for one in strategy.venues if isinstance(one.terms, MorphoBlue)}
    owing = {one.venue for one in strategy.positions if one.kind == "debt"}
    decide = [one for one in strategy.positions if one.venue in owing and one.kind in ("collateral", "debt")]
    marked = {one.name: one.terms.token for one in strategy.venues if isinstance(one.terms, PerpV2)}
    short = {marked[one.venue] for one in strategy.positions if one.venue in marked}
    return short | {one.token for one in decide if loans.get(one.venue or "") != one.token}


# ── assumed and never so ──


def _slippage(strategy: Strategy, scope: Scope) -> None:
    for assumption in strategy.assumptions:
        if not isinstance(assumption, SlippageAtMost):
            continue
        terms = strategy.venue(assumption.venue).terms
        if isinstance(terms, UniswapV3) and assumption.ratio < terms.fee:
            cure = percent(terms.fee + max(assumption.ratio, USUAL))
            scope.problems.report(SlippageBelowFee(assumption.span, assumption.venue, percent(terms.fee), cure))


# ── rules that come too late ──


def _rules(strategy: Strategy, scope: Scope) -> None:
    for place, rule in enumerate(strategy.rules):
        if not isinstance(rule.trigger, When):
            continue
        earlier = _first_due(strategy.rules[:place], rule.trigger)
        if earlier is not None:
            scope.problems.report(NeverFires(rule.span, earlier.span))
        elif not isinstance(rule.action, Freeze | ExitAction):
            _before_floors(strategy, rule.trigger, scope)


def _first_due(earlier: tuple[Rule, ...], trigger: When) -> Rule | None:
    for rule in earlier:
        if isinstance(rule.trigger, When) and implies(trigger.predicate, rule.trigger.predicate):
            return rule
    return None


def _before_floors(strategy: Strategy, trigger: When, scope: Scope) -> None:
    for floor in strategy.floors:
        if isinstance(floor.predicate, Comparison) and implies(trigger.predicate, opposite(floor.predicate)):
            scope.problems.report(TriggerBehindFloor(trigger.span, floor.span))
            return
