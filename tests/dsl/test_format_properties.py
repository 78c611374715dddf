"""Formatting loses nothing and comes to rest: for valid texts, for damaged ones, and for anything at all."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import cycle
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from stratc_dsl.format import format_text, is_same_strategy
from stratc_dsl.format_lines import WHITESPACE
from stratc_dsl.parse import parse
from stratc_dsl.record import Record, parts
from stratc_dsl.span import Source, Span
from stratc_dsl.syntax import File

EXAMPLES = [path.read_text() for path in sorted((Path(__file__).parents[2] / "examples").rglob("*.strat"))]
CORPUS = [
    text
    for path in sorted(Path(__file__).parent.glob("corpus/*.strat"))
    if len(text := path.read_bytes().decode()) < 5_000
]
WORDS = sorted(
    {word for text in EXAMPLES + CORPUS for word in re.findall(r"[\w.%]+|[^\w\s]|\n", text)} | {"\r\n", "\f", "\ufeff"}
)

bounded = settings(max_examples=60, deadline=None)

# ── what must hold of any text ──


def check(text: str) -> str:
    """Format, with everything that must hold whatever the text is."""
    after = format_text(Source("any.strat", text)).text
    assert words_by_line(text) == words_by_line(after)
    assert is_same_strategy(text, after)
    assert format_text(Source("any.strat", after)).text == after
    return after


def words_by_line(text: str) -> list[str]:
    """What stands on each line that holds anything, without the space."""
    lines = ("".join(char for char in line if char not in WHITESPACE) for line in text.split("\n"))
    return [line for line in lines if line]


@bounded
@given(st.text(st.characters(exclude_categories=())))
def test_any_text(text: str) -> None:
    check(text)


@bounded
@given(st.text(st.sampled_from('{}()[],;:."#%+-<=/aS1 \t\r\n\f\x0b\u2028é'), max_size=80))
def test_any_signs(text: str) -> None:
    check(text)
    check(f"strategy S {{ allocate {{ {text}")


@bounded
@given(st.lists(st.sampled_from(WORDS), max_size=60), st.sampled_from(["", " ", "  "]))
def test_words_of_the_language_in_any_order(words: list[str], space: str) -> None:
    check(space.join(words))
    check(f"strategy S {{ {' '.join(words)}")


@st.composite
def damaged(draw: st.DrawFn) -> str:
    text = draw(st.sampled_from(EXAMPLES + CORPUS))
    for _ in range(draw(st.integers(1, 4))):
        start, length = draw(st.integers(0, len(text))), draw(st.integers(0, 12))
        text = text[:start] + draw(st.sampled_from(["", *WORDS])) + text[start + length :]
    return text


@bounded
@given(damaged())
def test_damaged_strategies(text: str) -> None:
    check(text)


# ── examples written otherwise ──


def cycled(draw: st.DrawFn, choices: st.SearchStrategy[str]) -> Callable[[object], str]:
    """For every match another one of a few choices, over and over: a draw for each would take minutes."""
    drawn = cycle(draw(st.lists(choices, min_size=1, max_size=11)))
    return lambda _: next(drawn)


@st.composite
def spaced(draw: st.DrawFn) -> tuple[str, str]:
    """An example without comments, and the same with other space."""
    text = draw(st.sampled_from(EXAMPLES))
    code = "\n".join(line for line in text.split("\n") if "#" not in line)
    written = re.sub(r" +", cycled(draw, st.sampled_from([" ", "  ", "\t", "     "])), code)
    written = re.sub(r"\n\n", cycled(draw, st.sampled_from(["\n\n", "\n\n\n", "\n \t\n\r\n"])), written)
    return draw(st.sampled_from(["", "\n", " \n\t"])) + written, code


@bounded
@given(spaced())
def test_an_example_with_other_space_comes_back(texts: tuple[str, str]) -> None:
    """The layout is a function of words and lines: no trace of the space before is left."""
    written, code = texts
    assert check(written) == code


@st.composite
def commented(draw: st.DrawFn) -> tuple[str, str]:
    text = draw(st.sampled_from(EXAMPLES))
    ends = st.sampled_from(["\n", "\n", "\n", " # c, ( { \" '\n", "#c\n", "\n\n  # own line\n", "\r\n"])
    return re.sub(r"\n", cycled(draw, ends), text), text


@bounded
@given(commented())
def test_comments_stay_with_their_words(texts: tuple[str, str]) -> None:
    """`check` compares line by line: a comment that changed its line would be found."""
    written, text = texts
    assert spanless(parsed(check(written))) == spanless(parsed(text))


# ── valid texts of every construct ──

NAMES = st.sampled_from(["aave", "USDC", "WETH", "x", "per", "from", "h", "token"])
NUMBERS = st.sampled_from(["1", "0.5", "1_000", "12.25", "5%", "12.5%", "25bps", "1h", "7d", "1 USD"])
SIGNED = st.tuples(st.sampled_from(["", "-", "+", "- +"]), NUMBERS).map(" ".join)


def joined(*parts: st.SearchStrategy[str] | str) -> st.SearchStrategy[str]:
    return st.tuples(*(st.just(part) if isinstance(part, str) else part for part in parts)).map(" ".join)


def listed(item: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.lists(item, max_size=3).map(" , ".join)


def _values(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    argument = st.one_of(inner, joined(NAMES, "=", inner), joined(NAMES, "=", inner, "..", inner))
    return st.one_of(
        joined(NAMES, "(", listed(argument), ")"),
        joined(NAMES, ".", NAMES, "(", listed(argument), ")"),
        joined("[", listed(inner), "]"),
        joined("(", inner, st.sampled_from(["+", "-", "*", "/"]), inner, ")"),
        joined(st.sampled_from(["-", "+"]), inner),
        joined("(", inner, ") of nav"),
    )


VALUES = st.recursive(st.one_of(NAMES, SIGNED, st.sampled_from(['"a  b"', '"#{"'])), _values, max_leaves=6)
REFERENCES = st.one_of(NAMES, joined(NAMES, ".", NAMES), joined(NAMES, "(", listed(VALUES), ")"))
RELATIONS = st.sampled_from(["<", "<=", ">", ">="])
TRUTHS = st.recursive(
    st.one_of(joined(VALUES, RELATIONS, VALUES), joined(REFERENCES, "outside band"), REFERENCES),
    lambda inner: st.one_of(
        joined("(", inner, st.sampled_from(["and", "or"]), inner, ")"), joined("not (", inner, ")")
    ),
    max_leaves=3,
)
ACTIONS = st.one_of(
    joined("deleverage", NAMES, "to health", VALUES, st.sampled_from(["", "using flash ( x )"])),
    joined("harvest", NAMES),
    joined("unwind", REFERENCES),
    joined("top_up", REFERENCES, "to", REFERENCES, NUMBERS, "from [", listed(NAMES), "]"),
    st.sampled_from(["rebalance", "rehedge using x", "freeze", "exit"]),
)
FIELDS = joined(NAMES, ":", st.one_of(VALUES, joined(SIGNED, "..", SIGNED)))
STATEMENTS = {
    "assume": st.one_of(
        joined("keeper every", NUMBERS),
        joined(REFERENCES, st.sampled_from(["moves", "stays", "in"]), SIGNED, "..", SIGNED),
        joined(REFERENCES, RELATIONS, VALUES, st.sampled_from(["", "per 1y"])),
    ),
    "allocate": st.one_of(
        joined(
            REFERENCES, ":", VALUES, st.sampled_from(["", "+- 5%", "± 12.5%", "+-5% , min 4%", ", max -4% ,min 1%"])
        ),
        joined(REFERENCES, ":", SIGNED, "..", SIGNED, "by", REFERENCES),
    ),
    "hedge": joined(REFERENCES, ":", SIGNED, "..", SIGNED, "of nav using", REFERENCES),
    "floors": TRUTHS,
    "limits": TRUTHS,
    "rules": st.one_of(joined("when", TRUTHS, "do", ACTIONS), joined("every", NUMBERS, "do", ACTIONS)),
    "exit": FIELDS,
    "fees": joined(NAMES, ":", VALUES, st.sampled_from(["", "per 1y"])),
    "roles": st.one_of(NAMES, joined(NAMES, ":", VALUES), joined("anyone after", NUMBERS)),
    "prove": st.one_of(
        joined(REFERENCES, RELATIONS, VALUES, st.sampled_from(["", "per round"])),
        REFERENCES,
        joined("survives loss of", NAMES),
        joined("invariant", NAMES, ":", TRUTHS),
    ),
    "token x": FIELDS,
}


def braced(statement: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Statements on lines of their own, or on one line."""
    ends = st.sampled_from(["\n", "\n", "\n", " ; ", " # c\n", "\n\n\n", " , "])
    lines = st.lists(st.tuples(statement, ends).map("".join), max_size=5).map("".join)
    return st.one_of(joined("{\n", lines, "}"), joined("{", lines, "}"))


