"""What a strategy says of people and machines outside of it: signals, roles, limits and fees.

Every constant is exact; durations are whole seconds. Nothing here has a value or a risk of its own.
"""

from __future__ import annotations

from fractions import Fraction

from stratc_dsl.span import Placed


class Signal(Placed):
    """A number that someone else computes and signs with `key`, in [low, high]. Older than `max_age` it says nothing.

    A proof takes every value in the range, so that a bad signal costs yield and never solvency.
    """

    name: str
    key: str
    low: Fraction
    high: Fraction
    max_age: int


# ── roles ──


class Owner(Placed):
    """Whoever may change what a deployment leaves open, and waits `delay` seconds for it; 0 without a timelock."""

    delay: int


class Guardian(Placed):
    """May freeze the vault and call the emergency exit, at once, and nothing else."""


class Keeper(Placed):
    """May run the rules."""


class AnyoneAfter(Placed):
    """May run the rules once the keeper has been silent for `delay` seconds."""

    delay: int


class Depositors(Placed):
    """Only who holds an attestation of this schema may hold shares."""

    schema: str


Role = Owner | Guardian | Keeper | AnyoneAfter | Depositors


# ── limits and fees ──


class DepositLimit(Placed):
    """No deposit may bring what the vault holds above `most`: whole base tokens, or USD where `in_usd`."""

    most: Fraction
    in_usd: bool


Limit = DepositLimit


class ManagementFee(Placed):
    """A share of nav per `per` seconds, whatever was earned."""

    ratio: Fraction
    per: int


class PerformanceFee(Placed):
    """A share of what the share price gains over its highest value so far."""

    ratio: Fraction


Fee = ManagementFee | PerformanceFee
