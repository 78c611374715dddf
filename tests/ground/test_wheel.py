"""The wheel holds exactly the files of the four packages, grammar, templates and contracts included, and runs alone."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from ground.tree import PACKAGES, ROOT, shipped


def build(project: Path, kind: str, into: Path) -> Path:
    """Build one distribution in the environment that runs the tests: no network, no isolation."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", str(into)]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return next(into.iterdir())


def contents(wheel: Path) -> set[str]:
    """The files of a wheel, without its metadata."""
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if ".dist-info/" not in name}


def expected() -> set[str]:
    return {name.split("/", 1)[1] for name in shipped()}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(ROOT, "wheel", tmp_path_factory.mktemp("wheel"))


def test_wheel_holds_what_the_packages_hold(wheel: Path) -> None:
    assert contents(wheel) == expected()


def test_wheel_holds_the_type_markers(wheel: Path) -> None:
    assert {f"{package.split('/')[1]}/py.typed" for package in PACKAGES} <= contents(wheel)


def test_wheel_names_its_command_and_licence(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        metadata = {
            Path(name).name: archive.read(name).decode() for name in archive.namelist() if ".dist-info/" in name
        }
    assert "stratc = stratc.__main__:main" in metadata["entry_points.txt"]
    assert "Apache License" in metadata["LICENSE"]


def test_wheel_from_the_source_distribution_is_the_same(tmp_path: Path) -> None:
    packed = build(ROOT, "sdist", tmp_path / "sdist")
    with tarfile.open(packed) as archive:
        archive.extractall(tmp_path / "unpacked", filter="data")
    (project,) = (tmp_path / "unpacked").iterdir()
    assert contents(build(project, "wheel", tmp_path / "wheel")) == expected()


def test_wheel_runs_outside_the_tree(wheel: Path, tmp_path: Path) -> None:
    """Every package is imported from the unpacked wheel: PYTHONPATH comes before the editable install."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    strategy = tmp_path / "carry.strat"
    strategy.write_bytes((ROOT / "examples" / "eth_carry.strat").read_bytes())
    script = (
        "import sys, stratc, stratc_dsl, stratc_compiler, stratc_targets\n"
        f"assert all(m.__file__.startswith({str(tmp_path)!r}) for m in "
        "(stratc, stratc_dsl, stratc_compiler, stratc_targets))\n"
        "from stratc.__main__ import main\n"
        "sys.exit(main(['check', 'carry.strat']))\n"
    )
    environment = os.environ | {"PYTHONPATH": str(tmp_path / "site")}
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
