"""How far each assumption can be pushed in two strategies: where a claim breaks sooner than it did.

Compared is the value up to which a claim was proved, not its distance from what is assumed: an assumption that covers
more has less room behind it, and nothing is weaker for that.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from fractions import Fraction

from stratc_compiler.change import Change, Direction, Subject, opposite
from stratc_compiler.margins import Margin, name_of
from stratc_compiler.verdict import Proved, Verification
from stratc_dsl.record import Record


class MarginChange(Record):
    """`lost` is the share of the old margin that is gone; None where there was none to lose, or more is there now."""

    change: Change
    lost: Fraction | None = None


def changed_margins(
    old: Verification, old_margins: Iterable[Margin], new: Verification, new_margins: Iterable[Margin]
) -> Iterator[MarginChange]:
    """Of every claim that both prove and every number that both assume the ends that are not the same."""
    before = {(_kind(one.claim), name_of(one.constant, old.vault)): one for one in old_margins}
    after = {(_kind(one.claim), name_of(one.constant, new.vault)): one for one in new_margins}
    for (claim, name), one in before.items():
        other = after.get((claim, name))
        if other is not None and (one.fails, one.holds) != (other.fails, other.holds):
            yield from _changed(f"{claim}, {name}", one, other)


def changed_verdicts(old: Verification, new: Verification) -> Iterator[Change]:
    """Claims that both make and only one of them is proved of."""
    before = {_kind(claim.name): claim for claim in old.claims}
    for claim in new.claims:
        earlier = before.get(_kind(claim.name))
        if earlier is None:
            continue
        was, now = (isinstance(one.verdict, Proved) for one in (earlier, claim))
        if was != now:
            words = [type(one.verdict).__name__.lower() for one in (earlier, claim)]
            direction = Direction.WEAKER if was else Direction.STRONGER
            why = "it is no longer proved" if was else "it is proved now"
            yield Change(Subject.CLAIM, claim.name, f"{claim.name}: {words[0]} -> {words[1]}", direction, why)


_NUMBER = re.compile(r"(loss|exit) [<>]=.*")


def _kind(claim: str) -> str:
    """What a claim is about, whatever number it says: `loss <= 1% per round` is about `loss`."""
    found = _NUMBER.fullmatch(claim)
    return found[1] if found else claim


def _changed(name: str, old: Margin, new: Margin) -> Iterator[MarginChange]:
    farther = _farther(old, new)
    if farther is Direction.NEITHER:
        return
    text = f"{name}: {_told(old)} -> {_told(new)}"
    why = "the claim breaks sooner" if farther is Direction.WEAKER else "the claim breaks later"
    change = Change(Subject.MARGIN, name, text, farther, why, old.constant.span, new.constant.span)
    room = abs(old.holds - old.constant.value)
    lost = abs(old.holds - new.holds) / room if farther is Direction.WEAKER and room else None
    yield MarginChange(change, lost)


def _farther(old: Margin, new: Margin) -> Direction:
    """Whether the new strategy holds farther; without an end in sight it holds farther than with one."""
    if old.fails is None or new.fails is None:
        if old.fails is None and new.fails is None:
            return Direction.NEITHER
        return Direction.WEAKER if old.fails is None else Direction.STRONGER
    gained = (new.holds - old.holds) * old.constant.field.harsher
    return Direction.NEITHER if not gained else Direction.STRONGER if gained > 0 else opposite(Direction.STRONGER)


def _told(margin: Margin) -> str:
    if margin.fails is None:
        return "nothing that is tried breaks it"
    return f"holds to {margin.constant.told(margin.holds)}"
