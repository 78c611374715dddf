"""Venues: the arguments of an adapter, read by the table of adapters."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from stratc_dsl import syntax
from stratc_dsl.adapters import ADAPTERS, Kind, Parameter, Risks, Share
from stratc_dsl.check_arguments import bind_arguments
from stratc_dsl.check_constants import constant, ordered, ratio, seconds
from stratc_dsl.errors import LtvAboveThreshold, MaintenanceAboveInitial, NotPortable, OutOfRange, WrongKind
from stratc_dsl.scope import Scope
from stratc_dsl.span import Span
from stratc_dsl.strategy import Base, Collateral, CoveredCall, Emode, Inner, MorphoBlue, PerpV2, Terms, Venue
from stratc_dsl.use import path_fault
from stratc_dsl.words import expression_words, percent, plain

MAX_EMODE = 255
LISTED = {"collateral": "the collateral", "borrow": "the borrowed token"}

Values = dict[str, Any]
"""Fields of the terms by name: what the table of adapters says that a parameter becomes."""


def check_venue(declaration: syntax.VenueDeclaration, scope: Scope) -> Venue | None:
    """The declared venue, or None after reporting."""
    reference = declaration.terms
    name = reference.name.text
    if name not in ADAPTERS:
        cure = "adapters are `aave_v3`, `morpho_blue`, `erc4626`, `uniswap_v3`, `uniswap_v3_lp`, `perp_v2`, .."
        scope.unknown_word("adapter", reference.name, ADAPTERS, cure)
        return None
    adapter = ADAPTERS[name]
    names = tuple(one.name for one in adapter.parameters)
    required = tuple(one.name for one in adapter.parameters if one.required)
    given = bind_arguments(reference, names, required, scope, f"write `{adapter.example}`")
    values: Values = {"span": reference.span}
    sound = given.sound
    for parameter in adapter.parameters:
        written = given.get(parameter.name)
        if written is not None:
            read = _read(parameter, written, reference.name.span, f"write `{adapter.example}`", scope)
            sound &= read is not None
            values |= read or {}
    if not sound:
        return None
    terms = adapter.terms(**values)
    if not _fits(terms, given.values, scope):
        return None
    return Venue(declaration.name.text, terms, span=declaration.name.span)


def _read(parameter: Parameter, written: syntax.Expr, about: Span, example: str, scope: Scope) -> Values | None:
    """The fields that an argument becomes, or None after reporting."""
    name, where = parameter.name, f"`{parameter.name}`"
    match parameter.takes:
        case Share():
            return _known(name, _share(written, where, about, parameter.takes, scope))
        case Risks(many=True):
            return _collaterals(name, written, parameter.takes, scope)
        case Risks():
            return _known(name, _collateral(written, parameter.takes, scope))
        case Kind.TOKEN:
            return _known(name, scope.token_named(written))
        case Kind.TOKENS:
            return _tokens(name, written, scope)
        case Kind.PAIR:
            return _pair(written, example, scope)
        case Kind.PERIOD:
            return _known(name, seconds(written, where, about, scope))
        case Kind.RANGE:
            return _range(written, where, about, example, scope)
        case Kind.TEXT:
            return _text(name, written, example, scope)
        case Kind.STRATEGY:
            return _inner(written, scope)
        case Kind.EMODE:
            return _emode(name, written, where, about, scope)


def _known(name: str, value: object | None) -> Values | None:
    return None if value is None else {name: value}


# ── numbers ──


def _share(written: syntax.Expr, where: str, about: Span, share: Share, scope: Scope) -> Fraction | None:
    value = ratio(written, where, about, scope, share.low, share.high)
    if value is None or not share.open or value > share.low:
        return value
    wanted = f"above {percent(Fraction(share.low))}"
    scope.problems.report(OutOfRange(written.span, where, wanted, percent(value), "read it from the venue"))
    return None


def _emode(name: str, written: syntax.Expr, where: str, about: Span, scope: Scope) -> Values | None:
    cure = "write the number of the category, such as `emode=1`"
    value = constant(written, Base.RATIO, where, about, scope, cure, "a whole number")
    if value is None:
        return None
    if value.denominator != 1 or not 1 <= value <= MAX_EMODE:
        wanted = f"a whole number from 1 to {MAX_EMODE}"
        scope.problems.report(OutOfRange(written.span, where, wanted, plain(value), cure))
        return None
    return {name: Emode(int(value), span=written.span)}


def _range(written: syntax.Expr, where: str, about: Span, example: str, scope: Scope) -> Values | None:
    if not isinstance(written, syntax.Range):
        scope.problems.report(WrongKind(written.span, "a range", expression_words(written), example))
        return None
    low = constant(written.low, Base.RATIO, where, about, scope)
    high = constant(written.high, Base.RATIO, where, about, scope)
    ends = ordered(written, low, high, scope, in_percent=True)
    if ends is None:
        return None
    if not -1 < ends[0] < 0 < ends[1]:
        found = f"{percent(ends[0])} .. {percent(ends[1])}"
        wanted = "from below 0%, yet above -100%, to above 0%"
        cure = "liquidity is placed on both sides of the price: write for example `-50% .. +100%`"
        scope.problems.report(OutOfRange(written.span, where, wanted, found, cure))
        return None
    return {"low": ends[0], "high": ends[1]}


def _text(name: str, written: syntax.Expr, example: str, scope: Scope) -> Values | None:
    if isinstance(written, syntax.Text) and written.value.strip():
        return {name: written.value}
    found = "an empty text" if isinstance(written, syntax.Text) else expression_words(written)
    scope.problems.report(WrongKind(written.span, "a text in quotes", found, example))
    return None


def _inner(written: syntax.Expr, scope: Scope) -> Values | None:
    """The path of the inner vault's strategy, which is read when everything else was."""
    text = _text("path", written, 'write `strategy="treasury.strat"`', scope)
    if text is None:
        return None
    fault = path_fault(text["path"], 'strategy="{}"')
    if fault is not None:
        scope.problems.report(NotPortable(written.span, *fault))
        return None
    return {"inner": Inner(text["path"], span=written.span)}


