"""What is promised: claims, floors, the bands that a settled vault keeps, and what fees take at most."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from stratc_compiler.change import Change, Direction, Subject, Two, grown, paired
from stratc_dsl.administration import Fee, ManagementFee, PerformanceFee
from stratc_dsl.implication import implies
from stratc_dsl.strategy import (
    Allocation,
    Claim,
    ExitPays,
    Floor,
    Invariant,
    LossPerRound,
    Predicate,
    Safe,
    Solvent,
    SurvivesLossOf,
)

WEAKER, STRONGER, NEITHER = Direction.WEAKER, Direction.STRONGER, Direction.NEITHER
SAME = "said otherwise, it comes to the same"

# ── claims ─────────────────────────────────────────────────────────────────────────────────


def changed_claims(two: Two) -> Iterator[Change]:
    """Claims that `prove` adds; those that are always checked can neither come nor go."""
    for old, new in paired(two.old.strategy.claims, two.new.strategy.claims, _claim_key):
        if old == new:
            continue
        direction, why = _of_claims(old, new, two)
        named = old if old is not None else new
        assert named is not None
        yield two.change(Subject.CLAIM, " ".join(_claim_key(named)), old, new, direction, why)


def _claim_key(claim: Claim) -> tuple[str, ...]:
    match claim:
        case Solvent():
            return ("solvent",)
        case Safe(venue):
            return ("safe", venue)
        case SurvivesLossOf(venue):
            return ("survives loss of", venue)
        case Invariant(name):
            return ("invariant", name)
        case LossPerRound():
            return ("loss",)
        case ExitPays():
            return ("exit",)


def _of_claims(old: Claim | None, new: Claim | None, two: Two) -> tuple[Direction, str]:
    match old, new:
        case (None, _):
            return STRONGER, "one claim more is proved"
        case (Safe(venue) | SurvivesLossOf(venue), None) if venue not in _venues(two):
            return NEITHER, f"goes with {venue}, which is no longer part of the strategy"
        case (_, None):
            return WEAKER, "it is no longer claimed"
        case (LossPerRound(before), LossPerRound(after)):
            return _told(grown(before, after, WEAKER), "more may be lost", "less may be lost")
        case (ExitPays(before), ExitPays(after)):
            return _told(grown(before, after, STRONGER), "the exit may pay less", "the exit pays more")
        case (Invariant(_, before), Invariant(_, after)):
            return of_predicates(before, after)
        case _:
            raise AssertionError("claims of one key differ in a number or in a condition")


def _venues(two: Two) -> set[str]:
    return {venue.name for venue in two.new.strategy.venues}


def _told(direction: Direction, weaker: str, stronger: str) -> tuple[Direction, str]:
    return direction, {WEAKER: weaker, STRONGER: stronger, NEITHER: SAME}[direction]


def of_predicates(old: Predicate, new: Predicate) -> tuple[Direction, str]:
    """Which way a condition that is kept has changed, as far as that can be seen."""
    forth, back = implies(old, new), implies(new, old)
    if forth and back:
        return NEITHER, SAME
    if forth:
        return WEAKER, "the condition allows more"
    if back:
        return STRONGER, "the condition allows less"
    return WEAKER, "the condition is another one: what the old one says is no longer claimed"


# ── floors ─────────────────────────────────────────────────────────────────────────────────


def changed_floors(two: Two) -> Iterator[Change]:
    """Each floor with one that implies it, or that it implies; the rest was dropped or added."""
    olds, news = two.old.strategy.floors, two.new.strategy.floors
    fresh = [floor for floor in news if floor not in olds]
    for old in (floor for floor in olds if floor not in news):
        above = next((new for new in fresh if implies(new.predicate, old.predicate)), None)
        kept = any(implies(new.predicate, old.predicate) for new in news)
        below = next((new for new in fresh if implies(old.predicate, new.predicate)), None)
        if above is None and kept:
            yield _floor(old, None, NEITHER, "another floor implies it", two)
        elif (near := above or below) is None:
            yield _floor(old, None, WEAKER, "it no longer holds after every transaction", two)
        else:
            fresh.remove(near)
            yield _floor(old, near, *of_predicates(old.predicate, near.predicate), two)
    for new in fresh:
        implied = any(implies(old.predicate, new.predicate) for old in olds)
        direction, why = (NEITHER, "another floor implied it") if implied else (STRONGER, "one floor more is kept")
        yield _floor(None, new, direction, why, two)


def _floor(old: Floor | None, new: Floor | None, direction: Direction, why: str, two: Two) -> Change:
    named, version = (old, two.old) if old is not None else (new, two.new)
    assert named is not None
    return two.change(Subject.FLOOR, version.words(named.span), old, new, direction, why)


# ── bands ──────────────────────────────────────────────────────────────────────────────────


def changed_bands(two: Two) -> Iterator[Change]:
    """Of each position its target, how far it may be from it, and its limits: one change for each."""
    for old, new in paired(two.old.strategy.allocations, two.new.strategy.allocations, lambda one: one.position):
        if old is None or new is None:
            one = old if old is not None else new
            assert one is not None
            why = "what the vault holds changes: every claim is about another portfolio"
            yield two.change(Subject.BAND, str(one.position), old, new, NEITHER, why)
            continue
        for part, direction, why in _of_allocations(old, new):
            yield two.change(Subject.BAND, f"{old.position}:{part}", old, new, direction, why)


def _of_allocations(old: Allocation, new: Allocation) -> Iterator[tuple[str, Direction, str]]:
    if old.target != new.target:
        yield "target", NEITHER, "what the vault holds changes: every claim is about another portfolio"
    below, above = _widths(old), _widths(new)
    if below != above:
        yield "band", *_bounded(below, above, WEAKER)
    if old.minimum != new.minimum:
        yield "min", *_bounded(old.minimum, new.minimum, STRONGER)
    if old.maximum != new.maximum:
        yield "max", *_bounded(old.maximum, new.maximum, WEAKER)


def _widths(one: Allocation) -> Fraction | None:
    return None if one.high is None else one.high - one.target


def _bounded(old: Fraction | None, new: Fraction | None, larger: Direction) -> tuple[Direction, str]:
    direction = (STRONGER if old is None else WEAKER) if old is None or new is None else grown(old, new, larger)
    return _told(direction, "a settled vault may be farther off", "a settled vault is nearer")


# ── hedges ─────────────────────────────────────────────────────────────────────────────────


def changed_hedges(two: Two) -> Iterator[Change]:
    """Of each hedged sensitivity the edges of its band, which a settled vault keeps, and what is traded for it."""
    for old, new in paired(two.old.strategy.hedges, two.new.strategy.hedges, lambda one: (one.sensitivity, one.token)):
        named = old if old is not None else new
        assert named is not None
        subject = f"{named.sensitivity}({named.token})"
        if old is None or new is None:
            came = "it is kept inside a band", "no band is kept of it any more"
            yield two.change(Subject.BAND, subject, old, new, STRONGER if old is None else WEAKER, came[new is None])
            continue
        if (old.low, old.high) != (new.low, new.high):
            within, around = new.low >= old.low and new.high <= old.high, new.low <= old.low and new.high >= old.high
            moved = "the band is wider" if around else "values that were outside are inside"
            why = "the band is narrower" if within else moved
            yield two.change(Subject.BAND, f"{subject}:band", old, new, STRONGER if within else WEAKER, why)
        if old.instrument != new.instrument:
            why = "another position is traded for it: every claim is about that"
            yield two.change(Subject.BAND, f"{subject}:using", old, new, NEITHER, why)


# ── fees ───────────────────────────────────────────────────────────────────────────────────


def changed_fees(two: Two) -> Iterator[Change]:
    """`fair` says of fees that they take no more than is written."""
    for old, new in paired(two.old.strategy.fees, two.new.strategy.fees, type):
        if old == new:
            continue
        direction = grown(_taken(old), _taken(new), WEAKER)
        why = _told(direction, "more may be taken from holders", "less may be taken from holders")[1]
        named = old if old is not None else new
        yield two.change(Subject.FEE, type(named).__name__, old, new, direction, why)


def _taken(fee: Fee | None) -> Fraction:
    match fee:
        case ManagementFee(ratio, per):
            return ratio / per
        case PerformanceFee(ratio):
            return ratio
        case None:
            return Fraction(0)
