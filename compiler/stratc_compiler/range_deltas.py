"""What of a range's worth is worth of its token, in the proofs: its delta, beside what all of it is worth.

With V(P) as in `ranges`, all in base, and x(P) = V'(P) of the token in it, D = P x(P) is what the token is worth that a
range consists of. So 0 <= D <= V, and a move of the price by f makes of V and D some U and E for which all of this
holds, wherever the range lies; L its liquidity, low and high its ends, k = 1 - sqrt(low / high), r = sqrt(f):

    V is concave with the slope x:        U <= V + (f - 1) D
    V never falls:                        U >= V for f >= 1,  U <= V for f <= 1
    V(P) / P never rises:                 U >= f V for f <= 1
    x never rises, so E = f P x(f P):     E <= f D for f >= 1,  E >= f D for f <= 1
    what is base, V - D, never falls:     U - E >= V - D for f >= 1,  U - E <= V - D for f <= 1

By how much a range falls short of its tangent is bounded by its width. -V'' is L / (2 P^(3/2)) between its ends, else
nothing, and L sqrt(P) is at most V(P) / k between them: V / (L sqrt(P)) = 2 - sqrt(P / high) - sqrt(low / P) is concave
in sqrt(P), and k at both ends. Integrated from P to f P,

    U >= V + (f - 1) D - (r - 1)^2 V / k
    E >= f D - (f - r) V / k for f >= 1,      E <= f D + (r - f) V / k for f <= 1.

That is so where P is between the ends: then of a formula that goes on beyond them, which only falls further. From below
both ends only what is beyond `low` counts, from above what is beyond `high`. Below, V = L P k / sqrt(low), so that with
q = sqrt(low / P) >= 1 the first is (V / k) (r - q)^2, the second (V / k) r (r - q), each at its most for q = 1. Above,
V = L k sqrt(high), so that with q = sqrt(f P / high) >= r they are (V / k) (1 - q)^2, at its most for q = r, and
(V / k) q (1 - q). Roots of f are bounded by lines between its least and its most: (r - 1)^2 is |f - 1| times
|r - 1| / (r + 1), and f - r is (f - 1) r / (r + 1), quotients that are at their most at the end of f; r - f and q - q^2
are at most (1 - f) / 2, since (1 - r)^2 and (1 - q)^2 are not negative.

All these are linear once f is multiplied by V and by D.

At one price the part D / V is one for any liquidity. So of two worths A >= B of a range at one price the parts differ
by something between nothing and A - B. That needs no product, and is all that the proofs say of what is put in and
taken out.
"""

from __future__ import annotations

from fractions import Fraction
from math import ceil

from stratc_compiler.environment import Interval
from stratc_compiler.expr import Add, And, Cmp, Expr, Formula, Mul, Or, Rel, Sub, Var, number
from stratc_compiler.ranges import Range, root_of
from stratc_compiler.relax import ZERO, Frame, real
from stratc_compiler.vault import Held
from stratc_dsl.record import Record

_DIGITS = 1_000
"""Bounds are told in so many parts: long fractions are slow to compute with."""


class Bend(Record):
    """By what share of V, for each 1 of a move, a range is below its tangent, and its delta off that of its token.

    `up` and `down` are for a price that rises and falls; rounded up.
    """

    worth_up: Fraction
    worth_down: Fraction
    delta_up: Fraction
    delta_down: Fraction


def bend(of: Range, moves: Interval) -> Bend:
    """Of a range no narrower than the strategy says, and a price factor between these two."""
    k = of.width
    if moves.high is None:
        up = fall = Fraction(1)
    else:
        top = root_of(moves.high, up=True)
        up, fall = max(top - 1, Fraction(0)) / (top + 1), top / (top + 1)
    bottom = root_of(moves.low, up=False)
    down = max(1 - bottom, Fraction(0)) / (bottom + 1)
    return Bend(*(Fraction(ceil(share / k * _DIGITS), _DIGITS) for share in (up, down, fall, Fraction(1, 2))))


def settled_parts(frame: Frame) -> None:
    """Of a state of which nothing else is known: no less than nothing, and no more than all."""
    for held in frame.vault.divided:
        _is_part(frame, frame.state[part_of(held)], frame.state[held.name])


def part_of(held: Held) -> str:
    """What a state of the proofs is called that is the part of a range which is worth of its token."""
    assert held.range is not None
    return held.range.part.name


