"""The `allocate` block: targets with their bands and limits, which sum to the whole of nav."""

from __future__ import annotations

from fractions import Fraction

from stratc_dsl import syntax
from stratc_dsl.check_constants import constant, ordered, ratio
from stratc_dsl.check_positions import resolve_position
from stratc_dsl.errors import DuplicateName, OutOfRange, SumNotWhole, TargetOutsideLimits, WrongKind, WrongSign
from stratc_dsl.scope import Scope
from stratc_dsl.span import Span
from stratc_dsl.strategy import Allocation, Base, Position, SignalledAllocation
from stratc_dsl.words import expression_words, percent

SIGNALLED_CURE = "write both ends as shares of nav: `0% .. 60% by signal(s)`"
TARGET_CURE = "targets are shares of nav already: write `40% +- 5%`"


Share = Allocation | SignalledAllocation


def check_allocation(block: syntax.AllocateBlock, scope: Scope) -> tuple[Share, ...] | None:
    """Every target, or None where any of them has an error. Enters the positions into the scope."""
    seen: dict[Position, Span] = {}
    typed: list[Share | None] = []
    for target in block.targets:
        if isinstance(target, syntax.SignalledTarget):
            typed.append(_signalled(target, seen, scope))
        else:
            typed.append(_target(target, seen, scope))
    complete = tuple(one for one in typed if one is not None)
    if len(complete) < len(typed):
        return None
    scope.allocated = seen
    _check_sum(complete, block, scope)
    return complete


def _position(written: syntax.Reference, seen: dict[Position, Span], scope: Scope) -> tuple[Position | None, bool]:
    """The position that a target is of, and whether it is the first target of it."""
    position = resolve_position(written, scope)
    if position is None:
        return None, True
    if position in seen:
        scope.problems.report(DuplicateName(written.span, f"the target of `{position}`", seen[position]))
        return None, False
    seen[position] = written.span
    return position, True


def _target(target: syntax.Target, seen: dict[Position, Span], scope: Scope) -> Allocation | None:
    position, first = _position(target.position, seen, scope)
    if not first:
        return None
    about = target.position.span
    share = constant(target.share, Base.RATIO, "a target", about, scope, TARGET_CURE)
    band = _tolerance(target, scope)
    minimum = _limit(target.minima, "`min`", about, scope)
    maximum = _limit(target.maxima, "`max`", about, scope)
    failed = target.tolerance is not None and band is None
    failed |= (minimum is None and bool(target.minima)) or (maximum is None and bool(target.maxima))
    if position is None or share is None or failed or not _check_sign(position, share, target.share.span, scope):
        return None
    low, high = (None, None) if band is None else (share - band, share + band)
    allocation = Allocation(position, share, low, high, minimum, maximum, span=target.span)
    _check_limits(allocation, target, scope)
    return allocation


def _tolerance(target: syntax.Target, scope: Scope) -> Fraction | None:
    if target.tolerance is None:
        return None
    band = ratio(target.tolerance, "a tolerance", target.position.span, scope, high=None)
    if band == 0:
        cure = "write for example `+- 5%`, or leave the tolerance out"
        scope.problems.report(OutOfRange(target.tolerance.span, "a tolerance", "above 0%", "0%", cure))
        return None
    return band


def _limit(written: tuple[syntax.Expr, ...], word: str, about: Span, scope: Scope) -> Fraction | None:
    if len(written) > 1:
        scope.problems.report(DuplicateName(written[1].span, word, written[0].span))
        return None
    return constant(written[0], Base.RATIO, word, about, scope, TARGET_CURE) if written else None


def _check_sign(position: Position, share: Fraction, span: Span, scope: Scope) -> bool:
    is_debt = position.kind == "debt"
    if (share <= 0) if is_debt else (share >= 0):
        return True
    rule = "a debt counts negative" if is_debt else "only a debt counts negative"
    scope.problems.report(WrongSign(span, str(position), percent(share), rule, percent(-share)))
    return False


def _check_limits(allocation: Allocation, target: syntax.Target, scope: Scope) -> None:
    def outside(span: Span, relation: str, word: str, limit: Fraction) -> None:
        words = str(allocation.position), percent(allocation.target), relation, f"{word} of {percent(limit)}"
        scope.problems.report(TargetOutsideLimits(span, *words, word, target.share.span))

    if allocation.minimum is not None and allocation.target < allocation.minimum:
        outside(target.minima[0].span, "below", "minimum", allocation.minimum)
    if allocation.maximum is not None and allocation.target > allocation.maximum:
        outside(target.maxima[0].span, "above", "maximum", allocation.maximum)


# ── by a signal ──


def _signalled(target: syntax.SignalledTarget, seen: dict[Position, Span], scope: Scope) -> SignalledAllocation | None:
    position, first = _position(target.position, seen, scope)
    if not first:
        return None
    about, written = target.position.span, target.range
    low = constant(written.low, Base.RATIO, "a target", about, scope, SIGNALLED_CURE)
    high = constant(written.high, Base.RATIO, "a target", about, scope, SIGNALLED_CURE)
    ends = ordered(written, low, high, scope, in_percent=True)
    signal = _signal(target.signal, scope)
    if position is None or ends is None or signal is None:
        return None
    # Both ends may be on the wrong side: that is one mistake.
    places = zip(ends, (written.low.span, written.high.span), strict=True)
    if not all(_check_sign(position, share, span, scope) for share, span in places):
        return None
    return SignalledAllocation(position, *ends, signal, span=target.span)


def _signal(reference: syntax.Reference, scope: Scope) -> str | None:
    match reference:
        case syntax.Reference(syntax.Name("signal"), None, (syntax.Argument(None, argument),)):
            name = scope.bare_name(argument, "a signal", "write `by signal(NAME)`")
            declared = scope.signal(name) if name else None
            return declared.value.name if declared and declared.value else None
        case _:
            found = expression_words(reference)
            scope.problems.report(WrongKind(reference.span, "`signal(NAME)`", found, "write `by signal(NAME)`"))
            return None


# ── the whole ──


def _check_sum(shares: tuple[Share, ...], block: syntax.AllocateBlock, scope: Scope) -> None:
    """Whatever the signals say between their ends, some choice must sum to the whole."""
    low = sum((one.target if isinstance(one, Allocation) else one.low for one in shares), Fraction(0))
    high = sum((one.target if isinstance(one, Allocation) else one.high for one in shares), Fraction(0))
    if low <= 1 <= high or not shares:
        return
    rest = 1 - high if high < 1 else 1 - low
    verb = "are missing: raise a target or add" if rest > 0 else "are too much: lower a target by"
    cure = f"{percent(abs(rest))} {verb} {'a position' if rest > 0 else 'that much'}"
    place = Span(block.span.start, block.span.start + len("allocate"))
    total = percent(low) if low == high else f"{percent(low)} .. {percent(high)}"
    scope.problems.report(SumNotWhole(place, total, cure))
