"""Texts from files, with a plain sentence for everything that can be wrong with a file."""

from __future__ import annotations

import sys

from stratc.problem import Problem, unreadable
from stratc_dsl import Source, Unreadable
from stratc_dsl.record import Record

LIMIT = 16 * 1024 * 1024
"""Bytes. No strategy comes near; a device or a wrong file does."""

STDIN = "<stdin>"
"""What standard input is called in messages."""

_EMPTY = "a strategy starts with `strategy Name {`"


class _Helps(Record):
    """What to do where there is no text: other things for a file on the command line than for one that is used."""

    missing: str | None
    directory: str
    empty: str


def read_source(name: str) -> Source | Problem:
    """A file that the user named, or what is wrong with it."""
    directory = f"name the files in it: {name.rstrip('/')}/*.strat"
    text = _read(name, _Helps("is the path right, relative to the folder you are in?", directory, _EMPTY))
    return unreadable(name, text.why, text.help) if isinstance(text, Unreadable) else Source(name, text)


def read_stdin() -> Source | Problem:
    """What standard input holds, or what is wrong with it."""
    text = _text(sys.stdin.buffer.read(LIMIT + 1), _Helps(None, "", _EMPTY))
    return unreadable(STDIN, text.why, text.help) if isinstance(text, Unreadable) else Source(STDIN, text)


def read_used(path: str) -> str | Unreadable:
    """The text of a file that another one uses, or what is wrong with it: the `Reader` of the language."""
    return _read(path, _Helps(None, "name one file in it", "it should hold a `token`, a `venue` or an `assume`"))


def text_of(data: bytes) -> str | Unreadable:
    """The text of a file whose bytes are at hand, or what is wrong with it."""
    return _text(data, _Helps(None, "", _EMPTY))


def _read(name: str, helps: _Helps) -> str | Unreadable:
    """The text of a file. Strategy texts are UTF-8."""
    try:
        with open(name, "rb") as file:
            data = file.read(LIMIT + 1)
    except FileNotFoundError:
        return Unreadable("no such file", helps.missing)
    except IsADirectoryError:
        return Unreadable("is a directory, not a strategy", helps.directory)
    except (OSError, ValueError) as error:  # ValueError: a NUL byte in the name
        return Unreadable(f"cannot be read: {getattr(error, 'strerror', None) or error}")
    return _text(data, helps)


def _text(data: bytes, helps: _Helps) -> str | Unreadable:
    if not data.strip():
        return Unreadable("is empty", helps.empty)
    if len(data) > LIMIT:
        return Unreadable(f"is larger than {LIMIT // 1024 // 1024} MB: this is no strategy")
    return _decoded(data)


def _decoded(data: bytes) -> str | Unreadable:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        where = f"byte 0x{data[error.start]:02x} at offset {error.start}, on line {line}"
        return Unreadable(f"is not UTF-8 text: {where}", "save the file as UTF-8")
