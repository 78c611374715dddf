"""What to bid. Pure arithmetic in wei per gas."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

BUMP_PERCENT = 13
"""Nodes take a replacement that bids 10% more in both parts; some ask for 12.5%."""


@dataclass(frozen=True, slots=True)
class Bid:
    """The most paid per gas, and the part of it above the base fee."""

    max_fee: int
    tip: int


def cap_between(normal: int, emergency: int, nearness: Fraction) -> int:
    """The cap at a nearness from 0 (nothing presses) to 1 (no more room): on a straight line, rounded down."""
    return normal + int((emergency - normal) * min(max(nearness, Fraction(0)), Fraction(1)))


def first_bid(base_fee: int, tip: int, cap: int) -> Bid | None:
    """Twice the base fee and the tip, within the cap: valid through six full blocks. None where the cap is too low."""
    tip = max(tip, 1)
    if base_fee + 1 > cap:
        return None
    max_fee = min(2 * base_fee + tip, cap)
    return Bid(max_fee, min(tip, max_fee))


def higher_bid(old: Bid, base_fee: int, tip: int, cap: int) -> Bid | None:
    """A bid that nodes take as a replacement of `old`. None where the cap leaves no room for one."""
    max_fee, least_tip = _bumped(old.max_fee), _bumped(old.tip)
    fresh = first_bid(base_fee, tip, cap)
    if fresh is None or max(max_fee, least_tip) > cap:
        return None
    max_fee = max(max_fee, fresh.max_fee)
    return Bid(max_fee, min(max(least_tip, fresh.tip), max_fee))


def _bumped(fee: int) -> int:
    return fee + max(1, -(-fee * BUMP_PERCENT // 100))
