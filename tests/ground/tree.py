"""What stands in the working tree, as git sees it: tracked files and new ones that are not ignored."""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

PACKAGES = (
    "cli/stratc",
    "dsl/stratc_dsl",
    "compiler/stratc_compiler",
    "targets/stratc_targets",
    "checker/stratc_checker",
)
"""The four source roots with their one package each."""


@cache
def files() -> tuple[str, ...]:
    """Every file of the project, relative to its root, with forward slashes."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    return tuple(sorted({name for name in names if name and (ROOT / name).is_file()}))


def shipped() -> tuple[str, ...]:
    """The files that belong into the wheel."""
    return tuple(name for name in files() if name.startswith(tuple(f"{package}/" for package in PACKAGES)))


def sources() -> tuple[str, ...]:
    """The Python files of the four packages."""
    return tuple(name for name in shipped() if name.endswith(".py"))
