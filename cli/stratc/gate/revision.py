"""What git says of a repository and of one revision of it, with a plain sentence for everything that can go wrong."""

from __future__ import annotations

import os
import posixpath
import re
import subprocess
from collections.abc import Mapping
from enum import Enum
from fnmatch import fnmatchcase
from pathlib import Path

from stratc.gate.links import Astray, steps
from stratc.read import text_of
from stratc_dsl import Unreadable
from stratc_dsl.record import Record

_QUIET = {"GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_NO_REPLACE_OBJECTS": "1"}
_SETTINGS = tuple(
    word
    for setting in ("quotePath=false", "fsmonitor=false", "trustctime=true", "checkStat=default")
    for word in ("-c", f"core.{setting}")
)
"""Names as they are, and no file taken for unchanged because its size and its time of writing were restored."""

_PATHSPECS = {f"GIT_{kind}_PATHSPECS" for kind in ("LITERAL", "GLOB", "NOGLOB", "ICASE")}
_COMMIT = re.compile("[0-9a-f]{40}|[0-9a-f]{64}")
_LINK, _SUBMODULE = "120000", "160000"
_LFS = "version https://git-lfs.github.com/spec/"
"""How a file begins that stands in a commit for one that Git LFS has."""

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
    """A path below the root that differs from the base, and where it was there; `was` is None for a new file.

    Of what git does not track it cannot be known whether it was there when the base was judged.
    """

    path: str
    state: State
    was: str | None
    tracked: bool = True


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

    def steps(self, file: str) -> set[str]:
        """Every path of the repository that decides what a file of the user's holds: links, submodules, itself."""
        begin = Path(os.getcwd(), file).as_posix()
        found = set()
        try:
            for place in steps(begin, lambda path: os.readlink(path) if os.path.islink(path) else None):
                inside = os.path.relpath(place, self.root)
                found.add(Path(inside).as_posix())
        except (Astray, OSError):  # whoever reads the file is told
            pass
        return {path for path in found if path != ".." and not path.startswith("../")}

    def listed(self, pattern: str, folder: str, tracked: bool = False, absent: bool = False) -> list[str]:
        """Files of that pattern below a folder of the user's: those of git, and new ones unless only `tracked`.

        Those that are `absent` from the work tree count only where they are asked for.
        """
        new = () if tracked else ("--others", "--exclude-standard")
        inside = self.path_of(os.path.join(folder, "x"))[:-1]
        below = (inside,) if inside else ()
        found = self._lines("ls-files", "-z", "--cached", *new, "--", *below)
        here = {path for path in found if fnmatchcase(posixpath.basename(path), pattern)}
        return sorted(path for path in here if absent or os.path.lexists(os.path.join(self.root, path)))

    def tracks(self, path: str) -> bool:
        """Whether a file is in the index."""
        return path in self._lines("ls-files", "-z", "--cached", "--", path)

    def unseen(self) -> list[str]:
        """Files of the work tree that git was told not to look at: `update-index --assume-unchanged`, and its like."""
        marked = (line.split(" ", 1) for line in self._lines("ls-files", "-z", "-v", "--cached"))
        paths = (path for tag, path in marked if tag.islower() or tag == "S")
        return [path for path in paths if os.path.lexists(os.path.join(self.root, path))]

    def revision(self, name: str) -> Revision:
        """The commit of that name. Raises GitError where there is none, two, or none yet in a shallow clone."""
        if "\0" in name or not name:
            raise GitError("the base is no name of a revision")
        self._only_one(name)
        try:
            found = self._lines("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
        except GitError:
            found = []
        commit = found[0].strip() if found else ""
        if not _COMMIT.fullmatch(commit):  # `^HEAD` is everything but HEAD
            if self._lines("rev-parse", "--is-shallow-repository")[0].strip() == "true":
                cure = "fetch more of its history: `git fetch --unshallow`, or `fetch-depth: 0` in the checkout"
                raise GitError(f"this shallow clone does not have the revision `{name}`", cure)
            if name == "HEAD":
                raise GitError(f"there is no commit in {self.root} yet", "make a first one: a gate compares with it")
            cure = "is it fetched? `git fetch origin` brings the branches of `origin`"
            raise GitError(f"there is no revision `{name}` in {self.root}", cure)
        return Revision(self, name, commit, self._entries(commit))

    def _only_one(self, name: str) -> None:
        """Raises GitError where branches, tags and branches of a remote have that name: git would take the tag.

        Whoever may push a tag `origin/main` would choose what is compared with.
        """
        short = re.split(r"[~^:]|@\{", name)[0]
        kinds = [f"refs/{kind}{short}" for kind in ("", "tags/", "heads/", "remotes/")]
        told = self._lines("for-each-ref", "--format=%(refname)%00%(objectname)%00", *kinds)
        pairs = [(one.strip(), commit) for one, commit in zip(told[::2], told[1::2], strict=False)]
        here = {one: commit for one, commit in pairs if one in kinds}
        if len(set(here.values())) > 1:
            raise GitError(f"`{short}` may be {' or '.join(here)}", "say which: write the whole name")

    def _entries(self, commit: str) -> dict[str, tuple[str, str]]:
        """Mode and object of every file, link and submodule of a commit."""
        found = {}
        for line in self._lines("ls-tree", "-r", "-z", "--full-tree", commit):
            about, _, path = line.partition("\t")
            mode, _, name = about.split(" ")
            found[path] = (mode, name)
        return found

    def _lines(self, *words: str) -> list[str]:
        """The answer, cut at NUL bytes."""
        return [one for one in os.fsdecode(self.git(*words)).split("\0") if one]

    def git(self, *words: str) -> bytes:
        return _git(self.root, *words)


class Revision(Record):
    """A commit, by the name that the user gave it, and what is in it: mode and object of each path."""

    repository: Repository
    name: str
    commit: str
    entries: Mapping[str, tuple[str, str]]

    def moved(self) -> dict[str, Moved]:
        """Every path of the work tree that differs from this commit, and deleted ones, by the path that it has now.

        What is deleted from the index is deleted, though the file is left. A submodule is one path. A file that git was
        told to take for unchanged counts as changed: git does not look at it.
        """
        words = ("diff", "--name-status", "-z", "-M", "--no-ext-diff", "--no-textconv", "--ignore-submodules=none")
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
        for name in self.repository._lines("ls-files", "-z", "--others", "--exclude-standard"):
            path = name.rstrip("/")  # another repository in this one
            known = path in self.entries
            state = State.CHANGED if known else State.ADDED
            found.setdefault(path, Moved(path, state, path if known else None, tracked=False))
        for path in self.repository.unseen():
            known = path in self.entries
            found.setdefault(path, Moved(path, State.CHANGED if known else State.ADDED, path if known else None))
        return found

    def source_name(self, path: str) -> str:
        """What a file of this commit is called in messages, as git would."""
        return f"{self._prefix}{path}"

    @property
    def _prefix(self) -> str:
        return f"{self.commit[:12]}:"

    def path_of(self, name: str) -> str:
        """The path of a file of this commit by its name in messages."""
        return name.removeprefix(self._prefix)

    def steps(self, path: str) -> list[str]:
        """Every path of this commit that decides what a path holds, the last one where it ends. Raises Astray."""
        return list(steps(path, self._target))

    def _target(self, path: str) -> str | None:
        mode, blob = self.entries.get(path, ("", ""))
        return os.fsdecode(self.repository.git("cat-file", "blob", blob)) if mode == _LINK else None

    def blob(self, path: str) -> bytes:
        """What a path of this commit holds, through links; nothing where it holds no file, or git does not have it."""
        try:
            mode, blob = self.entries.get(self.steps(path)[-1], (_SUBMODULE, ""))
            return b"" if mode == _SUBMODULE else self.repository.git("cat-file", "blob", blob)
        except (Astray, GitError):
            return b""

    def text(self, path: str) -> str | Unreadable | None:
        """The text of a file of this commit, None where there is none. Raises GitError where git cannot give it."""
        try:
            way = self.steps(path)
        except Astray as error:
            return Unreadable(f"{error} at {self.name}")
        if any(self.entries.get(place, ("",))[0] == _SUBMODULE for place in way):
            return Unreadable(f"is in a submodule at {self.name}", "keep strategies in one repository")
        end = way[-1]
        if end in self.entries:
            text = text_of(self.repository.git("cat-file", "blob", self.entries[end][1]))
            kept = isinstance(text, str) and text.startswith(_LFS)
            return Unreadable(f"is kept outside of git, by Git LFS, at {self.name}") if kept else text
        if any(one.startswith(f"{end}/") for one in self.entries):
            return Unreadable(f"is a directory at {self.name}, not a strategy")
        if any(self.entries.get(place, ("",))[0] == _LINK for place in way):
            return Unreadable(f"is a symbolic link that leads nowhere at {self.name}")
        return None


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
    settings = (*_SETTINGS, "--literal-pathspecs")
    command = ["git", "-C", folder, *settings, *words]
    environment = {name: value for name, value in os.environ.items() if name not in _PATHSPECS} | _QUIET
    try:
        done = subprocess.run(command, capture_output=True, check=False, env=environment, stdin=subprocess.DEVNULL)
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
