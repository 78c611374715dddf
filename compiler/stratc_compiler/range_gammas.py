"""By how much a range is bent, in the proofs: its gamma, beside what it is worth.

With V and k as in `range_deltas`, its curvature G = -P^2 V'' is L sqrt(P) / 2 between its ends and nothing beyond them,
and V / (L sqrt(P)) is at least k there, so

    0 <= G <= V / (2 k),

which is reached at both ends. That is all that is said of a range after the price has moved: from beyond an end the
most is one small step away.

At one price G is a multiple of the liquidity, as V is: of two worths A >= B of a range at one price the curvatures
differ by something between nothing and (A - B) / (2 k). That the contract reads at SAMPLE whether the price is between
the ends (`ranges.curvature`) makes G, at an end, what it is a little further inside: `PROPORTION` is more than that.
"""

from __future__ import annotations

from fractions import Fraction
from math import ceil

from stratc_compiler.expr import Add, And, Cmp, Expr, Formula, Mul, Or, Rel, Sub, number
from stratc_compiler.ranges import Range, root_of
from stratc_compiler.relax import PROPORTION, ZERO, Frame, real
from stratc_compiler.vault import Held

_DIGITS = 1_000
"""The bound is told in so many parts: long fractions are slow to compute with."""


def most_bent(of: Range) -> Fraction:
    """The most curvature of a range for each 1 of its worth, rounded up."""
    return Fraction(ceil((1 + PROPORTION) / (2 * of.width) * _DIGITS), _DIGITS)


def curve_of(held: Held) -> str:
    """What a state of the proofs is called that is the curvature of a range."""
    assert held.range is not None
    return held.range.curve.name


def settled_curves(frame: Frame) -> None:
    """Of a state of which nothing else is known."""
    for held in frame.vault.bent:
        _learn(frame, held, frame.state[curve_of(held)], frame.state[held.name])


def curve_moved(held: Held, frame: Frame) -> None:
    """What a round makes of it, once it is known what it makes of the range's worth."""
    if held in frame.vault.bent:
        frame.state[curve_of(held)] = real(f"{curve_of(held)}@1")
        _learn(frame, held, frame.state[curve_of(held)], frame.state[held.name])


def curve_after(held: Held, frame: Frame, worth: Expr, *, more: bool) -> dict[str, Expr]:
    """The curvature of a range once liquidity was added, or taken out, at one price; no change where nobody asks."""
    if held not in frame.vault.bent or held.range is None:
        return {}
    before, curve = frame.state[held.name], frame.state[curve_of(held)]
    after = frame.trace.fresh(curve_of(held))
    _learn(frame, held, after, worth)
    grown, added = (Sub(after, curve), Sub(worth, before)) if more else (Sub(curve, after), Sub(before, worth))
    most = Mul(number(most_bent(held.range)), added)
    frame.trace.learn("definition", Cmp(grown, Rel.GE, ZERO), Cmp(grown, Rel.LE, most))
    return {curve_of(held): after}


def _learn(frame: Frame, held: Held, curve: Expr, worth: Expr) -> None:
    assert held.range is not None
    most = Mul(number(most_bent(held.range)), worth)
    frame.trace.learn("definition", Cmp(curve, Rel.GE, ZERO), Cmp(curve, Rel.LE, most))


def as_it_may_lie(held: Held, moment: str) -> Formula:
    """What a range of just the strategy's width has of curvature, by the part of it that is worth of its token.

    No fact, since ranges may be wider, and in chords between some parts: where a solver looks for a scenario, one that
    there may be. With m = L sqrt(P) / V and x the part, (m - x) (m - 1 + x) = m^2 (1 - k) between the ends.
    """
    assert held.range is not None
    worth, part, curve = (real(f"{name}@{moment}") for name in (held.name, held.range.part.name, curve_of(held)))
    beyond = And((Cmp(curve, Rel.EQ, ZERO), Or((Cmp(part, Rel.EQ, ZERO), Cmp(part, Rel.EQ, worth)))))
    inside = []
    for place in range(_CHORDS):
        left, right = Fraction(place, _CHORDS), Fraction(place + 1, _CHORDS)
        start, end = (_mean(held.range, x) / 2 for x in (left, right))
        slope = (end - start) * _CHORDS
        on_chord = Add(Mul(number(start - slope * left), worth), Mul(number(slope), part))
        within = Cmp(part, Rel.GE, Mul(number(left), worth)), Cmp(part, Rel.LE, Mul(number(right), worth))
        inside.append(And((*within, Cmp(curve, Rel.EQ, on_chord))))
    return Or((beyond, *inside))


_CHORDS = 8


def _mean(of: Range, part: Fraction) -> Fraction:
    apart = 1 - 2 * part
    return (1 + root_of(1 - of.width * (1 - apart * apart), up=False)) / (2 * of.width)
