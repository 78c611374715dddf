"""The words of the language by what they are for, taken from the grammar and from the tables that give them meaning.

For whoever colours or lists them: nothing here is written down a second time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache

from stratc_dsl.adapters import ADAPTERS
from stratc_dsl.check_prices import PRICE_SOURCES
from stratc_dsl.check_quantities import QUANTITIES
from stratc_dsl.parse import keyword_of, keywords, productions
from stratc_dsl.record import Record

_LIMIT = "COMMA_"
"""How the terminals begin that are a comma and the word behind it."""


class Vocabulary(Record):
    """Keywords stand in exactly one of the first four classes; the others are names with a meaning."""

    blocks: tuple[str, ...]  # begin what has braces: `token`, `rules`
    declarations: tuple[str, ...]  # begin what else stands in a file or strategy: `base`, `venue`
    actions: tuple[str, ...]  # what a rule can do: `harvest`
    words: tuple[str, ...]  # all other keywords: `when`, `of`, `min`
    quantities: tuple[str, ...]
    adapters: tuple[str, ...]
    sources: tuple[str, ...]  # of prices: `chainlink`


@lru_cache(maxsize=1)
def vocabulary() -> Vocabulary:
    """Every class in the order of the alphabet. `exit` is an action too, but begins a block first."""
    blocks = {symbols[0] for _, symbols in productions() if "LBRACE" in symbols}
    declarations = set(_beginnings({"_top", "_part"})) - blocks
    actions = set(_beginnings({"_action"})) - blocks
    classes = [_words(blocks), _words(declarations), _words(actions)]
    limits = {name.removeprefix(_LIMIT).lower() for _, symbols in productions() for name in symbols if _LIMIT in name}
    others = (keywords() | limits).difference(*classes)
    names = (QUANTITIES, ADAPTERS, PRICE_SOURCES)
    return Vocabulary(*(tuple(sorted(one)) for one in (*classes, others, *names)))


def _beginnings(choices: set[str]) -> Iterator[str]:
    """The terminals that the alternatives of some rules begin with."""
    chosen = {symbols[0] for rule, symbols in productions() if rule in choices}
    return (symbols[0] for rule, symbols in productions() if rule in chosen)


def _words(terminals: Iterable[str]) -> set[str]:
    return {word for terminal in terminals if (word := keyword_of(terminal))}
