"""Which files the gate judges, each with its text at the base."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from stratc.analysis import Loaded, load, load_source
from stratc.folder import files_below, strategies_below
from stratc.gate.reader import BaseReader
from stratc.gate.revision import GitError, Moved, Repository, Revision, State, repository
from stratc.problem import Problem, unreadable
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
        listed = [path for path in known.listed(STRATEGIES, ".", absent=True) if not _hidden(known.name_of(path))]
        paths = [*listed, *_left(base, moved, set(listed))]
    found = []
    for path in sorted(dict.fromkeys(paths)):
        here, there = moved.get(path), os.path.lexists(os.path.join(known.root, path))
        if here is not None and here.state is State.DELETED:
            found.append(_gone(base, path, moved))
        elif there:
            one = _here(base, path, moved)
            if one.state is not State.SAME or one.loaded.faulty or _touched(one, base, moved):
                found.append(one)
        elif here is not None or known.tracks(path):
            one = _absent(base, here or Moved(path, State.SAME, path), moved)
            if one.state is not State.SAME or _touched(one, base, moved):
                found.append(one)
        else:
            found.append(_gone(base, path, moved))
    return found


def _left(base: Revision, moved: dict[str, Moved], judged: set[str]) -> list[str]:
    """Strategies below the folder that the user is in which are gone, or are now where nobody judges them."""
    known = base.repository
    here = known.path_of("x")[:-1]
    gone = (one.was for one in moved.values() if one.path not in judged)
    strategies = (was for was in gone if was is not None and was.endswith(".strat") and was.startswith(here))
    return [was for was in strategies if was not in judged and not _hidden(known.name_of(was))]


def _here(base: Revision, path: str, moved: dict[str, Moved]) -> Chosen:
    known = base.repository
    file = known.name_of(path)
    here = moved.get(path, Moved(path, State.SAME, path))
    loaded = load(file, may_only_share=True)
    certificates = _beside(file, known)
    if here.was is None:
        return Chosen(file, here.state, loaded, certificates=certificates)
    old, problems = _at(base, here.was, moved)
    if old is None and not problems:  # git ignores it
        return Chosen(file, State.ADDED, loaded, certificates=certificates)
    return Chosen(file, here.state, loaded, here.was, old, certificates, problems)


def _absent(base: Revision, here: Moved, moved: dict[str, Moved]) -> Chosen:
    """A file that git tracks and keeps out of the work tree. Where it has to be judged, it cannot be."""
    file = base.repository.name_of(here.path)
    old, problems = (None, ()) if here.was is None else _at(base, here.was, moved)
    cure = "check it out: `git sparse-checkout disable` checks out everything"
    missing = unreadable(file, "has to be judged, and a sparse checkout leaves it out", cure)
    return Chosen(file, here.state, Loaded(file), here.was, old, problems=(missing, *problems))


def _gone(base: Revision, path: str, moved: dict[str, Moved]) -> Chosen:
    """A file that is not there any more. What nobody ever had is a mistake of the command line."""
    file = base.repository.name_of(path)
    old, problems = _at(base, path, moved)
    if old is None and not problems:
        missing = unreadable(file, f"no such file, here or at {base.name}", "is the path right?")
        return Chosen(file, State.GIVEN, Loaded(file, problems=(missing,)))
    return Chosen(file, State.DELETED, Loaded(file), path, old, problems=problems)


def _at(base: Revision, path: str, moved: dict[str, Moved]) -> tuple[Loaded | None, tuple[Problem, ...]]:
    """A file at the base: None where it was not there, problems where it or what it uses cannot be known."""
    read = BaseReader(base, moved)
    text = read.text(path)
    if text is None:
        return None, ()
    if isinstance(text, Unreadable):
        return None, tuple(read.failures.values())
    old = load_source(Source(base.source_name(path), text), may_only_share=True, read=read)
    return old, tuple(read.failures.values())


def _touched(one: Chosen, base: Revision, moved: dict[str, Moved]) -> bool:
    """Whether a file that it uses, or used, differs, or a certificate beside it, or a link that leads to one."""
    changed = {*moved, *(other.was for other in moved.values())}
    names = (one.file, *one.loaded.used, *one.certificates)
    before = () if one.old is None else one.old.used
    return any(changed & base.repository.steps(name) for name in names) or any(
        changed & set(base.steps(base.path_of(name))) for name in before
    )


def changed_certificates(base: str) -> list[Chosen]:
    """Certificates from here on that differ from the base, each as a file to judge."""
    revision = repository().revision(base)
    known, moved = revision.repository, revision.moved()
    names = map(known.name_of, known.listed(CERTIFICATES, ".", tracked=True))
    return [Chosen(name, State.CHANGED, Loaded(name)) for name in names if known.steps(name) & moved.keys()]
