"""docs/erc4626.md is what the table says: every sentence has a test, every test that is named exists.

`STRATC_UPDATE_GOLDEN=1` writes the tables.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

from erc4626.sentences import CHAPTERS
from manual.corpus import UPDATE

HERE = Path(__file__).resolve().parent
PAGE = HERE.parents[1] / "docs" / "erc4626.md"
SENTENCES = tuple(one for chapter in CHAPTERS.values() for one in chapter)


def defined(folder: Path) -> set[str]:
    """Every test of a folder but the ones of this page."""
    files = [file for file in folder.glob("test_*.py") if file != Path(__file__)]
    trees = [ast.parse(file.read_text(encoding="utf-8")) for file in files]
    functions = (node for tree in trees for node in tree.body if isinstance(node, ast.FunctionDef))
    return {node.name for node in functions if node.name.startswith("test_")}


def tables() -> str:
    """The chapters as Markdown."""
    lines = []
    for heading, sentences in CHAPTERS.items():
        lines += [f"### {heading}", "| sentence | short | tests | choice |", "| --- | --- | --- | --- |"]
        for one in sentences:
            tests = ", ".join(f"`{test}`" for test in one.tests)
            lines.append(f"| {one.id} | {one.quote} | {tests} | {one.choice} |")
        lines.append("")
    return "\n".join(lines)


def test_the_page_is_what_the_table_says() -> None:
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition("<!-- sentences -->\n")
    _, mark, after = rest.partition("<!-- end -->")
    wanted = f"{before}<!-- sentences -->\n{tables()}{mark}{after}"
    if UPDATE:
        PAGE.write_text(wanted, encoding="utf-8")
    assert mark
    assert wanted == text or UPDATE


def test_every_sentence_stands_once_and_has_a_test() -> None:
    assert len({one.id for one in SENTENCES}) == len(SENTENCES)
    assert all(one.tests for one in SENTENCES)


def test_every_test_that_is_named_exists_and_every_property_is_named() -> None:
    named = set(re.findall(r"`(test_\w+)`", PAGE.read_text(encoding="utf-8")))
    ours = defined(HERE)
    assert named - ours - defined(HERE.parent / "vyper_target") == set()
    assert ours - named == set()


def test_every_choice_is_explained_and_made_somewhere() -> None:
    explained = re.findall(r"^- \*\*(.+?)\.\*\*", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(explained) == sorted({one.choice for one in SENTENCES if one.choice})