PARTS = st.one_of(
    joined("base", NAMES),
    joined("venue", NAMES, "=", REFERENCES),
    joined("token", NAMES, "{", listed(FIELDS), "}"),
    *(joined(word, braced(statement)) for word, statement in STATEMENTS.items()),
)


_SIGNS = tuple("()[]:=,;{}")
GLUE = ["yes", ""]
OUTSIDE = [" ", "  ", "\t"]
INSIDE = [*OUTSIDE, "\n", "  # c\n "]


@st.composite
def strategies(draw: st.DrawFn) -> str:
    """Valid texts with any space: glued where words cannot run together, and over several lines inside brackets."""
    text = draw(joined("strategy S", braced(PARTS)))
    glue, inside, outside = (cycled(draw, st.sampled_from(gaps)) for gaps in (GLUE, INSIDE, OUTSIDE))
    depth, written = 0, ""
    for word in re.split(r' (?=[^"]*(?:"[^"]*"[^"]*)*$)', text):
        glued = not (written[-1:] + word[:1]).strip() or written[-1:] in _SIGNS or word[:1] in _SIGNS
        gap = inside(word) if depth else outside(word)
        written += ("" if glued and glue(word) else gap) + word
        depth += sum(word.count(sign) for sign in "([") - sum(word.count(sign) for sign in ")]")
    return written


@settings(max_examples=60, deadline=None)
@given(strategies())
def test_valid_strategies_mean_the_same(text: str) -> None:
    assert spanless(parsed(check(text))) == spanless(parsed(text))


def parsed(text: str) -> File:
    tree = parse(Source("any.strat", text))
    assert isinstance(tree, File), tree
    return tree


def spanless(node: object) -> object:
    """A tree without the places that its parts have in the text."""
    if isinstance(node, Span):
        return None
    inner = [spanless(one) for one in parts(node)]
    return (type(node), inner) if isinstance(node, Record | tuple) else node
