"""Where prices that move together can be: an obligation with their factors pinned to one corner after the other.

What two factors keep to each other is lost where shocks are eliminated one by one. At a corner nothing is left to be
kept: the obligation is linear there, and its models are rounds that the pairs admit. Some corners are missed, and what
is between them; so this finds scenarios, and proves nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from itertools import islice
from math import ceil, floor

from msgspec.structs import replace

from stratc_compiler.environment import Box, Interval, Pair
from stratc_compiler.expr import Cmp, Rel, number
from stratc_compiler.rounds import price_factor
from stratc_compiler.shocks import eliminate
from stratc_compiler.verdict import Hypothesis, Obligation

MOST = 64
"""So many corners are looked at: all of two tokens, and of three."""

Factors = Mapping[str, Fraction]

ONE = Fraction(1)


def at_corners(obligation: Obligation, box: Box, base: str) -> Iterator[Obligation]:
    """The obligation without products of shocks, at one corner of the joint prices after the other."""
    for factors in islice(corners(box, base), MOST):
        yield _pinned(obligation, factors)


def _pinned(obligation: Obligation, factors: Factors) -> Obligation:
    pins = [(price_factor(token), number(value)) for token, value in factors.items()]
    bounds = tuple(Hypothesis("corner", Cmp(var, rel, value)) for var, value in pins for rel in (Rel.GE, Rel.LE))
    linear = eliminate(replace(obligation, hypotheses=(*obligation.hypotheses, *bounds))).obligation
    # A model says in which corner it is, although no product of factors is left in what it satisfies.
    told = tuple(Hypothesis("corner", Cmp(var, Rel.EQ, value)) for var, value in pins)
    return replace(linear, hypotheses=(*linear.hypotheses, *told))


def corners(box: Box, base: str) -> Iterator[Factors]:
    """Factors of the tokens in pairs that base is not part of: as they are, then what moves of their own go to."""
    pairs = box.joint(base)
    tokens = list(dict.fromkeys(token for pair in pairs for token in (pair.token, pair.other)))
    if not tokens:
        return
    found = [dict.fromkeys(tokens, ONE)]
    # What needs no move of base reads best.
    for room in ({name: both(box.usd[name], box.relative[name]) for name in tokens}, box.relative):
        for first in tokens:
            for value in (*_ends(room[first]), ONE):
                rest = [token for token in tokens if token != first]
                found += _completed({first: value}, rest, room, pairs)
    yield from sorted({tuple(sorted(one.items())): one for one in found}.values(), key=_moved)


def _moved(factors: Factors) -> int:
    return sum(factor != 1 for factor in factors.values())


def _completed(
    known: dict[str, Fraction], rest: list[str], room: Mapping[str, Interval], pairs: tuple[Pair, ...]
) -> list[dict[str, Fraction]]:
    """Every way to have the remaining tokens go as far as they can, one after the other."""
    if not rest:
        return [known]
    token, *others = rest
    allowed = room[token]
    for pair in pairs:
        low, high = pair.factor.low, pair.factor.high
        if pair.token == token and pair.other in known:
            other = known[pair.other]
            allowed = both(allowed, Interval(low * other, None if high is None else high * other))
        elif pair.other == token and pair.token in known:
            other = known[pair.token]
            allowed = both(allowed, Interval(other / high if high else Fraction(0), other / low if low else None))
    return [one for value in _ends(allowed) for one in _completed({**known, token: value}, others, room, pairs)]


def both(one: Interval, other: Interval) -> Interval:
    """Where two intervals meet; one that ends before it begins where they do not."""
    highs = [high for high in (one.high, other.high) if high is not None]
    return Interval(max(one.low, other.low), min(highs, default=None))


def _ends(within: Interval) -> list[Fraction]:
    """The ends of an interval, inside of it with as few digits as prices can be told with; none if it is empty."""
    low, high = within.low, within.high
    if high is not None and low > high:
        return []
    ends = [_short(low, ceil, within)] + ([] if high is None else [_short(high, floor, within)])
    return [end for end in dict.fromkeys(ends) if end]


def _short(value: Fraction, towards: Callable[[Fraction], int], within: Interval) -> Fraction:
    for digits in (4, 8):
        near = Fraction(towards(value * 10**digits), 10**digits)
        if near and near >= within.low and (within.high is None or near <= within.high):
            return near
    return value
