"""Exact numbers in keeper.json: decimal text, so that no reader rounds a threshold."""

from __future__ import annotations

from fractions import Fraction


def decimal_text(value: Fraction) -> str:
    """The number as a finite decimal ("-0.2"), or as "n/d" where it has none. `Fraction(text)` gives it back."""
    places = _decimal_places(value.denominator)
    if places is None:
        return f"{value.numerator}/{value.denominator}"
    sign = "-" if value < 0 else ""
    whole, part = divmod(abs(value.numerator) * 10**places // value.denominator, 10**places)
    return f"{sign}{whole}.{part:0{places}}" if places else f"{sign}{whole}"


def _decimal_places(denominator: int) -> int | None:
    """The least number of decimal places that holds a fraction of this denominator, None where none does."""
    exponents = []
    for factor in (2, 5):
        count = 0
        while denominator % factor == 0:
            denominator //= factor
            count += 1
        exponents.append(count)
    return max(exponents) if denominator == 1 else None
