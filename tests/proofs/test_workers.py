"""Questions to processes: answered in any order, raised as they were, and no process outlives whoever asked."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time

import pytest

from stratc_compiler.workers import found, in_order

MEGABYTE = 2**20


def _doubled(number: int) -> int:
    return 2 * number


def _refused(number: int) -> int:
    raise ValueError(f"no {number}")


def _killed(number: int) -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return number


def _talks(text: str) -> str:
    """More than a pipe holds, there and back."""
    time.sleep(0.001)
    return text


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_every_question_is_answered(workers: int) -> None:
    assert dict(found(_doubled, range(20), workers)) == {number: 2 * number for number in range(20)}
    assert list(in_order(_doubled, range(20), workers)) == [2 * number for number in range(20)]
    assert multiprocessing.active_children() == []


def test_what_a_question_ends_with_is_raised_where_it_was_asked() -> None:
    with pytest.raises(ValueError, match="no 0") as raised:
        dict(found(_refused, [0, 0], 2))
    assert "_refused" in raised.value.__notes__[0]
    assert multiprocessing.active_children() == []


def test_a_process_that_somebody_kills_is_missed() -> None:
    with pytest.raises(ChildProcessError, match="was killed"):
        dict(found(_killed, [0, 0, 0], 2))
    assert multiprocessing.active_children() == []


def test_whoever_stops_in_the_middle_of_a_word_waits_for_nobody() -> None:
    """They are killed while they read and write: a pool with one queue for all its processes then waits for ever."""
    script = "from proofs.test_workers import stopped; stopped(30)"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    assert subprocess.run([sys.executable, "-c", script], env=environment, timeout=60).returncode == 0


def stopped(times: int) -> None:
    """Begin, and stop at some answer."""
    for stop in range(times):
        finding = found(_talks, ["x" * (3 * MEGABYTE)] * 12, 2)
        for _ in range(stop % 4 + 1):
            next(finding)
        finding.close()
    assert multiprocessing.active_children() == []
