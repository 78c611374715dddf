"""How dimensions, constants and pieces of syntax are called in messages."""

from __future__ import annotations

from fractions import Fraction

from stratc_dsl import syntax
from stratc_dsl.strategy import AmountOf, Base, Dimension, PriceOf


def dimension_words(dimension: Dimension) -> str:
    """`an amount of WETH`"""
    match dimension:
        case Base():
            return dimension.value
        case AmountOf("shares"):
            return "an amount of shares"
        case PriceOf("shares"):
            return "a price of shares (USD per share)"
        case AmountOf(token):
            return f"an amount of {token}"
        case PriceOf(token):
            return f"a price of {token} (USD per {token})"


def plain(value: Fraction) -> str:
    """A constant in decimals, with `about` where these are not the whole truth. Short for numbers of any size."""
    if abs(value) >= 10**15:
        return f"about {'-' if value < 0 else ''}10^{abs(int(value)).bit_length() * 30103 // 100_000}"
    scaled = round(value * 10**6)
    digits = f"{abs(scaled) // 10**6:,}.{abs(scaled) % 10**6:06}".rstrip("0").rstrip(".")
    about = "" if Fraction(scaled, 10**6) == value else "about "
    return f"{about}{'-' if scaled < 0 else ''}{digits}"


def duration(seconds: int) -> str:
    """In the largest unit of the language that it is a multiple of."""
    units = {"y": 365 * 86_400, "d": 86_400, "h": 3_600, "m": 60}
    for unit, size in units.items():
        if seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def percent(value: Fraction) -> str:
    """A ratio in percent."""
    return f"{plain(value * 100)}%"


def expression_words(expression: syntax.Expr) -> str:
    """What a piece of syntax is, without asking what its names mean."""
    match expression:
        case syntax.Number() | syntax.Signed():
            return "a number"
        case syntax.Amount(token=syntax.Name(text="USD")):
            return "a value in USD"
        case syntax.Amount():
            return "an amount"
        case syntax.Text():
            return "a text in quotes"
        case syntax.ListOf():
            return "a list"
        case syntax.Range():
            return "a range"
        case syntax.Compare() | syntax.Junction() | syntax.Inverse() | syntax.OutsideBand():
            return "a truth value"
        case syntax.Operation() | syntax.ShareOfNav():
            return "an expression"
        case syntax.Reference(name, member, arguments):
            member_words = f".{member.text}" if member else ""
            return f"`{name.text}{member_words}{'' if arguments is None else '(...)'}`"
