"""docs/language.md: every example is read, as a file, or in its block of a strategy that has everything."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import pytest

from stratc_dsl import Severity, Source, parse_strategies
from stratc_dsl.format import format_text

ROOT = Path(__file__).parents[2]
MANUAL = (ROOT / "docs" / "language.md").read_text("utf-8")
EVERYTHING = (ROOT / "tests" / "dsl" / "typed" / "everything.strat").read_text("utf-8")


class Example(NamedTuple):
    """An example with the block it belongs into ("" for a whole file) and the error it provokes ("" for none)."""

    block: str
    code: str
    text: str


EXAMPLES = [
    Example(block, code, text)
    for block, code, text in re.findall(r"^```strat ?(\w*) ?(\w*)\n((?:.*\n)*?)```$", MANUAL, re.MULTILINE)
]


def whole(example: Example) -> str:
    """The text to read: in its block, the example stands in the place of what stood there."""
    match example.block:
        case "":
            return example.text
        case "token":
            return EVERYTHING.replace("    base USDC\n", f"    base USDC\n{example.text}", 1)
        case "signals":
            return EVERYTHING.replace("    signals {\n", f"    signals {{\n{example.text}", 1)
        case block:
            found = re.search(rf"^    {block} +\{{(?:.*\}}$|[^}}]*\n    \}}$)", EVERYTHING, re.MULTILINE)
            assert found, f"tests/dsl/typed/everything.strat has no {block}"
            return EVERYTHING.replace(found[0], f"    {block} {{\n{example.text}    }}", 1)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda one: f"{one.block} {one.text.splitlines()[0].strip()}")
def test_example(example: Example) -> None:
    found = parse_strategies(Source("manual.strat", whole(example))).diagnostics
    errors = {one.code for one in found if one.severity is Severity.ERROR}
    if example.code:
        assert example.code in errors, found
    else:
        assert errors <= {"E0501"}, found  # a new token wants an assumption about its price


@pytest.mark.parametrize("example", [one for one in EXAMPLES if not one.block], ids=lambda one: one.text[:12])
def test_whole_files_are_in_the_layout(example: Example) -> None:
    assert format_text(Source("manual.strat", example.text)).text == example.text


def test_there_are_examples_of_every_block() -> None:
    assert {"assume", "allocate", "hedge", "floors", "rules", "signals", "roles", "limits", "fees", "prove"} <= {
        example.block for example in EXAMPLES
    }
    assert any(not example.block for example in EXAMPLES)
