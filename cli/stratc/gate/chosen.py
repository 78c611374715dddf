"""Which files the gate judges, each with its text at the base."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from stratc.analysis import Loaded, load, load_source
from stratc.folder import files_below, strategies_below
from stratc.gate.revision import GitError, Moved, Repository, Revision, State, repository
from stratc.problem import AT_BASE, Problem, unreadable, without_place
from stratc_dsl import Unreadable
from stratc_dsl.record import Record
from stratc_dsl.span import Source

STRATEGIES = "*.strat"
CERTIFICATES = "*certificate.json"


class Chosen(Record):
    """One file to judge. `old` is what it was at the base, None where there is nothing to compare it with."""

    file: str
    state: State
    loaded: Loaded
    was: str | None = None
    old: Loaded | None = None
    certificates: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()


def chosen(files: Sequence[str], base: str | None) -> list[Chosen]:
    """Every file that is given, or found from here on; with a base those that changed since. Raises GitError."""
    if base is not None:
        return _since(repository().revision(base), files)
    known = _repository()
    if not files:
        found = strategies_below(Path()) if known is None else [known.name_of(p) for p in known.listed(STRATEGIES, ".")]
        files = [file for file in found if not _hidden(file)]
    return [_given(file, known) for file in dict.fromkeys(files)]


def _repository() -> Repository | None:
    try:
        return repository()
    except GitError:
        return None


def _hidden(file: str) -> bool:
    return any(part.startswith(".") and part not in (".", "..") for part in Path(file).parts)


def _given(file: str, known: Repository | None) -> Chosen:
    return Chosen(file, State.GIVEN, load(file, may_only_share=True), certificates=_beside(file, known))


def _beside(file: str, known: Repository | None) -> tuple[str, ...]:
    """Certificates in the folder of a file and in folders there: committed ones, where there is a repository."""
    folder = os.path.dirname(file) or "."
    if known is not None:
        try:
            return tuple(map(known.name_of, known.listed(CERTIFICATES, folder, tracked=True)))
        except GitError:  # the file is in none, or in another one
            pass
    return tuple(files_below(Path(folder), CERTIFICATES)) if os.path.isdir(folder) else ()


# ── with a base ────────────────────────────────────────────────────────────────────────────


def _since(base: Revision, files: Sequence[str]) -> list[Chosen]:
    """Files that changed, those that use one that changed, those with another certificate, and faulty ones."""
    known, moved = base.repository, base.moved()
    if files:
        paths = [known.path_of(file) for file in files]
    else:
        found_now = [*known.listed(STRATEGIES, "."), *_deleted(base, moved)]
        paths = [path for path in found_now if not _hidden(known.name_of(path))]
    found = []
    for path in sorted(dict.fromkeys(paths)):
        here = moved.get(path)
        gone = not os.path.lexists(os.path.join(known.root, path))
        if gone and (files or here is not None) and (here is None or here.state is State.DELETED):
            found += _gone(base, path)
        elif not gone:
            one = _here(base, path, moved)
            if here is not None or one.loaded.faulty or _touched(one, known, moved):
                found.append(one)
    return found


def _deleted(base: Revision, moved: dict[str, Moved]) -> list[str]:
    """Strategies that are gone, below the folder that the user is in."""
    here = base.repository.path_of("x")[:-1]
    gone = (path for path, one in moved.items() if one.state is State.DELETED)
    return [path for path in gone if path.endswith(".strat") and path.startswith(here)]


def _here(base: Revision, path: str, moved: dict[str, Moved]) -> Chosen:
    known = base.repository
    file = known.name_of(path)
    here = moved.get(path, Moved(path, State.SAME, path))
    loaded = load(file, may_only_share=True)
    certificates = _beside(file, known)
    if here.was is None:
        return Chosen(file, here.state, loaded, certificates=certificates)
    old, problems = _at(base, here.was)
    return Chosen(file, here.state, loaded, here.was, old, certificates, problems)


def _gone(base: Revision, path: str) -> list[Chosen]:
    """A file that is not there any more. What nobody ever had is a mistake of the command line."""
    file = base.repository.name_of(path)
    old, problems = _at(base, path)
    if old is None and not problems:
        missing = unreadable(file, f"no such file, here or at {base.name}", "is the path right?")
        return [Chosen(file, State.GIVEN, Loaded(file, problems=(missing,)))]
    return [Chosen(file, State.DELETED, Loaded(file), path, old, problems=problems)]


def _at(base: Revision, path: str) -> tuple[Loaded | None, tuple[Problem, ...]]:
    """A file at the base: None where it was not there, a problem where it cannot be known."""
    try:
        text = base.text(path)
    except GitError as error:
        return None, (at_base(path, f"cannot be read at {base.name}: {error}", error.help),)
    if isinstance(text, Unreadable):
        if text.why.startswith("no such file"):
            return None, ()
        return None, (at_base(path, f"cannot be read at {base.name}: {text.why}", text.help),)
    return load_source(Source(base.source_name(path), text), may_only_share=True, read=base.reader), ()


def at_base(file: str, message: str, help: str | None) -> Problem:
    return without_place(AT_BASE, file, message, help)


def _touched(one: Chosen, known: Repository, moved: dict[str, Moved]) -> bool:
    """Whether a file that it uses, or used, differs, or a certificate beside it."""
    used = [known.path_of(name) for name in (*one.loaded.used, *one.certificates)]
    before = [] if one.old is None else [name.partition(":")[2] or name for name in one.old.used]
    return any(path in moved for path in (*used, *map(os.path.normpath, before)))
