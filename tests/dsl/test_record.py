"""Records: values that cannot change, and that every walk over a tree sees."""

from __future__ import annotations

import pickle
import re
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from pathlib import Path
from types import ModuleType

import pytest

from stratc_dsl import administration, diagnostic, parse_strategies, strategy, syntax, terms
from stratc_dsl.errors import NoStrategy
from stratc_dsl.mentions import names_in
from stratc_dsl.parse import parse
from stratc_dsl.record import Record, parts
from stratc_dsl.span import Source, Span, moved
from stratc_dsl.strategy import Floor, OfNav, Rehedge, Safe, Solvent, SurvivesLossOf

EVERYTHING = (Path(__file__).parent / "typed" / "everything.strat").read_text("utf-8")


@dataclass(frozen=True)
class Stranger:
    """Holds a name and a place, and is no record."""

    name: syntax.Name
    span: Span


STRANGERS = [Stranger(syntax.Name("a", Span(0, 1)), Span(0, 1)), [Span(0, 1)], {"a": Span(0, 1)}, frozenset(), 0.5]


def everything() -> syntax.File:
    tree = parse(Source("everything.strat", EVERYTHING))
    assert isinstance(tree, syntax.File), tree
    return tree


@pytest.mark.parametrize("module", [administration, diagnostic, strategy, syntax, terms])
def test_all_that_trees_are_made_of_is_known_to_walks(module: ModuleType) -> None:
    classes = [one for one in vars(module).values() if isinstance(one, type) and one.__module__ == module.__name__]
    assert len(classes) > 2
    assert [one for one in classes if not issubclass(one, Record | Enum)] == []


def test_a_record_never_changes() -> None:
    for one in (Solvent(), NoStrategy(Span(0, 0))):
        with pytest.raises(AttributeError):
            one.span = Span(0, 1)  # type: ignore[misc]


def test_where_something_stands_is_never_part_of_equality() -> None:
    here, there = (Floor(OfNav(Fraction(1, 2), span=at), span=at) for at in (Span(0, 1), Span(2, 3)))
    assert here == there
    assert hash(here) == hash(there)
    assert here != Floor(OfNav(Fraction(1, 3)))
    assert Safe("aave") != SurvivesLossOf("aave")
    assert Rehedge() != Solvent()
    assert len({here, there, Safe("aave"), SurvivesLossOf("aave")}) == 3


def test_strategies_survive_the_way_to_another_process() -> None:
    (typed,) = parse_strategies(Source("everything.strat", EVERYTHING)).strategies
    copy = pickle.loads(pickle.dumps(typed))
    assert copy == typed
    assert repr(copy) == repr(typed)  # spans too


def test_every_place_in_a_tree_moves() -> None:
    """Counted in the printed tree: what a walk forgot would be forgotten by the same walk twice."""
    before, after = (
        [int(number) for number in re.findall(r"(?:start|end)=(\d+)", repr(tree))]
        for tree in (everything(), moved(everything(), 7))
    )
    assert len(before) > 1_000
    assert after == [number + 7 for number in before]


def test_every_name_in_a_tree_is_found() -> None:
    """All but those of fields and arguments; again counted in what is printed."""
    printed = set(re.findall(r"Name\(text='(\w+)'", repr(everything())))
    assert len(printed) > 50
    assert printed - set(names_in(everything())) <= set(re.findall(r"(\w+) ?[:=]", EVERYTHING))


@pytest.mark.parametrize("stranger", STRANGERS)
def test_no_walk_passes_by_what_it_does_not_know(stranger: object) -> None:
    for walk in (parts, lambda value: moved(value, 1), lambda value: list(names_in(value))):
        with pytest.raises(TypeError, match=type(stranger).__name__):
            walk(stranger)
