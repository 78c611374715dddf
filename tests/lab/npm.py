"""Where the npm packages of the laboratory are (tests/npm, installed by `make setup`)."""

from __future__ import annotations

from pathlib import Path

NODE_MODULES = Path(__file__).resolve().parents[1] / "npm" / "node_modules"


class PackagesMissing(RuntimeError):
    """The npm packages are not installed. An error and not a skip: a suite that skips its venues proves nothing."""


def package(name: str) -> Path:
    """The folder of an installed npm package, or PackagesMissing."""
    folder = NODE_MODULES / name
    if not folder.is_dir():
        raise PackagesMissing(
            f"npm package {name} is not installed: run `make setup` "
            "(or `npm ci --ignore-scripts` in tests/npm), then run the tests again"
        )
    return folder
