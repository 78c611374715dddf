"""Everything that can be wrong with an input: one clear error, status 2, no traceback, nothing in `--out`."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from stratc.__main__ import main

ROOT = Path(__file__).parents[2]
TREASURY = (ROOT / "examples" / "treasury.strat").read_text(encoding="utf-8")


def changed(old: str, new: str) -> bytes:
    """The treasury with one change."""
    assert TREASURY.count(old) == 1
    return TREASURY.replace(old, new).encode()


CONTENTS: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "is empty"),
    "blank": (b" \n\t\n", "is empty"),
    "not UTF-8": (b"strategy X {\n    base \xff\n}\n", "byte 0xff at offset 22, on line 2"),
    "NUL bytes": (b"\0" * 100, "error[E"),
    "10 MB of braces": (b"{" * 10_000_000, "error[E"),
    "10 MB of lines of braces": (b"{\n" * 5_000_000, "error[E"),
    "20 MB": (b"#" * 20_000_000, "larger than 16 MB"),
    "only a comment": (b"# nothing here\n", "no strategy"),
    "unknown venue": (changed("erc4626(asset=USDC)", "compound(asset=USDC)"), "compound"),
    "undeclared token": (changed("idle(USDC):            20%", "idle(DAI):             20%"), "DAI"),
    "targets sum to 97%": (changed("save:                  25%", "save:                  22%"), "97%"),
    "a floor no target satisfies": (changed("idle(USDC) >= 5% of nav", "idle(USDC) >= 25% of nav"), "25%"),
}

SLOW = {("verify", "10 MB of lines of braces"), ("build", "10 MB of lines of braces")}


@pytest.mark.parametrize(
    ("command", "case"),
    [
        # Each of the commands reads in the same way, and this takes seconds of each.
        pytest.param(command, case, marks=[pytest.mark.long] if (command, case) in SLOW else [])
        for command in ("check", "verify", "build")
        for case in CONTENTS
    ],
)
def test_bad_contents(case: str, command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    contents, expected = CONTENTS[case]
    file = tmp_path / "bad.strat"
    file.write_bytes(contents)
    assert_refused(command, str(file), expected, tmp_path / "out", capsys)


def missing(folder: Path) -> Path:
    return folder / "missing.strat"


def directory(folder: Path) -> Path:
    return folder


def nul_in_the_name(folder: Path) -> Path:
    return folder / "a\0b.strat"


def below_a_file(folder: Path) -> Path:
    (folder / "file").write_text("x")
    return folder / "file" / "x.strat"


FILES: list[tuple[Callable[[Path], Path], str]] = [
    (missing, "no such file"),
    (directory, "is a directory"),
    (nul_in_the_name, "cannot be read"),
    (below_a_file, "cannot be read"),
]


@pytest.mark.parametrize(("make", "expected"), FILES)
@pytest.mark.parametrize("command", ["check", "verify", "build"])
def test_bad_files(
    make: Callable[[Path], Path], expected: str, command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert_refused(command, str(make(tmp_path)), expected, tmp_path / "out", capsys)


def assert_refused(command: str, file: str, expected: str, out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The command says one error with the expected words, ends with 2 and writes nothing."""
    options = ["--out", str(out)] if command == "build" else []
    assert main([command, file, *options]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert expected in said.err
    assert said.err.count("error[") == 1, said.err
    assert len(said.err) < 3_000
    assert not out.exists()


def test_a_good_file_beside_a_bad_one_is_not_built(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good = ROOT / "examples" / "treasury.strat"
    assert main(["build", str(good), str(tmp_path / "missing.strat"), "--out", str(tmp_path / "out")]) == 2
    assert not (tmp_path / "out").exists()


def test_every_bad_file_of_a_run_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(tmp_path / "a.strat"), str(tmp_path / "b.strat")]) == 2
    said = capsys.readouterr().err
    assert "a.strat" in said
    assert "b.strat" in said


@pytest.mark.parametrize("case", ["10 MB of braces", "not UTF-8"])
def test_no_traceback_from_the_real_command(case: str, tmp_path: Path) -> None:
    file = tmp_path / "bad.strat"
    file.write_bytes(CONTENTS[case][0])
    done = subprocess.run([sys.executable, "-m", "stratc", "verify", str(file)], capture_output=True, text=True)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("error[E")
