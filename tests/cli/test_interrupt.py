"""The line of progress on a terminal, and ^C there: one word, and nothing stays behind."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec import Struct

from cli.examples import CARRY, TREASURY, tree
from stratc.cache import VARIABLE
from stratc.progress import ERASE
from stratc_compiler.expr import Add, Cmp, Mul, Rel, number
from stratc_compiler.relax import real
from stratc_compiler.smt import Query

STRATC = (sys.executable, "-m", "stratc")
WIDTH = 60
PATIENCE = 60


class Terminal(Struct):
    """A command whose standard error, at least, is a terminal of its own: what `type` writes is typed there."""

    process: subprocess.Popen[bytes]
    screen: int
    shown: str = ""

    def wait_for(self, pattern: str) -> None:
        while not re.search(pattern, self.shown):
            assert self._read(), f"never shown: {pattern!r}, but {self.shown!r}"

    def type(self, keys: bytes) -> None:
        os.write(self.screen, keys)

    def end(self) -> int:
        """Everything is shown, and the command has ended: its status."""
        while self._read():
            pass
        return self.process.wait(PATIENCE)

    def _read(self) -> bool:
        try:
            read = os.read(self.screen, 65536)
        except OSError:  # what Linux says when nobody writes there any longer
            return False
        self.shown += read.decode()
        return bool(read)


@pytest.fixture
def terminals(tmp_path: Path) -> Iterator[list[Terminal]]:
    opened: list[Terminal] = []
    yield opened
    for one in opened:
        one.process.kill()
        one.process.wait()
        os.close(one.screen)


def on_a_terminal(opened: list[Terminal], cache: Path, *arguments: str) -> Terminal:
    """The command with a terminal as its standard error; its standard output is a pipe."""
    screen, inside = pty.openpty()
    fcntl.ioctl(inside, termios.TIOCSWINSZ, struct.pack("HHHH", 24, WIDTH, 0, 0))
    settings = termios.tcgetattr(inside)
    settings[3] |= termios.NOFLSH  # or ^C would also throw away what was written and not yet read
    termios.tcsetattr(inside, termios.TCSANOW, settings)
    environment = os.environ | {VARIABLE: str(cache), "TERM": "xterm", "NO_COLOR": "1"}
    process = subprocess.Popen(
        [*STRATC, *arguments],
        stdin=inside,
        stdout=subprocess.PIPE,
        stderr=inside,
        env=environment,
        start_new_session=True,
        preexec_fn=_begin,
    )
    os.close(inside)
    opened.append(Terminal(process, screen))
    return opened[-1]


def _begin() -> None:
    """As a shell begins a command: its terminal is this one, and ^C is heard (workers of pytest do not)."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_the_progress_is_written_over_and_gone_in_the_end(terminals: list[Terminal], tmp_path: Path) -> None:
    terminal = on_a_terminal(terminals, tmp_path / "cache", "verify", TREASURY)
    assert terminal.end() == 0
    first, *lines = terminal.shown.split(ERASE)
    assert first == ""
    assert lines[-1] == ""
    shown = lines[:-1]
    assert all(line.startswith("Treasury: ") and "\n" not in line and len(line) < WIDTH for line in shown)
    assert shown[0].startswith("Treasury: 0 of 10 claims, 0 of 119 obligations, ")
    assert shown[-1].startswith("Treasury: 10 of 10 claims, 119 of 119 obligations, ")
    assert terminal.process.stdout is not None
    said = terminal.process.stdout.read().decode()
    assert said.count("proved") == 10
    assert "obligations" not in said
    assert "\x1b" not in said


def test_no_progress_where_nobody_watches(terminals: list[Terminal], tmp_path: Path) -> None:
    piped = subprocess.run([*STRATC, "verify", TREASURY], capture_output=True)
    assert (piped.returncode, piped.stderr) == (0, b"")
    terminal = on_a_terminal(terminals, tmp_path / "cache", "verify", "--format", "json", TREASURY)
    assert (terminal.end(), terminal.shown) == (0, "")


@pytest.mark.parametrize("way", ["typed", "sent"])
@pytest.mark.parametrize("command", [["verify", CARRY], ["build", CARRY, "--out", "OUT"]])
def test_an_interruption_is_one_word_and_leaves_nothing(
    command: list[str], way: str, terminals: list[Terminal], tmp_path: Path
) -> None:
    """Typed, ^C goes to the processes that search, too; sent, to the command alone."""
    arguments = [word.replace("OUT", str(tmp_path / "out")) for word in command]
    terminal = on_a_terminal(terminals, tmp_path / "cache", *arguments)
    terminal.wait_for("EthCarry: 0 of 10 claims, ")
    if way == "typed":
        terminal.type(b"\x03")
    else:
        terminal.process.send_signal(signal.SIGINT)
    assert terminal.end() == 130
    assert terminal.shown.replace("^C", "").split(ERASE)[-1] == "interrupted\r\n"
    assert "Traceback" not in terminal.shown
    assert _nobody_is_left(terminal.process.pid)
    assert not (tmp_path / "out").exists()
    assert all(name.endswith(".json") for name in tree(tmp_path / "cache"))


def test_margins_are_interrupted_as_proofs_are(terminals: list[Terminal], tmp_path: Path) -> None:
    terminal = on_a_terminal(terminals, tmp_path / "cache", "margin", TREASURY)
    assert terminal.process.stdout is not None
    assert b"Treasury" in terminal.process.stdout.readline()  # the verdicts: what follows are the margins
    terminal.wait_for("Treasury: margins, [0-5] of 6 numbers, ")
    terminal.type(b"\x03")
    assert terminal.end() == 130
    assert terminal.shown.replace("^C", "").split(ERASE)[-1] == "interrupted\r\n"
    assert _nobody_is_left(terminal.process.pid)


def _nobody_is_left(group: int) -> bool:
    """Whether every process of the group has ended, now or in a moment."""
    for _ in range(PATIENCE * 10):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.1)
    return False


def test_what_was_found_before_the_interruption_counts(terminals: list[Terminal], tmp_path: Path) -> None:
    terminal = on_a_terminal(terminals, tmp_path / "cache", "verify", CARRY)
    terminal.wait_for("[1-9] of 10 claims")
    terminal.type(b"\x03")
    assert terminal.end() == 130
    left = set(tree(tmp_path / "cache"))
    assert left
    again = on_a_terminal(terminals, tmp_path / "cache", "verify", CARRY)
    assert again.end() == 0
    assert "EthCarry: 0 of" not in again.shown
    assert left < set(tree(tmp_path / "cache"))


def test_the_solver_keeps_no_interruption_to_itself() -> None:
    """Z3 catches ^C and gives up: that must not pass for an answer."""
    names = [real(f"x{index}") for index in range(12)]
    cubes = [Mul(Mul(one, one), one) for one in names]
    hard = [
        Cmp(
            Add(Mul(Mul(names[i], names[i - 1]), names[i - 5]), cubes[i - 3]),
            Rel.GT,
            Add(Mul(names[i - 2], names[i]), number(1)),
        )
        for i in range(12)
    ]
    hard += [Cmp(Add(Mul(names[i], names[i]), Mul(names[i - 1], names[i - 1])), Rel.LT, number(2)) for i in range(12)]
    query = Query(tuple(hard), 2_000_000_000, linear=False)
    timer = threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        query.solve()
