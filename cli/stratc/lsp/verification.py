"""Verifications in the background: one a document, in a process of its own, ended when a newer one takes its place."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from msgspec import Struct, field

from stratc_dsl.record import Record
from stratc_dsl.span import Source

log = logging.getLogger(__name__)

COMMAND = (sys.executable, "-m", "stratc.lsp.verifier")


class Claim(Record):
    """One verdict. `start` is where the claim stands in the text that was verified, None for those always checked."""

    name: str
    text: str
    verdict: str
    why: str | None
    help: str | None
    scenario: tuple[tuple[str, str], ...]
    start: int | None


class Judged(Record):
    name: str
    seconds: float
    claims: tuple[Claim, ...]


class Outcome(Record):
    """What was found out about one text with those it uses. `problems` are why nothing could be proved of it."""

    source: Source
    strategies: tuple[Judged, ...]
    problems: tuple[str, ...]


class Verifications(Struct):
    """`changed` is told the document whenever there is something new to show about it."""

    changed: Callable[[str], Awaitable[None]]
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    running: dict[str, Source] = field(default_factory=dict)
    _tasks: dict[str, asyncio.Task[None]] = field(default_factory=dict)

    def start(self, uri: str, source: Source) -> None:
        """Verify a text of a document instead of whatever was being verified of it."""
        self.cancel(uri)
        self.running[uri] = source
        self._tasks[uri] = asyncio.create_task(self._run(uri, source))

    def cancel(self, uri: str) -> None:
        task = self._tasks.pop(uri, None)
        if task is not None:
            task.cancel()
        self.running.pop(uri, None)

    def forget(self, uri: str) -> None:
        """The document is closed."""
        self.cancel(uri)
        self.outcomes.pop(uri, None)

    async def stop(self) -> None:
        """End everything, and wait until it has ended."""
        tasks = list(self._tasks.values())
        for uri in list(self._tasks):
            self.cancel(uri)
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, uri: str, source: Source) -> None:
        await self.changed(uri)
        try:
            outcome = await _verified(source)
        except Exception:  # a broken verifier must not end the server: say so, here and in the lens
            log.exception("the verification of %s failed", uri)
            outcome = Outcome(source, (), ("the verification failed: see the log of the language server",))
        self.outcomes[uri] = outcome
        self.running.pop(uri, None)
        self._tasks.pop(uri, None)
        await self.changed(uri)


async def _verified(source: Source) -> Outcome:
    # A session of its own: the verifier starts solvers, and all of them end with it.
    process = await asyncio.create_subprocess_exec(
        *COMMAND,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=None,
        start_new_session=True,
    )
    try:
        used = {one.source.name: one.source.text for one in source.used}
        question = {"name": source.name, "text": source.text, "used": used}
        answer, _ = await process.communicate(json.dumps(question).encode())
    finally:
        _end(process)
    if process.returncode != 0:
        raise RuntimeError(f"the verifier ended with status {process.returncode}")
    return _outcome(source, json.loads(answer))


def _end(process: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError, PermissionError):  # it has ended; macOS says so of a group in another way
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()


def _outcome(source: Source, answer: dict[str, Any]) -> Outcome:
    strategies = tuple(
        Judged(one["name"], one["seconds"], tuple(_claim(claim) for claim in one["claims"]))
        for one in answer["strategies"]
    )
    return Outcome(source, strategies, tuple(answer["problems"]))


def _claim(fields: dict[str, Any]) -> Claim:
    scenario = tuple((label, text) for label, text in fields["scenario"])
    return Claim(**(fields | {"scenario": scenario}))
