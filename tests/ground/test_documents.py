"""A path that a document names exists: the drawings of a house must show that house."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

import pytest

from ground.tree import ROOT, files

DOCUMENTS = tuple(
    file for file in files() if file.endswith(".md") and (file.count("/") == 0 or file.startswith("docs/"))
)

QUOTED = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
WORD = re.compile(r"[\w.][\w./-]*")

MADE = {"build", "dist", ".venv", "node_modules", "Vault.vy", "Actions.vy", "book.vy", "actions_code.vy"}
"""What tools make, and a build: documents speak of it, no clone has it."""

CODE = {".py", ".lark", ".vy", ".j2", ".toml", ".md", ".strat"}
"""A bare file name with one of these endings names a file of the project."""


def known() -> set[str]:
    """Every file and folder of the project, and every tail of their paths: `venues/erc4626` is one."""
    paths = {PurePosixPath(file) for file in files()}
    whole = paths | {parent for path in paths for parent in path.parents if parent.parts}
    return {"/".join(path.parts[start:]) for path in whole for start in range(len(path.parts))}


def is_path(word: str, top: set[str]) -> bool:
    """True iff a word of a document claims that the project has such a path."""
    path = PurePosixPath(word)
    if not path.parts or path.parts[0] in MADE or any(part.isupper() and "." not in part for part in path.parts):
        return False  # made by a tool, or a placeholder such as `venues/NAME/`
    return path.parts[0] in top if len(path.parts) > 1 else path.suffix in CODE


def named(text: str) -> set[str]:
    """Every path that a document names in backquotes, in fenced blocks or as the target of a link."""
    fenced = "\n".join(text.split("```")[1::2])
    prose = "".join(text.split("```")[0::2])
    words = {word for quoted in QUOTED.findall(prose) for word in WORD.findall(quoted)}
    top = {file.split("/")[0] for file in files()}
    inline = {word.rstrip("./") for word in words if is_path(word.rstrip("./"), top)}
    blocks = {word.rstrip("./") for word in WORD.findall(fenced) if "/" in word and is_path(word.rstrip("./"), top)}
    links = {target.rstrip("/") for target in LINK.findall(prose) if "://" not in target}
    return inline | blocks | links


@pytest.mark.parametrize("document", DOCUMENTS)
def test_paths_that_a_document_names_exist(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    assert named(text) - known() == set()


def test_a_wrong_path_would_be_found() -> None:
    text = "See `cli/stratc/nowhere.py`, [this](docs/none.md).\n```\nstratc check examples/none.strat\n```\n`lost.py`"
    assert named(text) - known() == {"cli/stratc/nowhere.py", "docs/none.md", "examples/none.strat", "lost.py"}
