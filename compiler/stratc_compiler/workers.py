"""Questions to processes, and answers back as they are found."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from traceback import format_exc
from typing import Generic, TypeVar, cast

from msgspec import Struct

PATIENCE = 0.1
"""Seconds after which whoever waits is told that nothing new is known."""

LOST = "a process that looked for proofs was killed, maybe because memory is short: run the command again"

Q = TypeVar("Q")
A = TypeVar("A")


def found(
    ask: Callable[[Q], A], questions: Sequence[Q], workers: int, waiting: Callable[[], None] = lambda: None
) -> Generator[tuple[int, A], None, None]:
    """The number of each question with its answer, in any order. `waiting` is called again and again meanwhile.

    Questions are begun in their order. Whoever stops early closes the iterator: no process outlives it. Raises what
    `ask` raises, and ChildProcessError where somebody else ended a process.
    """
    if workers < 2 or len(questions) < 2:
        for number, question in enumerate(questions):
            waiting()
            yield number, ask(question)
        return
    with _team(ask, min(workers, len(questions))) as team:
        left = enumerate(questions)
        at_work = {worker.line: (worker, worker.given(next(left))) for worker in team}
        while at_work:
            waiting()
            for line in wait(list(at_work), PATIENCE):
                worker, number = at_work.pop(cast("Connection", line))
                answer = worker.answer()
                following = next(left, None)
                if following is not None:
                    at_work[worker.line] = worker, worker.given(following)
                yield number, answer


def in_order(
    ask: Callable[[Q], A], questions: Sequence[Q], workers: int, told: Callable[[int], None] = lambda done: None
) -> Iterator[A]:
    """The answers in the order of their questions, each as soon as those before it are there.

    `told` is called again and again meanwhile with how many questions are answered.
    """
    early: dict[int, A] = {}
    done = 0
    with closing(found(ask, questions, workers, lambda: told(done))) as finding:
        for number in range(len(questions)):
            while number not in early:
                early.update([next(finding)])
                done += 1
            yield early.pop(number)


class _Worker(Struct, Generic[Q, A], eq=False):
    """A process, and the line to it, which nobody else holds: where it dies in the middle of a word, the line ends.

    A `ProcessPoolExecutor` has one queue for all its processes; one that is killed while it writes there, or is written
    to, leaves whoever reads or writes at the other end waiting for ever.
    """

    process: BaseProcess
    line: Connection

    def given(self, asked: tuple[int, Q]) -> int:
        """Hand over a question; its number."""
        number, question = asked
        try:
            self.line.send(question)
        except BrokenPipeError:
            raise ChildProcessError(LOST) from None
        return number

    def answer(self) -> A:
        try:
            said = self.line.recv()
        except (EOFError, ConnectionResetError):
            raise ChildProcessError(LOST) from None
        if isinstance(said, _Failed):
            raise said.error
        return cast("A", said)


class _Failed(Struct):
    """What a question ended with, instead of an answer."""

    error: Exception


@contextmanager
def _team(ask: Callable[[Q], A], workers: int) -> Iterator[list[_Worker[Q, A]]]:
    """Processes that end with the block, however it ends: a search that nobody waits for is not finished."""
    team: list[_Worker[Q, A]] = []
    try:
        with _interrupts_held():
            for _ in range(workers):
                team.append(_started(ask))
        yield team
    finally:
        for worker in team:
            worker.process.kill()
            worker.line.close()
        for worker in team:
            worker.process.join()


def _started(ask: Callable[[Q], A]) -> _Worker[Q, A]:
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.Process(target=_serve, args=(ask, theirs))
    process.start()
    theirs.close()
    return _Worker(process, ours)


def _serve(ask: Callable[[Q], A], line: Connection) -> None:
    """Answer until nobody asks any longer."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while True:
        try:
            question = line.recv()
        except (EOFError, OSError):
            return
        try:
            said: A | _Failed = ask(question)
        except Exception as error:
            error.add_note(f"in a process that was asked:\n{format_exc()}")
            said = _Failed(error)
        try:
            line.send(said)
        except OSError:  # whoever asked has gone
            return


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Processes that start meanwhile never see ^C, which a terminal sends to all: it is for whoever started them."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
