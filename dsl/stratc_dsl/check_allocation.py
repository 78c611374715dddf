"""The `allocate` block: targets with their bands and limits, which sum to the whole of nav."""

from __future__ import annotations

from fractions import Fraction

from stratc_dsl import syntax
from stratc_dsl.check_constants import constant, ratio
from stratc_dsl.check_positions import resolve_position
from stratc_dsl.errors import DuplicateName, OutOfRange, SumNotWhole, TargetOutsideLimits, WrongSign
from stratc_dsl.scope import Scope
from stratc_dsl.span import Span
from stratc_dsl.strategy import Allocation, Base, Position
from stratc_dsl.words import percent

TARGET_CURE = "targets are shares of nav already: write `40% +- 5%`"


def check_allocation(block: syntax.AllocateBlock, scope: Scope) -> tuple[Allocation, ...] | None:
    """Every target, or None where any of them has an error. Enters the positions into the scope."""
    seen: dict[Position, Span] = {}
    typed: list[Allocation | None] = []
    for target in block.targets:
        if isinstance(target, syntax.Missing):
            scope.problems.unsupported(target.what, target.span)
            typed.append(None)
        else:
            typed.append(_target(target, seen, scope))
    complete = tuple(one for one in typed if one is not None)
    if len(complete) < len(typed):
        return None
    scope.allocated = seen
    _check_sum(complete, block, scope)
    return complete


def _target(target: syntax.Target, seen: dict[Position, Span], scope: Scope) -> Allocation | None:
    position = resolve_position(target.position, scope)
    if position is not None:
        if position in seen:
            scope.problems.report(DuplicateName(target.position.span, f"the target of `{position}`", seen[position]))
            return None
        seen[position] = target.position.span
    about = target.position.span
    share = constant(target.share, Base.RATIO, "a target", about, scope, TARGET_CURE)
    band = _tolerance(target, scope)
    minimum = _limit(target.minima, "`min`", about, scope)
    maximum = _limit(target.maxima, "`max`", about, scope)
    failed = target.tolerance is not None and band is None
    failed |= (minimum is None and bool(target.minima)) or (maximum is None and bool(target.maxima))
    if position is None or share is None or failed or not _check_sign(position, share, target, scope):
        return None
    low, high = (None, None) if band is None else (share - band, share + band)
    allocation = Allocation(position, share, low, high, minimum, maximum, target.span)
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


def _check_sign(position: Position, share: Fraction, target: syntax.Target, scope: Scope) -> bool:
    is_debt = position.kind == "debt"
    if (share <= 0) if is_debt else (share >= 0):
        return True
    rule = "a debt counts negative" if is_debt else "only a debt counts negative"
    scope.problems.report(WrongSign(target.share.span, str(position), percent(share), rule, percent(-share)))
    return False


def _check_limits(allocation: Allocation, target: syntax.Target, scope: Scope) -> None:
    def outside(span: Span, relation: str, word: str, limit: Fraction) -> None:
        words = str(allocation.position), percent(allocation.target), relation, f"{word} of {percent(limit)}"
        scope.problems.report(TargetOutsideLimits(span, *words, word, target.share.span))

    if allocation.minimum is not None and allocation.target < allocation.minimum:
        outside(target.minima[0].span, "below", "minimum", allocation.minimum)
    if allocation.maximum is not None and allocation.target > allocation.maximum:
        outside(target.maxima[0].span, "above", "maximum", allocation.maximum)


def _check_sum(allocations: tuple[Allocation, ...], block: syntax.AllocateBlock, scope: Scope) -> None:
    total = sum((allocation.target for allocation in allocations), Fraction(0))
    if total == 1 or not allocations:
        return
    rest = 1 - total
    verb = "are missing: raise a target or add" if rest > 0 else "are too much: lower a target by"
    cure = f"{percent(abs(rest))} {verb} {'a position' if rest > 0 else 'that much'}"
    place = Span(block.span.start, block.span.start + len("allocate"))
    scope.problems.report(SumNotWhole(place, percent(total), cure))
