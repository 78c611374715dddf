"""The `hedge` block: bands for sensitivities, each with the instrument that keeps it."""

from __future__ import annotations

from fractions import Fraction

from stratc_dsl import syntax
from stratc_dsl.adapters import GREEKS, INSTRUMENTS, SENSITIVITIES
from stratc_dsl.check_arguments import only_argument
from stratc_dsl.check_constants import constant, ordered
from stratc_dsl.check_expressions import dimension_of, type_expression
from stratc_dsl.check_positions import has_margin, is_held, resolve_position
from stratc_dsl.errors import NoEffect, NothingThere, WrongDimension
from stratc_dsl.scope import Scope
from stratc_dsl.span import Span
from stratc_dsl.strategy import Base, Hedge, OfNav, Position
from stratc_dsl.terms import pair_of
from stratc_dsl.words import dimension_words

CURES = {
    "gamma": "options and ranges of liquidity have one; or bound it by a floor: `gamma({}) >= -50% of nav`",
    "vega": "name a position with an option in it, such as a `covered_call(..)`",
}
"""Where an instrument has none of what it is to change."""

FORM = "write for example `delta(WETH): -3% .. +3% of nav using perp.short(WETH)`"


def check_hedge(block: syntax.HedgeBlock, scope: Scope) -> tuple[Hedge, ...]:
    """The hedges that have no error. Enters all of them into the scope, or that nobody knows them."""
    seen: dict[str, Span] = {}
    typed: list[Hedge | None] = []
    for clause in block.sensitivities:
        hedge = _hedge(clause, scope)
        if hedge is not None:
            scope.first(seen, f"the band of `{hedge.sensitivity}({hedge.token})`", clause.subject.span)
        typed.append(hedge)
    complete = tuple(one for one in typed if one is not None)
    known = len(complete) == len(typed)
    scope.hedged = {(one.sensitivity, one.token): one.instrument for one in complete} if known else None
    return complete


def _hedge(clause: syntax.SensitivityClause, scope: Scope) -> Hedge | None:
    subject = clause.subject
    if subject.name.text not in GREEKS or subject.member is not None:
        scope.unknown_word(
            "sensitivity", subject.name, GREEKS, "sensitivities are `delta(T)`, `gamma(T)` and `vega(T)`"
        )
        return None
    argument = only_argument(subject, "TOKEN", scope)
    token = scope.token_named(argument) if argument is not None else None
    ends = _band(clause, scope)
    instrument = resolve_position(clause.instrument, scope, instruments=True)
    if instrument is not None and not _can_trade(instrument, clause.instrument.span, scope):
        return None
    if token is None or ends is None or instrument is None or not _reacts(instrument, token, clause, scope):
        return None
    return Hedge(subject.name.text, token, *ends, instrument, span=clause.span)


def _band(clause: syntax.SensitivityClause, scope: Scope) -> tuple[Fraction, Fraction] | None:
    """Both ends as shares of nav: `of nav` is written once, behind the upper one."""
    low, high = _share(clause.range.low, clause, scope, last=False), _share(clause.range.high, clause, scope, last=True)
    return ordered(clause.range, low, high, scope, in_percent=True)


def _share(written: syntax.Expr, clause: syntax.SensitivityClause, scope: Scope, last: bool) -> Fraction | None:
    typed = type_expression(written, scope)
    if typed is None:
        return None
    if isinstance(typed, OfNav):
        return typed.share
    where, about = f"`{clause.subject.name.text}`", clause.subject.span
    if not last:
        return constant(written, Base.RATIO, where, about, scope, FORM)
    found = dimension_words(dimension_of(typed))
    scope.problems.report(WrongDimension(typed.span, where, "a range of nav", found, FORM, about))
    return None


# ── instruments ──


def _can_trade(instrument: Position, span: Span, scope: Scope) -> bool:
    """Whether the vault has what it takes to trade an instrument: margin, or the position itself."""
    if instrument.kind not in INSTRUMENTS:
        return is_held(instrument, span, "`hedge`", scope)
    assert instrument.venue is not None
    if has_margin(instrument.venue, scope):
        return True
    cure = f"allocate `{instrument.venue}.margin`"
    scope.problems.report(NothingThere(span, f"`{instrument}`", "a margin", "margin", instrument.venue, cure))
    return False


def _reacts(instrument: Position, token: str, clause: syntax.SensitivityClause, scope: Scope) -> bool:
    sensitivity, span = clause.subject.name.text, clause.instrument.span
    quantity = f"`{sensitivity}({token})`"
    if token not in _tokens(instrument, scope):
        why = f"its value does not depend on `price({token})`"
        cure = f"name an instrument in `{token}`"
        scope.problems.report(NoEffect(span, f"`{instrument}`", quantity, why, cure, clause.subject.span))
        return False
    if sensitivity not in SENSITIVITIES.get(instrument.kind, ("delta",)):
        why, cure = f"it has no {sensitivity}", CURES[sensitivity].format(token)
        scope.problems.report(NoEffect(span, f"`{instrument}`", quantity, why, cure, clause.subject.span))
        return False
    return True


def _tokens(position: Position, scope: Scope) -> tuple[str, ...]:
    declared = scope.venues[position.venue].value if position.venue is not None else None
    return (declared and pair_of(declared.terms)) or (position.token,)
