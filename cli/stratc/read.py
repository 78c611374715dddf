"""Sources from files, with a plain sentence for everything that can be wrong with a file."""

from __future__ import annotations

from pathlib import Path

from stratc.problem import Problem, unreadable
from stratc_dsl.span import Source

LIMIT = 16 * 1024 * 1024
"""Bytes. No strategy comes near; a device or a wrong file does."""


def read_source(name: str) -> Source | Problem:
    """The text of a file, or what is wrong with it. Strategy texts are UTF-8."""
    try:
        with Path(name).open("rb") as file:
            data = file.read(LIMIT + 1)
    except FileNotFoundError:
        return unreadable(name, "no such file", "is the path right, relative to the folder you are in?")
    except IsADirectoryError:
        return unreadable(name, "is a directory, not a strategy", f"name the files in it: {name.rstrip('/')}/*.strat")
    except (OSError, ValueError) as error:  # ValueError: a NUL byte in the name
        return unreadable(name, f"cannot be read: {getattr(error, 'strerror', None) or error}")
    return _decoded(name, data)


def _decoded(name: str, data: bytes) -> Source | Problem:
    if not data.strip():
        return unreadable(name, "is empty", "a strategy starts with `strategy Name {`")
    if len(data) > LIMIT:
        return unreadable(name, f"is larger than {LIMIT // 1024 // 1024} MB: this is no strategy")
    try:
        return Source(name, data.decode("utf-8"))
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        where = f"byte 0x{data[error.start]:02x} at offset {error.start}, on line {line}"
        return unreadable(name, f"is not UTF-8 text: {where}", "save the file as UTF-8")
