"""Replacing a text on disk: whoever reads it sees the whole old text or the whole new one."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path


class Unwritable(Exception):
    """The file was not replaced; its text is what it was."""


def replace_text(path: Path, text: str) -> None:
    """Give a file another text, and the permissions that it had. A symbolic link stays one: its target is replaced."""
    try:
        _replace(path.resolve(strict=True), text.encode("utf-8"))
    except OSError as error:
        raise Unwritable(f"{path} cannot be written: {error.strerror or error}") from error


def _replace(path: Path, data: bytes) -> None:
    if not path.is_file():
        raise Unwritable(f"{path} is no regular file")
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
