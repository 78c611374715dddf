"""Answers of earlier runs on disk, for the compiler to check again. A cache that cannot be read or written is empty."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from contextlib import suppress
from hashlib import sha256

from msgspec import Struct

import stratc_checker
import stratc_compiler
from stratc import __version__

VARIABLE = "STRATC_CACHE_DIR"
"""Names the folder to use; set and empty, there is no cache."""

MOST = 64 * 1024 * 1024
"""Bytes in all. The carry's answers have half a megabyte."""

LARGEST = 16 * 1024 * 1024
"""Bytes of one entry."""

ENGINE = (stratc_compiler, stratc_checker)
SOLVERS = ("z3_solver", "highspy", "numpy")

_OURS = re.compile(r"[0-9a-f]{64}\.json|[0-9a-f]{64}\..{8}\.tmp", re.ASCII)
_NEVER_WAITS = getattr(os, "O_NONBLOCK", 0)


class Cache(Struct):
    """One file for each entry, in one folder. `engine` is part of every name: another engine finds other answers."""

    folder: str
    engine: str
    wrote: bool = False

    def recall(self, key: str) -> bytes | None:
        path = self._path(key)
        try:
            # Whatever lies there: a pipe must not stop us.
            with open(path, "rb", opener=lambda name, flags: os.open(name, flags | _NEVER_WAITS)) as file:
                text = file.read(LARGEST + 1)
        except OSError:
            return None
        with suppress(OSError):
            os.utime(path)  # what is used stays
        return text if len(text) <= LARGEST else None

    def remember(self, key: str, text: bytes) -> None:
        """Whoever reads meanwhile, here or in another process, sees the whole entry or none."""
        import tempfile

        self.wrote = True
        path = self._path(key)
        with suppress(OSError):
            os.makedirs(self.folder, mode=0o700, exist_ok=True)
            handle, made = tempfile.mkstemp(".tmp", f"{os.path.basename(path).removesuffix('.json')}.", self.folder)
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(text)
                os.replace(made, path)
            except BaseException:
                os.unlink(made)
                raise

    def tidy(self) -> None:
        """After a run that wrote: remove what was not used for longest, until there is room again."""
        if not self.wrote:
            return
        entries = sorted(_entries(self.folder))
        size = sum(size for _, size, _ in entries)
        for _, one, path in entries:
            if size <= MOST:
                break
            size -= one
            with suppress(OSError):
                os.unlink(path)

    def _path(self, key: str) -> str:
        return os.path.join(self.folder, sha256(f"{self.engine}:{key}".encode()).hexdigest() + ".json")


def _entries(folder: str) -> Iterator[tuple[float, int, str]]:
    """When each file of ours was used last, its size and its path. Those of others are none of our business."""
    with suppress(OSError), os.scandir(folder) as files:
        for file in files:
            if _OURS.fullmatch(file.name):
                with suppress(OSError):  # another process has removed it
                    known = file.stat(follow_symlinks=False)
                    yield known.st_mtime, known.st_size, file.path


def cache() -> Cache | None:
    """The cache of this user for this version of stratc, if there can be one."""
    folder = _folder()
    if folder is None:
        return None
    with suppress(OSError):
        return Cache(folder, engine())
    return None


def _folder() -> str | None:
    chosen = os.environ.get(VARIABLE)
    if chosen is not None:
        return chosen or None
    if os.path.isabs(base := os.environ.get("XDG_CACHE_HOME", "")):
        return os.path.join(base, "stratc")
    home = os.path.expanduser("~")
    if not os.path.isdir(home):
        return None
    places = {"darwin": ("Library", "Caches"), "win32": ("AppData", "Local")}
    return os.path.join(home, *places.get(sys.platform, (".cache",)), "stratc")


def engine() -> str:
    """What answers depend on besides the question: the code that finds and checks them, to the letter, and solvers.

    Raises OSError where the code is not to be read.
    """
    digest = sha256(f"{__version__} {sys.version}".encode())
    for package in ENGINE:
        for name, path in sorted(_modules(package.__path__[0])):
            with open(path, "rb") as file:
                text = file.read()
            digest.update(f" {name} {len(text)} ".encode() + text)
    digest.update(" ".join(_versions()).encode())
    return digest.hexdigest()


def _modules(folder: str) -> Iterator[tuple[str, str]]:
    with os.scandir(folder) as files:
        yield from ((file.name, file.path) for file in files if file.name.endswith(".py"))


def _versions() -> list[str]:
    """The installed solvers, with their versions, by the folders that describe them.

    What `importlib.metadata` would say, which takes longer to load than everything that is done here.
    """
    return sorted(
        name
        for folder in sys.path
        if os.path.isdir(folder)
        for name in os.listdir(folder)
        if name.endswith(".dist-info") and name.partition("-")[0] in SOLVERS
    )