# ── tokens ──


def _pair(written: syntax.Expr, example: str, scope: Scope) -> Values | None:
    match written:
        case syntax.Operation("/", syntax.Reference() as left, syntax.Reference() as right):
            token, quote = scope.token_named(left), scope.token_named(right)
        case _:
            scope.problems.report(WrongKind(written.span, "a pair of tokens", expression_words(written), example))
            return None
    if token is None or quote is None:
        return None
    if token == quote:
        scope.problems.report(
            WrongKind(written.span, "two tokens", f"`{token}` twice", "a pool swaps between two tokens")
        )
        return None
    return {"token": token, "quote": quote}


def _tokens(name: str, written: syntax.Expr, scope: Scope) -> Values | None:
    items = _listed(written, scope)
    if items is None:
        return None
    tokens = [scope.token_named(item) for item in items]
    seen: dict[str, Span] = {}
    for token, item in zip(tokens, items, strict=True):
        if token is not None:
            scope.first(seen, f"{LISTED[name]} `{token}`", item.span)
    return None if None in tokens else {name: tuple(tokens)}


def _listed(expression: syntax.Expr, scope: Scope) -> tuple[syntax.Expr, ...] | None:
    if isinstance(expression, syntax.ListOf):
        return expression.items
    cure = "write `[TOKEN, TOKEN]`"
    scope.problems.report(WrongKind(expression.span, "a list", expression_words(expression), cure))
    return None


# ── collateral ──


def _collaterals(name: str, written: syntax.Expr, risks: Risks, scope: Scope) -> Values | None:
    items = _listed(written, scope)
    if items is None:
        return None
    read = [_collateral(item, risks, scope) for item in items]
    seen: dict[str, Span] = {}
    for one in read:
        if one is not None:
            scope.first(seen, f"{LISTED[name]} `{one.token}`", one.span)
    return None if None in read else {name: tuple(read)}


def _collateral(expression: syntax.Expr, risks: Risks, scope: Scope) -> Collateral | None:
    """A token with its risk parameters: where there is one of them, it is the ltv and the threshold alike."""
    form = f"TOKEN({', '.join(f'{risk}=..' for risk in risks.names)})"
    if not isinstance(expression, syntax.Reference) or expression.member is not None:
        found = expression_words(expression)
        scope.problems.report(WrongKind(expression.span, "a token", found, f"write `{form}`"))
        return None
    token = scope.token(expression.name)
    required = risks.names if risks.required else ()
    given = bind_arguments(expression, risks.names, required, scope, f"write `{form}`")
    place, values = expression.name.span, {}
    for risk, written in given.values.items():
        values[risk] = ratio(written, f"`{risk}`", place, scope)
    if token is None or None in values.values() or not given.sound:
        return None
    ltv, threshold = values.get(risks.names[0]), values.get(risks.names[-1])
    if ltv is not None and threshold is not None and ltv > threshold:
        where = given.values[risks.names[-1]].span
        scope.problems.report(LtvAboveThreshold(where, token, percent(ltv), percent(threshold)))
        return None
    return Collateral(token, ltv, threshold, span=expression.span)


# ── arguments beside each other ──


def _fits(terms: Terms, given: dict[str, syntax.Expr], scope: Scope) -> bool:
    """Whether the arguments of one venue go together; reports where they do not."""
    match terms:
        case PerpV2(initial=initial, maintenance=maintenance) if maintenance > initial:
            words = percent(maintenance), percent(initial)
            scope.problems.report(MaintenanceAboveInitial(given["maintenance"].span, *words, given["initial"].span))
            return False
        case CoveredCall(token, quote) if token == quote:
            cure = "the premium is paid in another token than the one that is called away"
            scope.problems.report(WrongKind(given["quote"].span, "another token", f"`{token}` again", cure))
            return False
        case MorphoBlue(collateral, loan) if collateral.token == loan:
            cure = "a market lends one token against another"
            scope.problems.report(WrongKind(given["loan"].span, "another token", f"`{loan}` again", cure))
            return False
        case _:
            return True
