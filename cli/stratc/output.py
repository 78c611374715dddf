"""Writing the artifacts of a build: all of them or none, and never on top of anything but an earlier build."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from errno import EACCES
from pathlib import Path, PurePosixPath

from stratc_targets.artifact import Artifact

MARK = "certificate.json"
"""Every build has it: a folder without it was made by somebody else, and is not replaced."""

Build = Mapping[str, Sequence[Artifact]]
"""The artifacts of each strategy, by the strategy's name."""


class Unwritable(Exception):
    """`--out` cannot take the build. Nothing was changed."""


def check_out(out: Path, names: Sequence[str]) -> None:
    """Raise `Unwritable` where a build of these strategies into `out` would be refused, before any proof is tried."""
    with _os_errors(out):
        if out.exists() and not out.is_dir():
            raise Unwritable(f"{out} is a file: --out names the folder to write into")
        there = next(folder for folder in (out, *out.absolute().parents) if folder.exists())
        if not os.access(there, os.W_OK):
            raise Unwritable(f"{out} cannot be written: {os.strerror(EACCES)}")
        for name in names:
            place = out / name
            if (place.exists() or place.is_symlink()) and not (place / MARK).is_file():
                raise Unwritable(f"{place} exists and is no earlier build: move it away, or choose another --out")


def write_build(build: Build, out: Path) -> None:
    """Write every strategy's artifacts below `out/NAME`. An `Unwritable` leaves `out` as it was; ^C waits."""
    check_out(out, list(build))
    with _interruption_waits(), _os_errors(out), _staging(out) as staging:
        for name, artifacts in build.items():
            _fill(staging / "new" / name, artifacts)
        _swap_in(list(build), staging, out)


@contextmanager
def _interruption_waits() -> Iterator[None]:
    """Between two renames a build is nowhere to be found: that moment passes before KeyboardInterrupt is raised."""
    before = signal.getsignal(signal.SIGINT)
    if not callable(before):  # nobody would be interrupted
        yield
        return
    interrupted: list[object] = []
    signal.signal(signal.SIGINT, lambda *told: interrupted.append(told))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if interrupted:
        raise KeyboardInterrupt


@contextmanager
def _os_errors(out: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Unwritable(f"{error.filename or out} cannot be written: {error.strerror or error}") from error


@contextmanager
def _staging(out: Path) -> Iterator[Path]:
    """A folder beside the results, on their file system, so that renaming into place is one step for each."""
    made = [folder for folder in (out, *out.parents) if not folder.exists()]
    out.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=".stratc-", dir=out))
    try:
        yield staging
    except BaseException:
        shutil.rmtree(staging, ignore_errors=True)
        with suppress(OSError):  # somebody else may have put something there meanwhile
            for folder in made:
                folder.rmdir()
        raise
    shutil.rmtree(staging, ignore_errors=True)


def _fill(folder: Path, artifacts: Sequence[Artifact]) -> None:
    for artifact in artifacts:
        path = PurePosixPath(artifact.path)
        if path.is_absolute() or ".." in path.parts:
            raise ValueError(f"artifact path {artifact.path!r} leaves the output folder")
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(artifact.text.encode("utf-8"))


def _swap_in(names: Sequence[str], staging: Path, out: Path) -> None:
    """Rename each new folder into place and the old one away; where one step fails, undo those before it."""
    old = staging / "old"
    old.mkdir()
    with ExitStack() as undo:
        for name in names:
            if (out / name).exists():
                (out / name).rename(old / name)
                undo.callback((old / name).rename, out / name)
            (staging / "new" / name).rename(out / name)
            undo.callback((out / name).rename, staging / "new" / name)
        undo.pop_all()
