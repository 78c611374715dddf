"""`stratc new`: what it writes verifies without a warning, and nothing is ever replaced."""

from __future__ import annotations

import os
from errno import ENOSPC
from pathlib import Path

import pytest

from stratc import replace
from stratc.__main__ import main


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_starter_verifies(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new", "FirstVault"]) == 0
    assert capsys.readouterr().out == "written to first_vault.strat; now: stratc verify first_vault.strat\n"
    assert main(["verify", "--deny", "warnings", "first_vault.strat"]) == 0
    said = capsys.readouterr()
    assert said.err == ""
    assert said.out.count("\n  proved ") == 10


def test_a_file_is_never_replaced(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "mine.strat").write_text("mine")
    assert main(["new", "Mine"]) == 2
    assert "mine.strat exists already" in capsys.readouterr().err
    assert (here / "mine.strat").read_text() == "mine"


@pytest.mark.parametrize("name", ["", "a b", "../up", "1st", "x" * 65, "é"])
def test_a_name_that_is_none(name: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new", name]) == 2
    assert "is no name of a strategy" in capsys.readouterr().err
    assert list(here.iterdir()) == []


def test_a_folder_that_is_gone(here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    (here / "gone").mkdir()
    monkeypatch.chdir(here / "gone")
    (here / "gone").rmdir()
    assert main(["new", "Late"]) == 2
    assert "late.strat cannot be written" in capsys.readouterr().err


def test_nothing_is_half_written(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(text: str) -> bytes:
        raise OSError(ENOSPC, os.strerror(ENOSPC))

    monkeypatch.setattr(replace, "_bytes", full)
    assert main(["new", "Late"]) == 2
    assert capsys.readouterr().err == "error: late.strat cannot be written: No space left on device\n"
    assert list(here.iterdir()) == []
