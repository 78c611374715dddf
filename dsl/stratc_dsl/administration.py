"""What a strategy says of people and machines outside of it: signals, roles, limits and fees.

Every constant is exact; durations are whole seconds. Nothing here has a value or a risk of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from stratc_dsl.span import Span
from stratc_dsl.terms import span_field


@dataclass(frozen=True, slots=True)
class Signal:
    """A number that someone else computes and signs with `key`, in [low, high]. Older than `max_age` it says nothing.

    A proof takes every value in the range, so that a bad signal costs yield and never solvency.
    """

    name: str
    key: str
    low: Fraction
    high: Fraction
    max_age: int
    span: Span = span_field()


# ── roles ──


@dataclass(frozen=True, slots=True)
class Owner:
    """Whoever may change what a deployment leaves open, and waits `delay` seconds for it; 0 without a timelock."""

    delay: int
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Guardian:
    """May freeze the vault and call the emergency exit, at once, and nothing else."""

    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Keeper:
    """May run the rules."""

    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class AnyoneAfter:
    """May run the rules once the keeper has been silent for `delay` seconds."""

    delay: int
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Depositors:
    """Only who holds an attestation of this schema may hold shares."""

    schema: str
    span: Span = span_field()


Role = Owner | Guardian | Keeper | AnyoneAfter | Depositors


# ── limits and fees ──


@dataclass(frozen=True, slots=True)
class DepositLimit:
    """No deposit may bring what the vault holds above `most`: whole base tokens, or USD where `in_usd`."""

    most: Fraction
    in_usd: bool
    span: Span = span_field()


Limit = DepositLimit


@dataclass(frozen=True, slots=True)
class ManagementFee:
    """A share of nav per `per` seconds, whatever was earned."""

    ratio: Fraction
    per: int
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class PerformanceFee:
    """A share of what the share price gains over its highest value so far."""

    ratio: Fraction
    span: Span = span_field()


Fee = ManagementFee | PerformanceFee
