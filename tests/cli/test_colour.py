"""Colours for people who look at a terminal, and nothing but words for whoever reads a pipe."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

FAULTY = "strategy S {\n    base USDC\n}\n"
RED_CODE = b"\x1b[1;31merror[E"


@pytest.fixture
def faulty(tmp_path: Path) -> str:
    path = tmp_path / "faulty.strat"
    path.write_text(FAULTY)
    return str(path)


@pytest.fixture
def carry() -> str:
    return str(Path(__file__).parents[2] / "examples" / "treasury.strat")


def environment(**more: str) -> dict[str, str]:
    """Ours without what decides about colours."""
    kept = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR", "TERM")}
    return {"TERM": "xterm", **kept, **more}


def on_a_terminal(*arguments: str, **more: str) -> bytes:
    """What `stratc` shows on a pseudo-terminal, output and errors."""
    ours, theirs = pty.openpty()
    shown = b""
    with subprocess.Popen(
        [sys.executable, "-m", "stratc", *arguments], stdout=theirs, stderr=theirs, env=environment(**more)
    ):
        os.close(theirs)
        while piece := _read(ours):
            shown += piece
    os.close(ours)
    return shown


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # how Linux says that nobody has the other end any more
        return b""


def in_a_pipe(*arguments: str, **more: str) -> bytes:
    return subprocess.run(
        [sys.executable, "-m", "stratc", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=environment(**more),
    ).stdout


def test_a_terminal_shows_colours_and_a_pipe_does_not(faulty: str) -> None:
    assert RED_CODE in on_a_terminal("check", faulty)
    said = in_a_pipe("check", faulty)
    assert b"error[E" in said
    assert b"\x1b" not in said


def test_verdicts_have_colours_too(carry: str) -> None:
    shown = on_a_terminal("verify", carry)
    assert b"\x1b[1;32mproved" in shown
    assert b"\x1b" not in in_a_pipe("verify", "--format", "json", carry, FORCE_COLOR="1")


@pytest.mark.parametrize("no", [{"NO_COLOR": "1"}, {"TERM": "dumb"}, {"NO_COLOR": "1", "FORCE_COLOR": "1"}])
def test_who_wants_no_colours_gets_none(faulty: str, no: dict[str, str]) -> None:
    assert b"\x1b" not in on_a_terminal("check", faulty, **no)


def test_a_pipe_can_be_forced(faulty: str) -> None:
    assert RED_CODE in in_a_pipe("check", faulty, FORCE_COLOR="1")
