"""docs/grammar.md is what dsl/stratc_dsl/grammar.lark says. `STRATC_UPDATE_GOLDEN=1` writes it."""

from __future__ import annotations

import re
from pathlib import Path

from manual.corpus import UPDATE
from manual.ebnf import ebnf
from stratc_dsl.parse import keywords

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "grammar.md"
GRAMMAR = (ROOT / "dsl" / "stratc_dsl" / "grammar.lark").read_text("utf-8")

INTRODUCTION = """\
# The grammar

Made from `dsl/stratc_dsl/grammar.lark`, which the parser runs on; [language.md](language.md) says what it all means.
`?` is at most once, `*` any number of times, `+` at least once; signs and words in quotes stand for themselves, and
`/../` is a regular expression. A word is a keyword only where the grammar has it; anywhere else it is a NAME.

`NL`, the end of a line, does not count inside `( )` and `[ ]`. Space, tabs and comments (`#` to the end of the line)
may stand between any two words, and a byte order mark before the first. Where two terminals fit, a COMMA_MIN or
COMMA_MAX goes before a comma, and a RATIO or DURATION before a NUMBER.
"""


def page() -> str:
    sections = (f"\n## {heading.capitalize()}\n```\n{rules}\n```\n" for heading, rules in ebnf(GRAMMAR))
    return INTRODUCTION + "".join(sections)


def test_the_page_is_what_the_grammar_says() -> None:
    if UPDATE:
        PAGE.write_text(page(), "utf-8")
    assert PAGE.read_text("utf-8") == page()


def test_the_page_follows_the_grammar() -> None:
    changed = GRAMMAR.replace('"harvest" name', '"harvest" name ("and" name)* using')
    assert changed != GRAMMAR
    rules = "\n".join(rules for _, rules in ebnf(changed))
    assert re.search(r'harvest +::= "harvest" name \("and" name\)\* using\n', rules)


def test_everything_on_the_page_is_defined_and_nothing_is_left_out() -> None:
    rules = "\n".join(rules for _, rules in ebnf(GRAMMAR))
    defined = re.findall(r"^(\w+)(?:\((\w+)\))? +::=", rules, re.MULTILINE)
    names = {name for pair in defined for name in pair if name}
    mentioned = set(re.findall(r"\w+", re.sub(r'"[^"]*"|/.*/', "", rules)))
    assert mentioned == names
    assert set(re.findall(r'"(\w+)"', rules)) == keywords()
