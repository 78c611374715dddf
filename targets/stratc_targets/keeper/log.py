"""What the keeper says while it runs: one event a line, for machines or for people. Never a key, never a full URL."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TextIO

Field = str | int | float | bool | None


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Log:
    """Writes one line per event to `stream`: a JSON object where `as_json`, else text; `about` says of which vault."""

    stream: TextIO
    as_json: bool
    now: Callable[[], datetime] = _now
    about: str = ""

    def of(self, about: str) -> Log:
        """The same log, of one vault."""
        return replace(self, about=about)

    def info(self, event: str, message: str, **fields: Field) -> None:
        """Something happened as it should."""
        self._write("info", event, message, fields)

    def warning(self, event: str, message: str, **fields: Field) -> None:
        """Something that the keeper copes with, and that people should know of."""
        self._write("warning", event, message, fields)

    def error(self, event: str, message: str, **fields: Field) -> None:
        """Something that needs people."""
        self._write("error", event, message, fields)

    def _write(self, level: str, event: str, message: str, fields: dict[str, Field]) -> None:
        time = self.now().isoformat(timespec="milliseconds")
        if self.as_json:
            of = {"of": self.about} if self.about else {}
            line = json.dumps({"time": time, "level": level, "event": event, "message": message} | of | fields)
        else:
            of_whom = f"{self.about}: " if self.about else ""
            line = f"{time}  {level:<7}  {of_whom}{message}"
        # Nobody can be told that nobody can be told: a full disk, or a reader that is gone, ends no keeper.
        with suppress(OSError):
            self.stream.write(line + "\n")
            self.stream.flush()
