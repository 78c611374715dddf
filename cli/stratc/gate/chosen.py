"""Which files the gate judges, each with its text at the base."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from stratc.analysis import Loaded, load, load_source
from stratc.folder import files_below, strategies_below
from stratc.gate.certificates import subject, subject_at
from stratc.gate.excluded import NOTHING, Excluded
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


def chosen(files: Sequence[str], base: str | None, excluded: Excluded = NOTHING) -> list[Chosen]:
    """Every file that is given, or found from here on; with a base those that changed since. Raises GitError."""
    if base is not None:
        return _since(repository().revision(base), files, excluded)
    known = _repository()
    if not files:
        found = strategies_below(Path()) if known is None else [known.name_of(p) for p in known.listed(STRATEGIES, ".")]
        files = [file for file in found if not _hidden(file) and not excluded.covers(file)]
    return [_given(file, known, excluded) for file in dict.fromkeys(files)]


def _repository() -> Repository | None:
    try:
        return repository()
    except GitError:
        return None


def _hidden(file: str) -> bool:
    return any(part.startswith(".") and part not in (".", "..") for part in Path(file).parts)


def _given(file: str, known: Repository | None, excluded: Excluded) -> Chosen:
    return Chosen(file, State.GIVEN, load(file, may_only_share=True), certificates=_beside(file, known, excluded))


def _beside(file: str, known: Repository | None, excluded: Excluded) -> tuple[str, ...]:
    """Certificates in the folder of a file and in folders there: committed ones, where there is a repository."""
    return tuple(name for name in _below(os.path.dirname(file) or ".", known) if not excluded.covers(name))


def _below(folder: str, known: Repository | None) -> list[str]:
    if known is not None:
        try:
            return list(map(known.name_of, known.listed(CERTIFICATES, folder, tracked=True)))
        except GitError:  # the file is in none, or in another one
            pass
    return files_below(Path(folder), CERTIFICATES) if os.path.isdir(folder) else []


# ── with a base ────────────────────────────────────────────────────────────────────────────


def _since(base: Revision, files: Sequence[str], excluded: Excluded) -> list[Chosen]:
    """Files that changed, those that use one that changed, those with another certificate, and faulty ones."""
    known, moved = base.repository, base.moved()
    left: list[str] = []
    if files:
        paths = [known.path_of(file) for file in files]
    else:
        names = {path: known.name_of(path) for path in known.listed(STRATEGIES, ".", absent=True)}
        listed = [path for path, name in names.items() if not _hidden(name) and not excluded.covers(name)]
        left = _left(base, moved, set(listed), excluded)
        paths = [*listed, *left]
    found = []
    for path in sorted(dict.fromkeys(paths)):
        here, there = moved.get(path), os.path.lexists(os.path.join(known.root, path))
        # What is left is in no listing of git's, also where a link of its folder leads to where it is now.
        if path in left or (here is not None and here.state is State.DELETED):
            found.append(_gone(base, path, moved))
        elif there:
            one = _here(base, path, moved, excluded)
            if one.state is not State.SAME or one.loaded.faulty or _touched(one, base, moved):
                found.append(one)
        elif here is not None or known.tracks(path):
            one = _absent(base, here or Moved(path, State.SAME, path), moved)
            if one.state is not State.SAME or _touched(one, base, moved):
                found.append(one)
        else:
            found.append(_gone(base, path, moved))
    return found


def _left(base: Revision, moved: dict[str, Moved], judged: set[str], excluded: Excluded) -> list[str]:
    """Strategies below the folder that the user is in which are gone, or are now where nobody judges them."""
    known = base.repository
    here = known.path_of("x")[:-1]
    gone = (one.was for one in moved.values() if one.path not in judged)
    strategies = (was for was in gone if was is not None and was.endswith(".strat") and was.startswith(here))
    names = {was: known.name_of(was) for was in strategies if was not in judged}
    return [was for was, name in names.items() if not _hidden(name) and not excluded.covers(name)]


def _here(base: Revision, path: str, moved: dict[str, Moved], excluded: Excluded) -> Chosen:
    known = base.repository
    file = known.name_of(path)
    here = moved.get(path, Moved(path, State.SAME, path))
    loaded = load(file, may_only_share=True)
    certificates = _beside(file, known, excluded)
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


def changed_certificates(base: str, files: Sequence[str], excluded: Excluded) -> list[Chosen]:
    """Certificates that differ from the base, each as a file to judge; those that are gone are deleted ones.

    Of files that are named only what is gone from their folders: what is there stands beside them.
    """
    revision = repository().revision(base)
    known, moved = revision.repository, revision.moved()
    gone = _lost(revision, moved.values(), files, excluded)
    deleted = {one.path for one in moved.values() if one.state is State.DELETED}
    # Also what a sparse checkout leaves out: whoever reads it will say so.
    there = known.listed(CERTIFICATES, ".", tracked=True, absent=True)
    names = [name for name in map(known.name_of, (p for p in there if p not in deleted)) if not excluded.covers(name)]
    changed = [] if files else [name for name in names if known.steps(name) & moved.keys()]
    return [
        *(Chosen(name, State.CHANGED, Loaded(name)) for name in changed),
        *(Chosen(name, State.DELETED, Loaded(name)) for name in gone),
    ]


def _lost(base: Revision, moved: Iterable[Moved], files: Sequence[str], excluded: Excluded) -> list[str]:
    """Certificates of the base that are gone, or are now where nobody audits them or about something else."""
    known = base.repository
    folders = tuple(known.path_of(os.path.join(os.path.dirname(file), "x"))[:-1] for file in files or ("x",))

    def audited(path: str) -> bool:
        inside = path.startswith(folders) and fnmatchcase(posixpath.basename(path), CERTIFICATES)
        return inside and not excluded.covers(known.name_of(path))

    def kept(was: str, one: Moved) -> bool:
        return one.state is not State.DELETED and audited(one.path) and _same_subject(base, was, one.path)

    had = ((one.was, one) for one in moved if one.was is not None and audited(one.was))
    return sorted(known.name_of(was) for was, one in had if not kept(was, one))


def _same_subject(base: Revision, was: str, path: str) -> bool:
    """Whether a certificate speaks of the strategy and the file that the base's did: git tells files by their lines.

    What is no certificate here is told by whoever audits it, and what was none at the base showed nothing.
    """
    before, now = subject_at(base, was), subject(base.repository.name_of(path))
    return before is None or now is None or before == now
