"""What git says of a repository and of one revision of it, with a plain sentence for everything that can go wrong."""

from __future__ import annotations

import os
import posixpath
import subprocess
from enum import Enum
from glob import escape
from pathlib import Path

from stratc.read import text_of
from stratc_dsl import Unreadable
from stratc_dsl.record import Record

_QUIET = {"GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0"}
_LINK, _SUBMODULE = "120000", "160000"
_OUTPUT = 256 * 1024 * 1024
"""Bytes of one answer. Names of a hundred thousand files have ten million."""


class GitError(Exception):
    """What git could not do for us, and what to do about it."""

    def __init__(self, what: str, help: str | None = None) -> None:
        super().__init__(what)
        self.help = help


class State(Enum):
    """What became of a file since the base revision."""

    GIVEN = "given"  # there is no base
    SAME = "same"  # itself; what it uses, or a certificate of it, may have changed
    CHANGED = "changed"
    ADDED = "added"
    RENAMED = "renamed"
    DELETED = "deleted"


class Moved(Record):
    """A path below the root that differs from the base, and where it was there; `was` is None for a new file."""

    path: str
    state: State
    was: str | None


class Repository(Record):
    """A work tree. Paths in it lead from `root` and have `/` between their parts."""

    root: str

    def path_of(self, file: str) -> str:
        """The path of a file that the user named. Raises GitError for one outside."""
        inside = os.path.relpath(os.path.realpath(os.path.dirname(file) or "."), self.root)
        if inside == os.pardir or inside.startswith(os.pardir + os.sep) or os.path.isabs(inside):
            raise GitError(f"{file} is not in the repository {self.root}", "run the gate inside the file's repository")
        return posixpath.normpath(posixpath.join(Path(inside).as_posix(), os.path.basename(file)))

    def name_of(self, path: str) -> str:
        """What the user would call a path, from the folder that they are in."""
        return Path(os.path.relpath(os.path.join(self.root, path))).as_posix()

    def listed(self, pattern: str, folder: str, tracked: bool = False) -> list[str]:
        """Files of that pattern below a folder of the user's: those of git, and new ones unless only `tracked`."""
        new = () if tracked else ("--others", "--exclude-standard")
        inside = self.path_of(os.path.join(folder, "x"))[:-1]
        found = self._lines("ls-files", "-z", "--cached", *new, "--", f":(top,glob){escape(inside)}**/{pattern}")
        return sorted({path for path in found if os.path.exists(os.path.join(self.root, path))})

    def revision(self, name: str) -> Revision:
        """The commit of that name. Raises GitError where there is none, or none yet in a shallow clone."""
        if "\0" in name or not name:
            raise GitError("the base is no name of a revision")
        try:
            found = self._lines("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
        except GitError:
            if self._lines("rev-parse", "--is-shallow-repository")[0].strip() == "true":
                cure = "fetch more of its history: `git fetch --unshallow`, or `fetch-depth: 0` in the checkout"
                raise GitError(f"this shallow clone does not have the revision `{name}`", cure) from None
            cure = "is it fetched? `git fetch origin` brings the branches of `origin`"
            raise GitError(f"there is no revision `{name}` in {self.root}", cure) from None
        return Revision(self, name, found[0].strip())

    def _lines(self, *words: str) -> list[str]:
        """The answer, cut at NUL bytes."""
        return [one for one in os.fsdecode(self.git(*words)).split("\0") if one]

    def git(self, *words: str) -> bytes:
        return _git(self.root, *words)


class Revision(Record):
    """A commit, by the name that the user gave it."""

    repository: Repository
    name: str
    commit: str

    def moved(self) -> dict[str, Moved]:
        """Every path of the work tree that differs from this commit, and deleted ones, by the path that it has now."""
        words = ("diff", "--name-status", "-z", "-M", "--no-ext-diff", "--no-textconv", "--ignore-submodules=all")
        told = iter(self.repository._lines(*words, self.commit, "--"))
        found: dict[str, Moved] = {}
        for letter in told:
            was = next(told)
            if letter[0] in "RC":
                path = next(told)
                found[path] = Moved(path, State.RENAMED, was)
            elif letter[0] == "A":
                found[was] = Moved(was, State.ADDED, None)
            else:
                found[was] = Moved(was, State.DELETED if letter[0] == "D" else State.CHANGED, was)
        for path in self.repository._lines("ls-files", "-z", "--others", "--exclude-standard"):
            known = found.get(path)  # deleted from the index, and there again
            found[path] = Moved(path, State.ADDED, None) if known is None else Moved(path, State.CHANGED, known.was)
        return found

    def source_name(self, path: str) -> str:
        """What a file of this commit is called in messages, as git would."""
        return f"{self.commit[:12]}:{path}"

    def reader(self, path: str) -> str | Unreadable:
        """The text of a file of this commit by its name in messages: the `Reader` of the language."""
        inside = posixpath.normpath(path.removeprefix(f"{self.commit[:12]}:"))
        if inside.startswith(("../", "/")):
            return Unreadable("is outside of the repository")
        try:
            return self.text(inside)
        except GitError as error:
            return Unreadable(str(error), error.help)

    def text(self, path: str) -> str | Unreadable:
        """The text of a file of this commit. Raises GitError where git cannot give it."""
        entry = self.repository._lines("ls-tree", "-z", self.commit, "--", path)
        if not entry:
            return Unreadable(f"no such file at {self.name}")
        mode = entry[0].split(" ", 1)[0]
        if mode in (_LINK, _SUBMODULE) or entry[0].split(" ")[1].startswith("tree"):
            what = {_LINK: "a symbolic link", _SUBMODULE: "a submodule"}.get(mode, "a directory")
            return Unreadable(f"is {what} at {self.name}, not a strategy")
        return text_of(self.repository.git("cat-file", "blob", f"{self.commit}:{path}"))


def repository() -> Repository:
    """The repository that one is in. Raises GitError."""
    try:
        root = os.fsdecode(_git(os.curdir, "rev-parse", "--show-toplevel")).rstrip("\n")
    except GitError as error:
        if "not a git repository" in str(error):
            cure = "run it inside of one, or without --base: then every claim is decided and nothing is compared"
            raise GitError(f"{os.getcwd()} is in no git repository", cure) from None
        raise
    return Repository(os.path.realpath(root))


def _git(folder: str, *words: str) -> bytes:
    """Run git, without anything of the user's configuration that changes how it answers. Raises GitError."""
    command = ["git", "-C", folder, "-c", "core.quotePath=false", "-c", "core.fsmonitor=false", *words]
    try:
        done = subprocess.run(
            command, capture_output=True, check=False, env=os.environ | _QUIET, stdin=subprocess.DEVNULL
        )
    except FileNotFoundError:
        raise GitError("git is not installed", "install git, or leave --base away") from None
    except OSError as error:
        raise GitError(f"git cannot be run: {error.strerror or error}") from None
    if done.returncode != 0 or len(done.stdout) > _OUTPUT:
        said = os.fsdecode(done.stderr).strip().splitlines() or [f"status {done.returncode}"]
        raise GitError(f"git {words[0]}: {said[0].removeprefix('fatal: ')}", _cure(said))
    return done.stdout


def _cure(said: list[str]) -> str | None:
    """What git itself says about it, where it says more than a line."""
    more = " ".join(line.strip() for line in said[1:] if line.strip())
    return more or None
