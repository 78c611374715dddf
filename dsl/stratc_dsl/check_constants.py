"""Constants of a wanted dimension, inside the range that their meaning allows."""

from __future__ import annotations

from fractions import Fraction

from stratc_dsl import syntax
from stratc_dsl.check_expressions import constant_value, dimension_of, type_expression
from stratc_dsl.errors import BeyondLimit, NotConstant, OutOfRange, ReversedRange, WrongDimension
from stratc_dsl.scope import Scope
from stratc_dsl.span import Span
from stratc_dsl.strategy import Base, Dimension
from stratc_dsl.words import dimension_words, percent, plain

MAX_BITS = 512
MAX_SECONDS = 100 * 365 * 86_400

CURES: dict[Dimension, str] = {
    Base.RATIO: "write a ratio such as `0.5%`, `25bps` or `0.98`",
    Base.DURATION: "write a duration such as `30s`, `15m`, `6h`, `7d` or `1y`",
}


def constant(
    expression: syntax.Expr,
    wanted: Dimension,
    where: str,
    about: Span,
    scope: Scope,
    cure: str | None = None,
    called: str | None = None,
) -> Fraction | None:
    """The exact value of a constant of that dimension, or None after reporting.

    `where` and `about` say in words and as a place what takes the constant; `called` names the dimension there.
    """
    typed = type_expression(expression, scope)
    if typed is None:
        return None
    found = dimension_of(typed)
    if found != wanted:
        cure = cure or CURES.get(wanted, f"write {dimension_words(wanted)}")
        words = called or dimension_words(wanted), dimension_words(found)
        scope.problems.report(WrongDimension(typed.span, where, *words, cure, about))
        return None
    value = constant_value(typed)
    if value is None:
        scope.problems.report(NotConstant(expression.span, where))
        return None
    if max(value.numerator.bit_length(), value.denominator.bit_length()) > MAX_BITS:
        scope.problems.report(BeyondLimit(expression.span, "binary digits in an exact constant", MAX_BITS))
        return None
    return value


def ratio(
    expression: syntax.Expr,
    where: str,
    about: Span,
    scope: Scope,
    low: Fraction | int | None = 0,
    high: Fraction | int | None = 1,
) -> Fraction | None:
    """A constant ratio in [low, high] (None: no bound), or None after reporting."""
    value = constant(expression, Base.RATIO, where, about, scope)
    if value is None or ((low is None or value >= low) and (high is None or value <= high)):
        return value
    if high is None:
        wanted = f"at least {percent(Fraction(low or 0))}"
    else:
        wanted = f"between {percent(Fraction(low or 0))} and {percent(Fraction(high))}"
    scope.problems.report(OutOfRange(expression.span, where, wanted, percent(value), "write a number in that range"))
    return None


def seconds(expression: syntax.Expr, where: str, about: Span, scope: Scope) -> int | None:
    """A duration of whole seconds, at least one, or None after reporting."""
    value = constant(expression, Base.DURATION, where, about, scope)
    if value is None:
        return None
    if value.denominator != 1 or not 1 <= value <= MAX_SECONDS:
        wanted = "whole seconds, from 1s to 100y"
        scope.problems.report(
            OutOfRange(expression.span, where, wanted, f"{plain(value)}s", "write a duration such as `15m` or `6h`")
        )
        return None
    return int(value)


def ordered(
    written: syntax.Range, low: Fraction | None, high: Fraction | None, scope: Scope, in_percent: bool
) -> tuple[Fraction, Fraction] | None:
    """Both ends of a range, the lower first, or None after reporting."""
    if low is None or high is None:
        return None
    if low > high:
        words = (percent(low), percent(high)) if in_percent else (plain(low), plain(high))
        scope.problems.report(ReversedRange(written.span, *words))
        return None
    return low, high


def move(written: syntax.Range, where: str, about: Span, scope: Scope) -> tuple[Fraction, Fraction] | None:
    """Both ends of a relative move, around 0% and above -100%, or None after reporting."""
    low = constant(written.low, Base.RATIO, where, about, scope)
    high = constant(written.high, Base.RATIO, where, about, scope)
    ends = ordered(written, low, high, scope, in_percent=True)
    if ends is None or -1 < ends[0] <= 0 <= ends[1]:
        return ends
    wanted = "a range around 0% that begins above -100%"
    found = f"{percent(ends[0])} .. {percent(ends[1])}"
    cure = "a price may always stay as it is: write for example `-20% .. +20%`"
    scope.problems.report(OutOfRange(written.span, "a move", wanted, found, cure))
    return None
