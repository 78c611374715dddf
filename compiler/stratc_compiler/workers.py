"""Tasks to processes, and answers back as they are found. Loads the solvers, once for all processes."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from contextlib import contextmanager

from stratc_compiler.prove import answer
from stratc_compiler.questions import Answered, Task

Found = Generator[tuple[int, list[Answered]], None, None]

PATIENCE = 0.1
"""Seconds after which whoever waits is told that nothing new is known."""


def found(tasks: Sequence[Task], workers: int, waiting: Callable[[], None]) -> Found:
    """The number of each task with its answers, in any order. `waiting` is called again and again meanwhile.

    Whoever stops early closes the iterator: no process outlives it.
    """
    if workers < 2 or len(tasks) < 2:
        for number, task in enumerate(tasks):
            waiting()
            yield number, answer(task)
        return
    with _pool(workers) as pool:
        with _interrupts_held():
            numbers = {pool.submit(answer, task): number for number, task in enumerate(tasks)}
        left = set(numbers)
        while left:
            waiting()
            done, left = wait(left, PATIENCE, FIRST_COMPLETED)
            yield from ((numbers[future], future.result()) for future in done)


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
