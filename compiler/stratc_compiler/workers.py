"""Questions to processes, and answers back as they are found."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from contextlib import closing, contextmanager
from typing import TypeVar

PATIENCE = 0.1
"""Seconds after which whoever waits is told that nothing new is known."""

Q = TypeVar("Q")
A = TypeVar("A")


def found(
    ask: Callable[[Q], A], questions: Sequence[Q], workers: int, waiting: Callable[[], None] = lambda: None
) -> Generator[tuple[int, A], None, None]:
    """The number of each question with its answer, in any order. `waiting` is called again and again meanwhile.

    Whoever stops early closes the iterator: no process outlives it.
    """
    if workers < 2 or len(questions) < 2:
        for number, question in enumerate(questions):
            waiting()
            yield number, ask(question)
        return
    with _pool(workers) as pool:
        with _interrupts_held():
            numbers = {pool.submit(ask, question): number for number, question in enumerate(questions)}
        left = set(numbers)
        while left:
            waiting()
            done, left = wait(left, PATIENCE, FIRST_COMPLETED)
            yield from ((numbers[future], future.result()) for future in done)


def in_order(ask: Callable[[Q], A], questions: Sequence[Q], workers: int) -> Iterator[A]:
    """The answers in the order of their questions, each as soon as those before it are there."""
    early: dict[int, A] = {}
    with closing(found(ask, questions, workers)) as finding:
        for number in range(len(questions)):
            while number not in early:
                early.update([next(finding)])
            yield early.pop(number)


@contextmanager
def _pool(workers: int) -> Iterator[ProcessPoolExecutor]:
    """Processes that end with the block, however it ends: a search that nobody waits for is not finished."""
    pool = ProcessPoolExecutor(workers, initializer=signal.signal, initargs=(signal.SIGINT, signal.SIG_IGN))
    try:
        yield pool
    except BaseException:
        for process in multiprocessing.active_children():
            process.kill()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


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
