"""`stratc fmt`: which files it finds, what it changes, what it only tells, and that a file is never half written."""

from __future__ import annotations

import io
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from stratc import fmt, replace
from stratc.__main__ import main
from stratc_dsl.format import Formatted

EXAMPLES = Path(__file__).parents[2] / "examples"
TIDY = "strategy S {\n    base USDC\n}\n"
UNTIDY = "strategy  S{\nbase USDC}\n"
UNTIDY_FORMATTED = "strategy S {\n    base USDC }\n"
BROKEN = "strategy  S {\n base   USDC\n floor   s\n}\n"
BROKEN_FORMATTED = "strategy S {\n    base USDC\n    floor   s\n}\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def put(name: str, text: str) -> Path:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())
    return path


def text_of(path: Path) -> str:
    return path.read_bytes().decode()


def feed(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))


def test_the_examples_are_in_the_layout(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fmt", "--check", str(EXAMPLES)]) == 0
    assert capsys.readouterr() == ("", "")


@pytest.mark.usefixtures("folder")
def test_a_new_strategy_is_in_the_layout() -> None:
    assert main(["new", "EthCarry"]) == 0
    assert main(["fmt", "--check", "."]) == 0


@pytest.mark.usefixtures("folder")
def test_a_file_is_replaced_and_told(capsys: pytest.CaptureFixture[str]) -> None:
    untidy, tidy = put("untidy.strat", UNTIDY), put("tidy.strat", TIDY)
    before = tidy.stat()
    assert main(["fmt", "untidy.strat", "tidy.strat"]) == 0
    assert capsys.readouterr() == ("untidy.strat: formatted\n", "")
    assert text_of(untidy) == UNTIDY_FORMATTED
    assert (tidy.stat().st_ino, tidy.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert sorted(os.listdir()) == ["tidy.strat", "untidy.strat"]


@pytest.mark.usefixtures("folder")
def test_check_names_what_would_change_and_changes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    untidy, _ = put("untidy.strat", UNTIDY), put("tidy.strat", TIDY)
    assert main(["fmt", "--check", "tidy.strat"]) == 0
    assert main(["fmt", "--check", "tidy.strat", "untidy.strat"]) == 1
    assert capsys.readouterr() == ("untidy.strat\n", "")
    assert text_of(untidy) == UNTIDY


@pytest.mark.usefixtures("folder")
def test_diff_shows_what_would_change_and_changes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    untidy = put("untidy.strat", UNTIDY.rstrip("\n"))
    assert main(["fmt", "--diff", "untidy.strat"]) == 0
    said = capsys.readouterr().out
    assert said == (
        "--- untidy.strat\n+++ untidy.strat (formatted)\n@@ -1,2 +1,2 @@\n-strategy  S{\n-base USDC}\n"
        "\\ No newline at end of file\n+strategy S {\n+    base USDC }\n"
    )
    assert main(["fmt", "--diff", "--check", "untidy.strat"]) == 1
    assert capsys.readouterr().out == said
    assert text_of(untidy) == UNTIDY.rstrip("\n")


@pytest.mark.usefixtures("folder")
def test_directories_are_searched_but_no_hidden_ones(capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a.strat", "deep/er/b.strat", "deep/c.txt", ".venv/d.strat"):
        put(name, UNTIDY)
    Path("folder.strat").mkdir()
    assert main(["fmt", "--check", ".", "a.strat", "deep"]) == 1
    assert capsys.readouterr().out == f"a.strat\n{Path('deep/er/b.strat')}\n"


@pytest.mark.usefixtures("folder")
def test_a_directory_without_strategies_is_bad_input(capsys: pytest.CaptureFixture[str]) -> None:
    put("none/x.txt", "x")
    assert main(["fmt", "none"]) == 2
    assert "none: has no .strat file in it" in capsys.readouterr().err


@pytest.mark.usefixtures("folder")
def test_a_syntax_error_is_told_and_the_rest_is_formatted(capsys: pytest.CaptureFixture[str]) -> None:
    broken, untidy = put("broken.strat", BROKEN), put("untidy.strat", UNTIDY)
    assert main(["fmt", "--check", "broken.strat", "untidy.strat"]) == 2
    assert capsys.readouterr().out == "broken.strat\nuntidy.strat\n"
    assert main(["fmt", "broken.strat", "untidy.strat"]) == 2
    said = capsys.readouterr()
    assert said.out == "broken.strat: formatted\nuntidy.strat: formatted\n"
    assert "error[E0101]" in said.err
    assert "broken.strat:3:2" in said.err
    assert (text_of(broken), text_of(untidy)) == (BROKEN_FORMATTED, UNTIDY_FORMATTED)
    assert main(["fmt", "broken.strat"]) == 2
    assert text_of(broken) == BROKEN_FORMATTED


@pytest.mark.parametrize("data", [b"", b"\xff\xfe", b" \n"])
@pytest.mark.usefixtures("folder")
def test_what_is_no_text_is_bad_input(data: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    Path("x.strat").write_bytes(data)
    assert main(["fmt", "x.strat", "missing.strat"]) == 2
    assert capsys.readouterr().err.count("error[E0000]") == 2
    assert Path("x.strat").read_bytes() == data


def test_standard_input_goes_to_standard_output(
    monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    feed(monkeypatch, "\ufeff# é\r\nstrategy  S{\r\nbase USDC}".encode())
    assert main(["fmt", "-"]) == 0
    assert capfdbinary.readouterr().out == f"\ufeff# é\n{UNTIDY_FORMATTED}".encode()
    feed(monkeypatch, TIDY.encode())
    assert main(["fmt", "-"]) == 0
    assert capfdbinary.readouterr().out == TIDY.encode()


def test_standard_input_can_be_checked(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    feed(monkeypatch, UNTIDY.encode())
    assert main(["fmt", "--check", "-"]) == 1
    assert capsys.readouterr().out == "<stdin>\n"
    feed(monkeypatch, BROKEN.encode())
    assert main(["fmt", "-"]) == 2
    said = capsys.readouterr()
    assert said.out == BROKEN_FORMATTED
    assert "<stdin>:3:2" in said.err


def test_the_terminals_encoding_does_not_reach_the_text(folder: Path) -> None:
    command = [sys.executable, "-m", "stratc", "fmt", "-"]
    environment = os.environ | {"PYTHONIOENCODING": "ascii"}
    done = subprocess.run(command, input="# é ±\n".encode(), capture_output=True, env=environment, cwd=folder)
    assert done.stdout == "# é ±\n".encode()


@pytest.mark.usefixtures("folder")
def test_permissions_and_links_stay() -> None:
    place = put("deep/s.strat", UNTIDY)
    place.chmod(0o640)
    Path("link.strat").symlink_to(place)
    assert main(["fmt", "link.strat", "deep/s.strat"]) == 0
    assert Path("link.strat").is_symlink()
    assert text_of(place) == UNTIDY_FORMATTED
    assert stat.S_IMODE(place.stat().st_mode) == 0o640


@pytest.mark.usefixtures("folder")
def test_a_file_that_cannot_be_replaced_stays_whole(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    path = put("s.strat", UNTIDY)
    monkeypatch.setattr(replace.os, "replace", fail)
    assert main(["fmt", "s.strat"]) == 2
    assert capsys.readouterr() == ("", "error: s.strat cannot be written: Permission denied\n")
    assert text_of(path) == UNTIDY
    assert os.listdir() == ["s.strat"]


@pytest.mark.parametrize("wrong", ["strategy S {\n    base USDT }\n", "strategy S {\n    base US DC }\n", ""])
@pytest.mark.usefixtures("folder")
def test_a_formatter_at_fault_changes_no_file(
    wrong: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = put("s.strat", UNTIDY)
    monkeypatch.setattr(fmt, "format_text", lambda source: Formatted(wrong, ()))
    assert main(["fmt", "s.strat"]) == 70
    said = capsys.readouterr()
    assert said.out == ""
    assert "s.strat: formatting would change more than space" in said.err
    assert text_of(path) == UNTIDY
