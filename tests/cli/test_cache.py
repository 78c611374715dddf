"""The cache on disk: nobody notices it but by the time, whatever state it is in."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from cli.examples import FOLDER, IDLE, TREASURY, tree
from stratc import cache as disk
from stratc.__main__ import main
from stratc.cache import Cache

REFUTED = str(FOLDER / "refuted" / "exit_promise.strat")
STRATC = (sys.executable, "-m", "stratc")
LOADS_NO_SOLVER = """
import sys
from stratc.__main__ import main
status = main(sys.argv[1:])
print({"z3", "numpy", "highspy", "multiprocessing"} & set(sys.modules), file=sys.stderr)
sys.exit(status)
"""


def verify(file: str, **environment: str) -> tuple[int, Any]:
    """The command as a process of its own: its status, and what it says but for the time."""
    command = [*STRATC, "verify", "--format", "json", file]
    done = subprocess.run(command, env=os.environ | environment, capture_output=True, text=True)
    assert done.stderr == ""
    document = json.loads(done.stdout)
    for strategy in document["files"][0]["strategies"]:
        del strategy["seconds"]
    return done.returncode, document


@pytest.fixture
def cached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for the cache of this test."""
    folder = tmp_path / "cache"
    monkeypatch.setenv(disk.VARIABLE, str(folder))
    return folder


@pytest.mark.parametrize(("file", "status"), [(TREASURY, 0), (REFUTED, 1)])
def test_the_second_run_says_the_same_and_loads_no_solver(file: str, status: int, cached: Path) -> None:
    first = verify(file)
    left = tree(cached)
    assert left
    assert first[0] == status
    assert verify(file) == first
    done = subprocess.run([sys.executable, "-c", LOADS_NO_SOLVER, "verify", file], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (status, "set()\n")
    assert tree(cached) == left


@pytest.mark.long
def test_what_is_built_from_the_cache_is_the_same_to_the_byte(cached: Path, tmp_path: Path) -> None:
    for out in ("first", "second"):
        assert main(["build", IDLE, "--out", str(tmp_path / out)]) == 0
    assert tree(tmp_path / "first") == tree(tmp_path / "second")
    assert tree(cached)


def test_two_processes_at_once(cached: Path) -> None:
    command = [*STRATC, "verify", TREASURY]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(2)]
    said = [one.communicate() for one in both]
    assert [one.returncode for one in both] == [0, 0], said
    assert all(name.endswith(".json") for name in tree(cached))
    left = tree(cached)
    assert verify(TREASURY)[0] == 0
    assert tree(cached) == left


def test_no_cache_where_none_is_wanted(tmp_path: Path) -> None:
    assert verify(TREASURY, STRATC_CACHE_DIR="", XDG_CACHE_HOME=str(tmp_path))[0] == 0
    assert not tree(tmp_path)


@pytest.mark.parametrize("place", ["/dev/null", "/dev/null/x", "/proc/stratc", "file", "file/x"])
def test_a_place_that_takes_nothing_is_no_error(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("mine")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(disk, "_folder", lambda: place)
    assert main(["verify", IDLE]) == 0
    assert capsys.readouterr().err == ""
    assert tree(tmp_path) == {"file": b"mine"}


def test_where_it_lies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv(disk.VARIABLE, "here")
    assert disk._folder() == "here"
    monkeypatch.setenv(disk.VARIABLE, "")
    assert disk._folder() is None
    monkeypatch.delenv(disk.VARIABLE)
    monkeypatch.setenv("XDG_CACHE_HOME", "/var/caches")
    assert disk._folder() == "/var/caches/stratc"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")  # which the specification asks to ignore
    monkeypatch.setenv("HOME", str(tmp_path))
    assert disk._folder() == str(tmp_path / ".cache" / "stratc")
    monkeypatch.setenv("HOME", str(tmp_path / "gone"))
    assert disk._folder() is None


def test_an_engine_that_was_changed_asks_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "package"
    folder.mkdir()
    (folder / "one.py").write_text("x = 1\n")

    package = ModuleType("package")
    package.__path__ = [str(folder)]
    monkeypatch.setattr(disk, "ENGINE", (package,))
    before = disk.engine()
    kept = Cache(str(tmp_path / "cache"), before)
    kept.remember("question", b"answer")
    assert Cache(kept.folder, disk.engine()).recall("question") == b"answer"
    (folder / "one.py").write_text("x = 2\n")
    assert Cache(kept.folder, disk.engine()).recall("question") is None
    (folder / "one.py").write_text("x = 1\n")
    assert disk.engine() == before
    monkeypatch.setattr(disk, "_versions", lambda: ["z3_solver-0.dist-info"])
    assert disk.engine() != before


def test_the_engine_is_the_code_that_finds_and_checks_with_its_solvers() -> None:
    modules = {name for package in disk.ENGINE for name, _ in disk._modules(package.__path__[0])}
    assert {"prove.py", "search.py", "smtlib.py", "proof.py", "query.py"} <= modules
    assert [name.partition("-")[0] for name in disk._versions()] == sorted(disk.SOLVERS)


def test_what_lies_there_instead_of_an_entry_stops_nobody(tmp_path: Path) -> None:
    kept = Cache(str(tmp_path), "engine")
    path = Path(kept._path("question"))
    assert kept.recall("question") is None
    os.mkfifo(path)
    assert kept.recall("question") in (None, b"")
    path.unlink()
    path.mkdir()
    assert kept.recall("question") is None
    path.rmdir()
    path.symlink_to("/dev/zero")
    assert kept.recall("question") is None
    path.unlink()
    path.symlink_to(path)
    assert kept.recall("question") is None


def test_what_was_not_used_for_longest_makes_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk, "MOST", 25)
    (tmp_path / "mine.json").write_bytes(b"x" * 100)
    for age, key in enumerate("abcd"):
        kept = Cache(str(tmp_path), "engine")
        kept.remember(key, b"x" * 10)
        os.utime(kept._path(key), (age, age))
    (tmp_path / f"{'0' * 64}.12345678.tmp").write_bytes(b"x" * 10)  # of a process that was killed
    os.utime(tmp_path / f"{'0' * 64}.12345678.tmp", (0, 0))
    assert kept.recall("a") == b"x" * 10  # which is a use
    kept.tidy()
    assert [key for key in "abcd" if kept.recall(key)] == ["a", "d"]
    assert len(tree(tmp_path)) == 3
    assert (tmp_path / "mine.json").exists()


def test_a_run_that_is_stopped_while_it_writes_leaves_nothing_behind(
    cached: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", stop)
    assert main(["verify", TREASURY]) == 130
    assert tree(cached) == {}
    assert verify(TREASURY)[0] == 0
