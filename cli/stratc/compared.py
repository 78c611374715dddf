"""The strategies of two files, those of one name side by side, with what changed in meaning."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from stratc.analysis import Loaded, Model
from stratc.places import span_json
from stratc_compiler.change import Change, Direction, Subject, Version
from stratc_compiler.differences import differences
from stratc_dsl.record import Record
from stratc_dsl.span import NOWHERE, Source

if TYPE_CHECKING:
    from stratc_compiler.changed_margins import MarginChange
    from stratc_compiler.verdict import Verification


class Compared(Record):
    """One strategy of two files; `old` or `new` is None where it was added or dropped."""

    name: str
    old: Model | None
    new: Model | None
    changes: tuple[Change, ...]
    margins: tuple[MarginChange, ...] = ()

    @property
    def all_changes(self) -> tuple[Change, ...]:
        """Those of margins among the others, in the order of their subjects."""
        order = list(Subject)
        both = (*self.changes, *(one.change for one in self.margins))
        return tuple(sorted(both, key=lambda one: order.index(one.subject)))


def compare(old: Loaded, new: Loaded) -> tuple[Compared, ...]:
    """By name; where both files hold a single strategy, these, however they are called."""
    return tuple(_compared(one, other) for one, other in pairs(old.models, new.models))


def pairs(olds: Sequence[Model], news: Sequence[Model]) -> Iterator[tuple[Model | None, Model | None]]:
    if len(olds) == len(news) == 1:
        yield olds[0], news[0]
        return
    by_name = {model.vault.strategy.name: model for model in news}
    for old in olds:
        yield old, by_name.pop(old.vault.strategy.name, None)
    for new in by_name.values():
        yield None, new


def _compared(old: Model | None, new: Model | None) -> Compared:
    if old is None or new is None:
        return _came_or_went(old, new)
    changes = differences(Version(old.vault, old.source), Version(new.vault, new.source))
    return Compared(new.vault.strategy.name, old, new, changes)


Verified = Mapping[str, "Verification"]
"""What was decided of the strategies of one file, by their names."""


def with_margins(compared: Compared, old: Verified, new: Verified, show_progress: bool = False) -> Compared:
    """The same with what each proved claim breaks by, in both: every number that both assume is pushed, for minutes."""
    from stratc.progress import line_of
    from stratc_compiler.changed_margins import changed_margins, changed_verdicts  # only here: they load a solver
    from stratc_compiler.margins import margins
    from stratc_targets.venues import venue_factories

    if compared.old is None or compared.new is None:
        return compared
    before, after = old.get(compared.old.vault.strategy.name), new.get(compared.new.vault.strategy.name)
    if before is None or after is None:  # beyond this version: that is an error of its own
        return compared
    with line_of(after.vault.strategy.name, show_progress) as line:
        found = [list(margins(one, venue_factories(one.vault.strategy), told=line.pushing)) for one in (before, after)]
    changes = (*compared.changes, *changed_verdicts(before, after))
    moved = tuple(changed_margins(before, found[0], after, found[1]))
    return replace(compared, changes=changes, margins=moved)


def _came_or_went(old: Model | None, new: Model | None) -> Compared:
    model = old if old is not None else new
    assert model is not None
    strategy = model.vault.strategy
    direction, word, why = (
        (Direction.NEITHER, "added", "there was nothing to compare it with")
        if old is None
        else (Direction.WEAKER, "dropped", "none of its claims is made any more")
    )
    places = (NOWHERE, strategy.span) if old is None else (strategy.span, NOWHERE)
    change = Change(Subject.STRATEGY, strategy.name, f"{word}: strategy {strategy.name}", direction, why, *places)
    return Compared(strategy.name, old, new, (change,))


def compared_json(one: Compared) -> dict[str, Any]:
    """As docs/diff.schema.json describes a strategy."""
    sources = [None if model is None else model.source for model in (one.old, one.new)]
    return {
        "name": one.name,
        "was": None if one.old is None else one.old.vault.strategy.name,
        "is": None if one.new is None else one.new.vault.strategy.name,
        "changes": [change_json(change, *sources) for change in one.all_changes],
    }


def change_json(change: Change, old: Source | None, new: Source | None) -> dict[str, Any]:
    return {
        "subject": change.subject.value,
        "name": change.name,
        "direction": change.direction.value,
        "text": change.text,
        "why": change.why,
        "old": None if old is None else span_json(change.old, old),
        "new": None if new is None else span_json(change.new, new),
    }


def counts(changes: Sequence[Change]) -> str:
    """How many of each direction: `2 weaker, 1 neither`."""
    numbers = {direction: sum(one.direction is direction for one in changes) for direction in Direction}
    return ", ".join(f"{number} {direction.value}" for direction, number in numbers.items() if number) or "no change"
