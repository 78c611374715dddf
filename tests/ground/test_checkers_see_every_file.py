"""A checker that reads fewer files than there are reports success all the same. So: count."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

from ground.tree import ROOT, files, sources

BIN = Path(sys.executable).parent


def run(*command: str) -> str:
    """Standard output of a tool of this environment; fails the test with all it said where the tool fails."""
    done = subprocess.run([str(BIN / command[0]), *command[1:]], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_there_is_something_to_check() -> None:
    roots = {name.split("/")[0] for name in sources()}
    assert roots == {"cli", "dsl", "compiler", "targets", "checker"}


def test_mypy_checks_every_source_file() -> None:
    said = run("mypy")
    counted = re.search(r"no issues found in (\d+) source files", said)
    assert counted, said
    assert int(counted[1]) == len(sources())


def test_mypy_is_strict_on_all_of_it() -> None:
    mypy = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["mypy"]
    assert mypy["strict"] is True
    loosened = [module for override in mypy.get("overrides", ()) for module in override["module"]]
    assert [module for module in loosened if "stratc" in module or module == "*"] == []


def test_ruff_checks_every_python_file() -> None:
    seen = {
        Path(line).relative_to(ROOT).as_posix()
        for line in run("ruff", "check", "--show-files", ".").split("\n")
        if line
    }
    assert {name for name in files() if name.endswith(".py")} <= seen


def test_import_linter_analyses_every_source_file() -> None:
    said = run("lint-imports", "--no-logo", "--no-cache")
    counted = re.search(r"Analyzed (\d+) files", said)
    assert counted, said
    assert int(counted[1]) == len(sources())
    assert "layers KEPT" in said
