"""Putting a text on disk: whoever reads it sees the whole old text, or none, or the whole new one."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from errno import EACCES, EISDIR, ENOTDIR
from pathlib import Path


class Unwritable(Exception):
    """The file was not written; if there was one, its text is what it was."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path} {why}")
        self.why = why


def check_writable(path: Path) -> None:
    """Raise `Unwritable` where `write_text` would be refused, before minutes go into what it would write."""
    with _os_errors(path):
        if path.is_dir():
            raise _os_error(EISDIR)
        if not path.exists():
            path.parent.stat()  # raises where there is none
            if not path.parent.is_dir():
                raise _os_error(ENOTDIR)
        if not os.access(path if path.exists() else path.parent, os.W_OK):
            raise _os_error(EACCES)


def write_text(path: Path, text: str) -> None:
    """Put the text into a new file, or into one in place of what it says. A device or a pipe takes it as it comes."""
    with _os_errors(path):
        if path.is_file():
            _replace(path.resolve(strict=True), _bytes(text))
        elif path.exists():
            path.write_bytes(_bytes(text))
        else:
            create_text(path, text)


def create_text(path: Path, text: str) -> None:
    """Put the text into a new file, or leave none. OSError where that cannot be, FileExistsError where there is one."""
    file = path.open("xb")
    try:
        with file:
            file.write(_bytes(text))
    except BaseException:
        with suppress(OSError):
            path.unlink()
        raise


def replace_text(path: Path, text: str) -> None:
    """Give a file another text, and the permissions that it had. A symbolic link stays one: its target is replaced."""
    with _os_errors(path):
        _replace(path.resolve(strict=True), _bytes(text))


@contextmanager
def _os_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Unwritable(path, f"cannot be written: {error.strerror or error}") from error


def _os_error(number: int) -> OSError:
    return OSError(number, os.strerror(number))


def _bytes(text: str) -> bytes:
    """What names of files bring along and UTF-8 has no bytes for is escaped, as on a terminal."""
    return text.encode("utf-8", "backslashreplace")


def _replace(path: Path, data: bytes) -> None:
    if not path.is_file():
        raise Unwritable(path, "is no regular file")
    with path.open("ab"):  # renaming asks for no permission to write the file: whoever protected it meant it
        before = path.stat()
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # renaming works on one file system only
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        with suppress(OSError):  # only root may give a file away
            os.chown(name, before.st_uid, before.st_gid)
        os.chmod(name, before.st_mode & 0o7777)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise
