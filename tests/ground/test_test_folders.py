"""The folders of tests/ stand on the import path: none may hide a library, as tests/vyper/__init__.py would."""

from __future__ import annotations

import sys
from importlib.machinery import PathFinder
from pathlib import Path

from ground.tree import ROOT, files


def test_no_folder_or_module_of_tests_hides_a_library() -> None:
    inside = [name.split("/")[1] for name in files() if name.startswith("tests/") and name.endswith(".py")]
    libraries = [str(path) for path in map(Path, sys.path) if path != ROOT / "tests" and path != ROOT]
    hidden = {
        name
        for name in {Path(one).stem for one in inside}
        if (spec := PathFinder.find_spec(name, libraries)) is not None and spec.origin is not None
    }
    assert hidden == set()
