"""Outlines, names and suggestions: of texts that parse, of broken ones, and of any text at all."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stratc_dsl import Source, adapters, manual
from stratc_dsl.check_assumptions import SUBJECTS
from stratc_dsl.check_prices import PRICE_SOURCES
from stratc_dsl.check_quantities import QUANTITIES
from stratc_dsl.check_rules import CLAIMS
from stratc_dsl.navigate import Library
from stratc_dsl.outline import Outline, Role, outline
from stratc_dsl.parse import keywords
from stratc_dsl.suggest import suggestions

EXAMPLES = Path(__file__).parents[2] / "examples"
CARRY = (EXAMPLES / "eth_carry.strat").read_text(encoding="utf-8")


def outlined(text: str) -> Outline:
    return outline(Source("x.strat", text))


def names(text: str) -> list[tuple[str, str]]:
    return [(one.kind, one.name) for one in outlined(text).declarations]


DECLARED = [
    ("strategy", "EthCarry"),
    ("token", "USDC"),
    ("token", "WETH"),
    ("venue", "aave"),
    ("venue", "save"),
    ("venue", "dex"),
]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("", ""),
        ("keeper every 1h", "keeper every (((("),
        ("assume {", "assume"),
        ("    floors {\n", "    floors {{ }\n"),
        ("health(aave) >= 1.35\n", "health(aave\n"),
        ('chainlink("ETH/USD",', 'chainlink("ETH/USD'),
        ("prove {", "prove { @ $ ~"),
    ],
)
def test_what_is_declared_is_found_whatever_is_broken(old: str, new: str) -> None:
    assert old in CARRY
    assert names(CARRY.replace(old, new, 1)) == DECLARED


def test_every_name_of_a_sound_text_means_something() -> None:
    library = Library(outlined(CARRY))
    unknown = {
        word.text
        for word in library.main.words
        if word.role is Role.MENTION and library.declaration(word) is None and word.text not in manual.QUANTITIES
    }
    assert unknown == set()


def test_a_name_is_looked_up_in_its_own_strategy() -> None:
    text = "strategy A { venue v = erc4626(asset=T)\n prove { safe(v) } }\nstrategy B { venue v = erc4626(asset=T) }\n"
    library = Library(outlined(text))
    uses = [
        [one.word.span.start for one in library.mentions(found)]
        for found in map(library.declaration, library.main.words)
        if found and found.declaration.kind == "venue"
    ]
    first, second = text.index("v ="), text.rindex("v =")
    assert sorted(map(tuple, uses)) == [(first, text.index("(v)") + 1)] * 2 + [(second,)]


def test_members_arguments_and_fields_are_no_names() -> None:
    """Names that are words of the language elsewhere: only where they stand for the venue or token do they mean it."""
    text = (
        "strategy S { token asset { decimals: 6 }\n venue debt = erc4626(asset=asset)\n"
        " allocate { aave.debt(asset): 5%\n debt: 4% }\n prove { loss <= 5% per round\n safe(debt) } }"
    )
    library = Library(outlined(text))
    places = {
        name: [one.word.span.start for one in library.mentions(found)]
        for name in ("asset", "debt")
        for found in [next(one for one in library.visible(0) if one.declaration.name == name)]
    }
    assert places["asset"] == [text.index("asset {"), text.index("=asset)") + 1, text.index("(asset):") + 1]
    assert places["debt"] == [text.index("debt ="), text.index("debt: 4%"), text.index("(debt)") + 1]


def test_a_minimum_belongs_to_its_target() -> None:
    text = "strategy S { allocate { idle(USDC): 10%, min 4%, save: 3% } }"
    found = outlined(text)
    heads = [word.text for index, word in enumerate(found.words) if word.statement == index]
    assert [head for head in heads if head in ("idle", "min", "save")] == ["idle", "save"]


def test_the_manual_knows_every_word() -> None:
    assert keywords() <= set(manual.KEYWORDS) | set(manual.QUANTITIES)
    assert set(QUANTITIES) <= set(manual.QUANTITIES)
    assert set(SUBJECTS) <= set(manual.ASSUMPTIONS)
    assert set(CLAIMS) <= set(manual.CLAIMS)
    assert set(PRICE_SOURCES) == set(manual.SOURCES)
    assert all(entry.meaning for entry in manual.ADAPTERS.values())
    arguments = {one.name for adapter in adapters.ADAPTERS.values() for one in adapter.parameters}
    assert arguments <= set(manual.FIELDS)


def test_the_manual_knows_no_word_that_is_gone() -> None:
    assert set(manual.KEYWORDS) - keywords() == {"min", "max"}  # those two belong to the comma before them


PIECES = re.findall(r"\w+|\s+|[^\w\s]", CARRY)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=4), max_size=40), st.integers(0, 200))
def test_any_text_has_an_outline_and_suggestions(pieces: list[str], place: int) -> None:
    text = "".join(pieces)
    library = Library(outlined(text))
    for word in library.main.words:
        found = library.declaration(word)
        assert text[word.span.start : word.span.end] == word.text
        if found is not None:
            assert found.declaration.name == word.text
            assert any(one.word.span == word.span for one in library.mentions(found))
    offset = min(place, len(text))
    assert library.main.block_at(offset) in library.main.blocks
    suggestions(library, offset)


@settings(max_examples=80, deadline=None)
@given(st.integers(0, len(CARRY)))
def test_a_text_broken_off_anywhere_has_suggestions_for_its_end(length: int) -> None:
    library = Library(outlined(CARRY[:length]))
    assert [one for one in suggestions(library, length) if not one.text.strip()] == []