def _is_part(frame: Frame, part: Expr, whole: Expr) -> None:
    frame.trace.learn("definition", Cmp(part, Rel.GE, ZERO), Cmp(part, Rel.LE, whole))


def move(held: Held, frame: Frame, factor: Var, moves: Interval, growth: Interval) -> None:
    """What a round makes of a range: its price moves by `factor`, and its liquidity grows by something in `growth`.

    Products of the settled state with the factor have names (see `rounds`).
    """
    of = held.range
    assert of is not None
    before = (frame.state[held.name], frame.state[of.part.name])
    worth, part = real(f"{held.name} moved"), real(f"{of.part.name} moved")
    _is_part(frame, part, worth)
    label = f"move({held.name})"
    frame.trace.learn(label, *moved(before, (worth, part), factor, bend(of, moves)))
    after = real(f"{held.name}@1"), real(f"{of.part.name}@1")
    _is_part(frame, after[1], after[0])
    sizes = ((worth, after[0]), (part, after[1]), (Sub(worth, part), Sub(*after)))
    for size, grown in sizes:
        _learn_growth(frame, f"growth({held.name})", size, grown, growth)
    frame.state[held.name], frame.state[of.part.name] = after
    frame.known.clear()


def _learn_growth(frame: Frame, label: str, size: Expr, grown: Expr, growth: Interval) -> None:
    frame.trace.learn(label, Cmp(grown, Rel.GE, Mul(number(growth.low), size)))
    if growth.high is not None:
        frame.trace.learn(label, Cmp(grown, Rel.LE, Mul(number(growth.high), size)))


def moved(before: tuple[Expr, Expr], after: tuple[Var, Var], factor: Var, bent: Bend) -> tuple[Formula, ...]:
    """What is known of U and E: see above."""
    (worth, part), (later, exposed) = before, after
    by, part_by = (_times(one, factor) for one in before)
    tangent = Add(worth, Sub(part_by, part))
    rest, later_rest = Sub(worth, part), Sub(later, exposed)
    gained, lost = Sub(by, worth), Sub(worth, by)
    risen = (
        Cmp(factor, Rel.GE, number(1)),
        Cmp(part_by, Rel.GE, part),
        Cmp(Sub(by, part_by), Rel.GE, rest),
        Cmp(later, Rel.GE, worth),
        Cmp(later_rest, Rel.GE, rest),
        Cmp(later, Rel.GE, Sub(tangent, Mul(number(bent.worth_up), gained))),
        Cmp(exposed, Rel.LE, part_by),
        Cmp(exposed, Rel.GE, Sub(part_by, Mul(number(bent.delta_up), gained))),
    )
    fallen = (
        Cmp(factor, Rel.LE, number(1)),
        Cmp(part_by, Rel.LE, part),
        Cmp(Sub(by, part_by), Rel.LE, rest),
        Cmp(later, Rel.LE, worth),
        Cmp(later, Rel.GE, by),
        Cmp(later, Rel.GE, Sub(tangent, Mul(number(bent.worth_down), lost))),
        Cmp(later_rest, Rel.LE, rest),
        Cmp(exposed, Rel.GE, part_by),
        Cmp(exposed, Rel.LE, Add(part_by, Mul(number(bent.delta_down), lost))),
    )
    return Cmp(later, Rel.LE, tangent), Or((And(risen), And(fallen)))


def part_after(held: Held, frame: Frame, worth: Expr, *, more: bool) -> dict[str, Expr]:
    """The part of a range once liquidity was added, or taken out, at one price; no change where nobody asks."""
    of = held.range
    if of is None or held not in frame.vault.divided:
        return {}
    before, part = frame.state[held.name], frame.state[of.part.name]
    after = frame.trace.fresh(of.part.name)
    _is_part(frame, after, worth)
    grown, added = (Sub(after, part), Sub(worth, before)) if more else (Sub(part, after), Sub(before, worth))
    frame.trace.learn("definition", Cmp(grown, Rel.GE, ZERO), Cmp(grown, Rel.LE, added))
    for known in frame.parts:
        if known.of == of:
            frame.keep(known, worth, after)
    return {of.part.name: after}


def _times(one: Expr, factor: Var) -> Expr:
    assert isinstance(one, Var)
    return product_name(one.name, factor)


def product_name(name: str, factor: Var) -> Var:
    """What the product of a settled state and a factor of prices is called."""
    return real(f"{name} by {factor.name}")
