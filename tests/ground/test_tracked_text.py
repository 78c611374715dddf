"""No tracked file names a package registry: pins are names, versions and hashes; every machine has its own mirror."""

from __future__ import annotations

import re
import tomllib

from ground.tree import ROOT, files

REGISTRY = re.compile(
    rb"https?://[a-z0-9.-]*(?:pypi|pythonhosted|npmjs|yarnpkg|crates\.io|deb\.debian)"
    rb"|registry\.(?:npm|yarn)|(?:extra-)?index-url|find-links",
    re.IGNORECASE,
)
PIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*==[0-9][A-Za-z0-9.+]*")

THIS_FILE = "tests/ground/test_tracked_text.py"


def test_no_file_names_a_registry() -> None:
    found = [
        f"{file}: {match[0].decode()}"
        for file in files()
        if file != THIS_FILE and (match := REGISTRY.search((ROOT / file).read_bytes()))
    ]
    assert found == []


def test_constraints_are_exact_pins_and_nothing_else() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line and not line.startswith("#") and not PIN.fullmatch(line)] == []


def test_every_declared_requirement_is_pinned() -> None:
    """A requirement without a pin would be another version on another day."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = [
        *project["dependencies"],
        *(one for extra in project["optional-dependencies"].values() for one in extra),
    ]
    pins = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    assert {name(one) for one in declared} - {name(line) for line in pins} == {"stratc"}


def name(requirement: str) -> str:
    """The distribution that a requirement names, as installers compare names."""
    return re.sub(r"[-_.]+", "-", re.split(r"[<>=~\[]", requirement)[0]).lower()
