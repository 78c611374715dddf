"""Whatever the text, the answer is strategies or diagnostics that can be printed: never an exception."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stratc_dsl import ParseResult, Severity, Source, diagnostic_to_json, parse_strategies, render_diagnostic

EXAMPLE = (Path(__file__).parents[2] / "examples" / "eth_carry.strat").read_text()
WORDS = sorted({word for word in EXAMPLE.replace("(", " ( ").replace(")", " ) ").split(" ") if word} | {"\n", "}", "["})

EVERYTHING = (Path(__file__).parent / "typed" / "everything.strat").read_text()

ANY_TEXT = st.text(st.characters(exclude_categories=()))
bounded = settings(max_examples=60, deadline=None)


def answer(text: str) -> ParseResult:
    source = Source("any.strat", text)
    result = parse_strategies(source)
    assert bool(result.strategies) != any(one.severity is Severity.ERROR for one in result.diagnostics)
    for diagnostic in result.diagnostics:
        render_diagnostic(diagnostic, source).encode()
        json.dumps(diagnostic_to_json(diagnostic, source))
        for label in (diagnostic.primary, *diagnostic.secondary):
            assert label.span.end <= len(text) + 1
    return result


@bounded
@given(st.binary())
def test_bytes(data: bytes) -> None:
    answer(data.decode(errors="surrogateescape"))


@bounded
@given(ANY_TEXT)
def test_text(text: str) -> None:
    answer(text)


@bounded
@given(st.lists(st.sampled_from(WORDS), max_size=60))
def test_words_of_the_language_in_any_order(words: list[str]) -> None:
    answer(" ".join(words))
    answer(f"strategy S {{ {' '.join(words)}")


@bounded
@given(st.integers(0, len(EXAMPLE)), st.integers(0, 40), st.one_of(ANY_TEXT, st.sampled_from(WORDS)))
def test_example_with_a_piece_replaced(start: int, length: int, piece: str) -> None:
    answer(EXAMPLE[:start] + piece + EXAMPLE[start + length :])


@bounded
@given(st.lists(st.integers(0, EXAMPLE.count("\n")), max_size=6))
def test_example_without_some_lines(dropped: list[int]) -> None:
    answer("\n".join(line for number, line in enumerate(EXAMPLE.split("\n")) if number not in dropped))


@bounded
@given(st.integers(0, len(EVERYTHING)), st.integers(0, 40), st.one_of(ANY_TEXT, st.sampled_from(WORDS)))
def test_the_whole_language_with_a_piece_replaced(start: int, length: int, piece: str) -> None:
    answer(EVERYTHING[:start] + piece + EVERYTHING[start + length :])


@bounded
@given(st.lists(st.integers(0, EVERYTHING.count("\n")), max_size=6))
def test_the_whole_language_without_some_lines(dropped: list[int]) -> None:
    answer("\n".join(line for number, line in enumerate(EVERYTHING.split("\n")) if number not in dropped))


@pytest.mark.parametrize("cut", range(0, len(EXAMPLE), 31))
def test_example_cut_off(cut: int) -> None:
    """Only the last brace completes it."""
    assert answer(EXAMPLE[:cut]).diagnostics


@pytest.mark.parametrize(
    "sign", ["{", "}", "(", "[", "not ", "-", "\0", '"', "{\n", "}\n", "\n", "#", "x", "9", "\ud800", "é"]
)
@pytest.mark.parametrize(
    ("times", "before"),
    [
        *((1_000, before) for before in ("", "strategy S { floors { ", "strategy S { base ")),
        (240_000, "strategy S { floors { "),
        *(pytest.param(240_000, before, marks=pytest.mark.long) for before in ("", "strategy S { base ")),
    ],
)
def test_repetition_is_answered(sign: str, before: str, times: int) -> None:
    """What grew with the square of the length would not end before the limit of any test."""
    assert answer(before + sign * times).diagnostics


def test_ten_megabytes_of_braces() -> None:
    assert [diagnostic.code for diagnostic in answer("{" * 10_000_000).diagnostics] == ["E0101"]


def test_only_the_first_hundred_errors_are_told() -> None:
    floors = "\n".join(f"price(T{number}) >= 1 USD" for number in range(3_000))
    codes = [diagnostic.code for diagnostic in answer(f"strategy S {{ floors {{ {floors} }} }}").diagnostics]
    assert len(codes) == 101
    assert codes[-1] == "E0003"


def test_deep_nesting_after_each_limit() -> None:
    """The largest text within the limits does not exhaust recursion either."""
    nested = "(" * 32 + "not " * 30 + "-" * 30 + "nav" + ")" * 32
    assert {diagnostic.code for diagnostic in answer(f"strategy S {{ floors {{ {nested} }} }}").diagnostics} == {
        "E0401",
        "E0303",
    }
    calls = "weight(" * 31 + "nav" + ")" * 31
    assert answer(f"strategy S {{ floors {{ {calls} >= 1 }} }}").diagnostics
