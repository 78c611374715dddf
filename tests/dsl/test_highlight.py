"""Colours, by the real Pygments and as it finds the lexer; and the classes of words that they are made of."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import astuple
from pygments.lexers import get_lexer_by_name, get_lexer_for_filename
from pygments.token import Comment, Error, Keyword, Name, Number, Operator, String

from stratc_dsl.adapters import ADAPTERS
from stratc_dsl.highlight import StratLexer
from stratc_dsl.parse import keywords
from stratc_dsl.vocabulary import vocabulary

ROOT = Path(__file__).parents[2]
TEXTS = sorted([*(ROOT / "examples").rglob("*.strat"), *(ROOT / "tests" / "dsl" / "typed").glob("*.strat")])


def coloured(text: str) -> list[tuple[object, str]]:
    return [(kind, word) for kind, word in StratLexer().get_tokens(text) if word.strip()]


def test_pygments_finds_the_lexer_by_its_entry_point() -> None:
    assert isinstance(get_lexer_by_name("strat"), StratLexer)
    assert isinstance(get_lexer_for_filename("carry.strat"), StratLexer)


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.stem)
def test_every_word_of_a_strategy_is_known(path: Path) -> None:
    text = path.read_text("utf-8")
    tokens = list(StratLexer(stripnl=False).get_tokens(text))
    assert "".join(word for _, word in tokens) == text
    assert [word for kind, word in tokens if kind is Error] == []


def test_there_are_strategies_to_colour() -> None:
    assert len(TEXTS) >= 3


@pytest.mark.parametrize(
    ("text", "kind", "word"),
    [
        ("token USDC { decimals: 6 }", Name.Class, "USDC"),
        ("token USDC { decimals: 6 }", Name.Attribute, "decimals"),
        ("    rules {", Keyword.Declaration, "rules"),
        ("when nav < 1 USD do harvest save", Keyword, "when"),
        ("when nav < 1 USD do harvest save", Keyword.Reserved, "harvest"),
        ("when nav < 1 USD do harvest save", Name.Function, "nav"),
        ("when nav < 1 USD do harvest save", Name, "save"),
        ("venue aave = aave_v3(borrow=[USDC])", Name.Builtin, "aave_v3"),
        ("venue aave = aave_v3(borrow=[USDC])", Name.Attribute, "borrow"),
        ("venue tokens = x(y)", Name.Class, "tokens"),
        ("aave.collateral(WETH): 80%, min 5%", Name.Attribute, "collateral"),
        ("aave.collateral(WETH): 80%, min 5%", Keyword, "min"),
        ("1_000.5 82.5% 25bps 24h", Number.Float, "25bps"),
        ("60% +- 5%", Operator, "+-"),
        ('price: ratio(WETH, chainlink("A # B"))  # c', String.Double, '"A # B"'),
        ('price: ratio(WETH, chainlink("A # B"))  # c', Comment.Single, "# c"),
        ("navy_health", Name, "navy_health"),
        ("nav $ 1", Error, "$"),
    ],
)
def test_colour_of_a_word(text: str, kind: object, word: str) -> None:
    assert (kind, word) in coloured(text)


def test_every_keyword_is_in_exactly_one_class() -> None:
    words = vocabulary()
    classes = (words.blocks, words.declarations, words.actions, words.words)
    listed = [word for one in classes for word in one]
    assert sorted(listed) == sorted(set(listed))
    assert set(listed) == keywords() | {"min", "max"}  # those two belong to the comma before them


def test_classes_of_words() -> None:
    words = vocabulary()
    assert {"strategy", "token", "assume", "rules", "exit"} <= set(words.blocks)
    assert words.declarations == ("base", "use", "venue")
    assert {"rebalance", "deleverage", "freeze"} <= set(words.actions)
    assert {"when", "of", "min"} <= set(words.words)
    assert set(words.adapters) == set(ADAPTERS)
    assert all(tuple(sorted(one)) == one for one in astuple(words))
