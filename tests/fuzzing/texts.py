"""Texts to attack the language with: by its grammar, by mutation of what is valid, and by bytes."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from functools import cache
from pathlib import Path

from hypothesis import strategies as st
from hypothesis.extra.lark import from_lark
from lark import Lark
from lark.lexer import PatternStr

from stratc_compiler.errors import Unsupported
from stratc_compiler.model import build_vault
from stratc_dsl import Severity, Source, diagnostic_to_json, parse_strategies, render_diagnostic
from stratc_targets.venues import venue_factories

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "dsl" / "stratc_dsl" / "grammar.lark").read_text("utf-8")
STATEMENTS = {
    "assume": ["keeper", "moves", "stays", "within", "bound"],
    "allocate": ["target"],
    "floors": ["floor"],
    "rules": ["when", "every"],
    "prove": ["claim", "survives", "invariant"],
    "hedge": ["sensitivity"],
    "limits": ["floor"],
    "fees": ["fee"],
    "roles": ["role", "anyone"],
    "": ["token", "venue", "base", "signal"],
}
STARTS = ["file", *sorted({rule for rules in STATEMENTS.values() for rule in rules})]
# Blanks alone: what is ignored besides would be most of what is drawn.
GRAMMAR = Lark(re.sub(r"%ignore .*", "", TEXT) + '\n%ignore " "\n', parser="lalr", start=STARTS)
VALID = [path.read_text("utf-8") for path in sorted((ROOT / "examples").rglob("*.strat"))]
TYPED = [path.read_text("utf-8") for path in sorted((ROOT / "tests" / "dsl" / "typed").rglob("*.strat"))]
KNOWN = "USDC WETH aave save dex nav health ltv leverage idle weight value price collateral debt slippage loss"
MORE = "aave_v3 erc4626 uniswap_v3 chainlink decimals asset fee order USD solvent safe rate delta perp signal"

NAMES = st.sampled_from(f"{KNOWN} {MORE}".split())
NUMBERS = st.one_of(
    st.integers(0, 200).map(str), st.decimals(0, 9, places=3).map(lambda one: f"{one:f}"), st.just("1_000_000")
)

TERMINALS = {
    "BAD": st.just("oops"),
    "NAME": NAMES,
    "NUMBER": NUMBERS,
    "RATIO": NUMBERS.map(lambda one: f"{one}%"),
    "STRING": st.sampled_from(['"USDC/USD"', '""', '"é"']),
    "DURATION": st.sampled_from(["1h", "0s", "1y", "24h"]),
}


@cache
def _of(rule: str) -> st.SearchStrategy[str]:
    """What the rule allows; names are mostly those that mean something."""
    terminals, rules, _ = GRAMMAR.grammar.compile([rule], ())
    reached = {symbol.name for one in rules for symbol in one.expansion}
    words = {one.name: st.just(f" {one.pattern.value} ") for one in terminals if isinstance(one.pattern, PatternStr)}
    drawn = {name: one.map(lambda word: f"{word} ") for name, one in TERMINALS.items() if name in reached}
    return from_lark(
        GRAMMAR, start=rule, explicit={name: one for name, one in words.items() if name in reached} | drawn
    )


@st.composite
def by_grammar(draw: st.DrawFn) -> str:
    """Anything that the grammar allows; or a valid strategy with such statements put into its blocks."""
    if draw(st.integers(0, 4)) == 0:
        return draw(_of("file"))
    text = draw(st.sampled_from(VALID) | st.sampled_from(TYPED))
    for _ in range(draw(st.integers(1, 3))):
        block = draw(st.sampled_from(sorted(STATEMENTS)))
        statement = draw(_of(draw(st.sampled_from(STATEMENTS[block]))))
        opening = f"    {block} {{\n" if block else "    base USDC\n"
        if opening in text:
            text = text.replace(opening, f"{opening}{statement}\n", 1)
        else:
            text = text.replace("    base USDC\n", f"    base USDC\n{block} {{ {statement} }}\n", 1)
    return text


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """A valid text with pieces cut out, doubled, swapped or replaced by words of the language."""
    text = draw(st.sampled_from(VALID) | st.sampled_from(TYPED))
    for _ in range(draw(st.integers(1, 6))):
        lines = text.split("\n")
        here, there = draw(st.integers(0, len(lines) - 1)), draw(st.integers(0, len(lines) - 1))
        words = lines[here].split(" ")
        place = draw(st.integers(0, len(words) - 1))
        match draw(st.integers(0, 5)):
            case 0:
                del lines[here]
            case 1:
                lines.insert(here, lines[there])
            case 2:
                lines[here], lines[there] = lines[there], lines[here]
            case 3:
                words[place] = draw(NAMES | NUMBERS)
                lines[here] = " ".join(words)
            case 4:
                lines[here] = lines[here].replace(words[place], draw(st.text(max_size=4)), 1)
            case _:
                lines[here] += draw(st.sampled_from(list("{}()[],;#\"'%<>=.+-*/\t\r\0")))
        text = "\n".join(lines) or "x"
    return text


BYTES = st.binary(max_size=400).map(lambda data: data.decode(errors="surrogateescape"))

TEXTS = {"grammar": by_grammar(), "mutation": mutated(), "bytes": BYTES}


def attack(text: str) -> None:
    """Raises where the answer to a text is not strategies, or errors that can be told; or where a model is neither."""
    source = Source("attack.strat", text)
    result = parse_strategies(source)
    assert bool(result.strategies) != any(one.severity is Severity.ERROR for one in result.diagnostics)
    for diagnostic in result.diagnostics:
        render_diagnostic(diagnostic, source).encode("utf-8", "backslashreplace")
        json.dumps(diagnostic_to_json(diagnostic, source))
    for strategy in result.strategies:
        with suppress(Unsupported):
            build_vault(strategy, source, venue_factories(strategy))
