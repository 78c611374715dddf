"""The command from outside: help, version, mistakes in the command line, and what happens when stratc itself fails."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from stratc import __version__, explain
from stratc.__main__ import main
from stratc_targets.deploy.checks import VENUES

STRATC = (sys.executable, "-m", "stratc")


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command as a process of its own."""
    return subprocess.run([*STRATC, *arguments], capture_output=True, text=True, env=os.environ | environment)


def test_the_installed_command_tells_its_version() -> None:
    command = Path(sys.executable).parent / "stratc"
    done = subprocess.run([str(command), "--version"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, f"stratc {__version__}\n")


def test_help_names_every_command_an_example_and_the_statuses() -> None:
    done = run("--help")
    assert done.returncode == 0
    for words in ("check", "verify", "build", "fmt", "keeper", "explain", "examples/treasury.strat", "exit status"):
        assert words in done.stdout


@pytest.mark.parametrize(
    "command", [["check"], ["verify"], ["build"], ["fmt"], ["keeper"], ["keeper", "run"], ["explain"]]
)
def test_every_command_has_help(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*command, "--help"]) == 0
    assert "usage: stratc" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["prove", "x.strat"],
        ["verify"],
        ["verify", "--format", "xml", "x.strat"],
        ["verify", "--form", "json", "x.strat"],
        ["build", "x.strat"],
        ["fmt"],
        ["keeper"],
        ["keeper", "run", "--rpc", "http://127.0.0.1:1"],
    ],
)
def test_a_wrong_command_line_is_status_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "usage: stratc" in said.err


def test_explain_knows_codes_of_the_language_and_of_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    for code in ("E0001", "E0900", "e0000"):
        assert main(["explain", code]) == 0
        assert capsys.readouterr().out.startswith(code.upper())


def test_what_is_said_to_be_supported_names_each_venue_that_can_be_deployed_and_each_rule(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["explain", "E0900"]) == 0
    said = capsys.readouterr().out
    rules = ("deleverage", "top_up", "unwind", "rehedge", "rebalance", "harvest", "freeze", "exit")
    assert [name for name in (*VENUES, *rules) if name not in said] == []


def test_explain_of_an_unknown_code_is_status_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "E9999"]) == 2
    assert "E9999" in capsys.readouterr().err


def fail(code: str) -> None:
    raise ValueError(f"broken inside\nat {code}")


def test_an_internal_error_is_one_sentence_and_status_70(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("STRATC_DEBUG", raising=False)
    monkeypatch.setattr(explain, "explain", fail)
    assert main(["explain", "E0001"]) == 70
    said = capsys.readouterr().err
    assert said.startswith("internal error: ValueError: broken inside at E0001\n")
    assert "report" in said
    assert "Traceback" not in said


def test_an_internal_error_shows_its_traceback_on_demand(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("STRATC_DEBUG", "1")
    monkeypatch.setattr(explain, "explain", fail)
    assert main(["explain", "E0001"]) == 70
    assert "Traceback" in capsys.readouterr().err


def test_a_reader_that_leaves_is_no_error() -> None:
    process = subprocess.Popen([*STRATC, "explain", "E0001"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    said = process.stderr.read()
    process.stderr.close()
    process.wait()
    assert said == b""


@pytest.mark.parametrize("arguments", [("explain", "E0001"), ("check", "none.strat")])
def test_a_full_disk_is_no_mistake_of_ours(arguments: tuple[str, ...]) -> None:
    with Path("/dev/full").open("w") as full:
        both = subprocess.run([*STRATC, *arguments], stdout=full, stderr=full)
        told = subprocess.run([*STRATC, *arguments], stdout=full, stderr=subprocess.PIPE, text=True)
    assert both.returncode == told.returncode == 2
    assert "internal error" not in told.stderr
    assert told.stderr.startswith("error")


@pytest.mark.parametrize(("closed", "status"), [("explain E0001 >&-", 0), ("check none.strat 2>&-", 2)])
def test_streams_that_are_closed_are_not_missed(closed: str, status: int) -> None:
    done = subprocess.run(["sh", "-c", f"{sys.executable} -m stratc {closed}"], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (status, "", "")


def test_what_the_terminal_cannot_say_is_escaped(tmp_path: Path) -> None:
    done = run("check", str(tmp_path / "stratégie.strat"), PYTHONIOENCODING="ascii")
    assert done.returncode == 2
    assert "strat\\xe9gie.strat" in done.stderr
