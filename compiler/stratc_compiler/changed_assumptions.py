"""What is assumed: of each number whether a milder or a harsher environment is covered, and what comes and goes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction

from stratc_compiler.assumptions import guarded_assumptions, is_inherited
from stratc_compiler.change import Change, Direction, Subject, Two, Version, grown
from stratc_compiler.constants import Field, numbers
from stratc_compiler.constants import Kind as NumberKind
from stratc_compiler.guardian import Guardian
from stratc_compiler.resting import kind_of
from stratc_compiler.verdict import GuardedAssumption
from stratc_dsl.record import Record
from stratc_dsl.strategy import (
    Assumption,
    DepositsAtMost,
    FundingBetween,
    KeeperEvery,
    LiquidityAtLeast,
    LossAtMost,
    OracleOffBy,
    PairMoves,
    PairStays,
    PriceMoves,
    PriceStays,
    RateAtMost,
    RoomAtLeast,
    SlippageAtMost,
    WithdrawalsAtMost,
)

MORE = "more is assumed: what lies between the two is no longer covered by any proof"
LESS = "less is assumed: the proofs cover more"

_REPEATED = frozenset({"parameters", "fresh", "feed", "oracle"})
"""Kinds of implied assumptions whose texts repeat numbers of other statements, which are compared where they stand."""

_FUNDING = (
    Field("low", NumberKind.RATIO, -1, None, words="low"),
    Field("high", NumberKind.RATIO, +1, None, words="high"),
)
"""No margin is looked for in it: a wider range lets the environment do more at either end."""

_SAFEST_FIRST = (Guardian.ENFORCED, Guardian.WATCHED, Guardian.TRUSTED)


class _Assumed(Record):
    """One assumption, with the statement where it is written."""

    guarded: GuardedAssumption
    statement: Assumption | None


def changed_assumptions(two: Two) -> Iterator[Change]:
    """Written assumptions and implied ones, by their ids in the certificate."""
    old, new = _assumed(two.old), _assumed(two.new)
    for id_ in [*old, *(id_ for id_ in new if id_ not in old)]:
        before, after = old.get(id_), new.get(id_)
        if before is None:
            assert after is not None
            yield _added(after, two)
        elif after is None:
            yield _dropped(before, two)
        elif before.statement is None or after.statement is None:
            yield from _guarded_otherwise(before, after, two)
        else:
            yield from _numbers(id_, before.statement, after.statement, two)


def _assumed(version: Version) -> dict[str, _Assumed]:
    guarded = guarded_assumptions(version.vault)
    written = version.strategy.assumptions  # which come first, in their order
    statements: list[Assumption | None] = [*written, *(None for _ in guarded[len(written) :])]
    both = zip(guarded, statements, strict=True)
    # What a vault of ours that is held assumes is compared with the rest of it.
    return {one.id: _Assumed(one, statement) for one, statement in both if not is_inherited(one.id)}


def _numbers(id_: str, old: Assumption, new: Assumption, two: Two) -> Iterator[Change]:
    """One change for each number: a statement can grow at one end and shrink at the other."""
    if old == new:
        return
    changed = False
    for field in _ends(old):
        harsher = Direction.STRONGER if field.harsher > 0 else Direction.WEAKER
        direction = grown(_value(old, field), _value(new, field), harsher)
        if direction is not Direction.NEITHER:
            name = f"{id_}:{field.words}" if field.words else id_
            why = LESS if direction is Direction.STRONGER else MORE
            yield two.change(Subject.ASSUMPTION, name, old, new, direction, why)
            changed = True
    if not changed:
        same = _known_alike(old, new)
        direction = Direction.NEITHER if same else Direction.WEAKER
        why = "said otherwise, it comes to the same" if same else "nobody can say that it is not weaker"
        yield two.change(Subject.ASSUMPTION, id_, old, new, direction, why)


def _ends(assumption: Assumption) -> tuple[Field, ...]:
    return _FUNDING if isinstance(assumption, FundingBetween) else numbers(assumption)


def _known_alike(old: Assumption, new: Assumption) -> bool:
    """Whether all that differs is how a rate is told: so much per day is so much per year."""
    known = {field.name for field in _ends(old)} | ({"per"} if isinstance(old, RateAtMost | FundingBetween) else set())
    others = (name for name in old.__struct_fields__ if name not in known and name != "span")
    return all(getattr(old, name) == getattr(new, name) for name in others)


def _value(assumption: Assumption, field: Field) -> Fraction:
    value = Fraction(getattr(assumption, field.name))
    return value / assumption.per if isinstance(assumption, RateAtMost | FundingBetween) else value


def _guarded_otherwise(old: _Assumed, new: _Assumed, two: Two) -> Iterator[Change]:
    """An assumption that is implied in one of the two, or in both."""
    before, after = old.guarded, new.guarded
    if before.guardian is after.guardian and (before.text == after.text or kind_of(before.id) in _REPEATED):
        return
    if old.statement is not None or new.statement is not None:
        # Unwritten it is the most that can be assumed, and whoever wrote it down had it bounded, and watched.
        direction = Direction.WEAKER if new.statement is None else Direction.STRONGER
        said = "no longer written, so without a bound it is" if new.statement is None else "written now, so it is"
        why = f"{said} {after.guardian.value}: {after.text}"
        yield two.change(Subject.ASSUMPTION, before.id, old.statement, new.statement, direction, why)
        return
    was, now = (_SAFEST_FIRST.index(one.guardian) for one in (before, after))
    direction, why = grown(was, now, Direction.WEAKER), "it is guarded otherwise"
    if before.text != after.text and direction is not Direction.WEAKER:
        direction, why = Direction.WEAKER, "something else is implied, and nobody can say that it is not more"
    text = f"{before.guardian.value}: {before.text} -> {after.guardian.value}: {after.text}"
    yield Change(Subject.ASSUMPTION, before.id, text, direction, why)


def _added(one: _Assumed, two: Two) -> Change:
    guarded = one.guarded
    if not _known(guarded, two.old) and not _unbounded(guarded):
        why = f"comes with a new part of the strategy, {guarded.guardian.value}: claims rest on it as well"
        return _told(one, None, one.statement, two, Direction.NEITHER, why)
    if one.statement is not None and _nothing_unless_said(one.statement):
        return _told(one, None, one.statement, two, Direction.STRONGER, f"{LESS}; unsaid it was taken for nothing")
    return _told(one, None, one.statement, two, Direction.WEAKER, f"more is assumed, {guarded.guardian.value}")


def _dropped(one: _Assumed, two: Two) -> Change:
    if not _known(one.guarded, two.new):
        why = "goes with a part of the strategy: nothing rests on it any more"
        return _told(one, one.statement, None, two, Direction.NEITHER, why)
    if one.statement is not None and _nothing_unless_said(one.statement):
        return _told(one, one.statement, None, two, Direction.WEAKER, "more is assumed: unsaid it is taken for nothing")
    if one.statement is None and one.guarded.guardian is Guardian.ENFORCED:
        return _told(one, None, None, two, Direction.NEITHER, "nothing rests on it any more, and nothing checks it")
    return _told(one, one.statement, None, two, Direction.STRONGER, LESS)


def _nothing_unless_said(assumption: Assumption) -> bool:
    """Whether not to write it is to assume the most: that nothing of the kind happens. Else nothing is assumed then."""
    match assumption:
        case LossAtMost() | LiquidityAtLeast() | RoomAtLeast() | OracleOffBy():
            return True
        case KeeperEvery() | PriceMoves() | PriceStays() | PairMoves() | PairStays() | FundingBetween():
            return False
        case RateAtMost() | SlippageAtMost() | WithdrawalsAtMost() | DepositsAtMost():
            return False


def _unbounded(guarded: GuardedAssumption) -> bool:
    """Of a new venue: that it can lose nothing, or pay out everything, because nobody wrote down a bound."""
    return not guarded.written and kind_of(guarded.id) in ("loss", "liquidity")


def _known(guarded: GuardedAssumption, other: Version) -> bool:
    """Whether all that the assumption is about is part of the other strategy, too."""
    strategy = other.strategy
    subject = guarded.id.partition("(")[2].removesuffix(")")
    if subject in {f"idle({strategy.base})", *(str(position) for position in strategy.positions)}:
        return True
    parts = {token.name for token in strategy.tokens} | {venue.name for venue in strategy.venues}
    return set(re.findall(r"\w+", subject)) <= parts


def _told(
    one: _Assumed, old: Assumption | None, new: Assumption | None, two: Two, direction: Direction, why: str
) -> Change:
    if one.statement is not None:
        return two.change(Subject.ASSUMPTION, one.guarded.id, old, new, direction, why)
    text = f"implied: {one.guarded.text}"
    return Change(Subject.ASSUMPTION, one.guarded.id, text, direction, why)
