"""`stratc diff`: what changed in meaning from one strategy to another?"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence

from msgspec.structs import replace

from stratc import __version__
from stratc.analysis import Loaded, load
from stratc.colour import paint_for
from stratc.compared import Compared, compare, compared_json, counts, with_margins
from stratc.problem import Problem, news, tell
from stratc.render import two_ends
from stratc.status import Status
from stratc_compiler.change import Change, Direction
from stratc_dsl.paint import Paint, Part, plain

PARTS = {Direction.WEAKER: Part.ERROR, Direction.STRONGER: Part.GOOD, Direction.NEITHER: Part.FRAME}


def diff(old: str, new: str, format: str, push: bool) -> Status:
    """Print every change. Status 1 where one of them is weaker."""
    files = [load(old), load(new)]
    compared: tuple[Compared, ...] = ()
    if not any(one.faulty for one in files):
        compared = compare(files[0], files[1])
        if push:
            files, compared = _pushed(files, compared, format)
    status = Status.BAD_INPUT if any(one.faulty for one in files) else status_of(compared)
    if format == "json":
        sys.stdout.write(_json(files, compared, status))
        return status
    for problem in news((problem for one in files for problem in one.problems if problem.fatal), set()):
        tell(problem)
    paint = paint_for(sys.stdout)
    for one in compared:
        print(compared_text(one, old, new, paint), end="\n\n")
    return status


def _pushed(
    files: list[Loaded], compared: tuple[Compared, ...], format: str
) -> tuple[list[Loaded], tuple[Compared, ...]]:
    """The comparisons with margins, and the files with what was found wrong while they were proved."""
    from stratc.decide import prove, verified  # only here: it loads a solver

    reports = [prove(one, show_progress=format == "text") for one in files]
    old, new = map(verified, reports)
    proved = [replace(one, problems=report.problems) for one, report in zip(files, reports, strict=True)]
    return proved, tuple(with_margins(one, old, new, format == "text") for one in compared)


def status_of(compared: Sequence[Compared]) -> Status:
    weaker = any(change.direction is Direction.WEAKER for one in compared for change in one.all_changes)
    return Status.WEAKER if weaker else Status.PROVED


def compared_text(one: Compared, old: str, new: str, paint: Paint = plain) -> str:
    """A header, then every change with its direction and its reason."""
    header = two_ends(f"{one.name}  {old} -> {new}", counts(one.all_changes))
    return "\n".join([paint(header, Part.TITLE), *(change_text(change, paint) for change in one.all_changes)])


def change_text(change: Change, paint: Paint = plain) -> str:
    word = paint(f"{change.direction.value:<8}", PARTS[change.direction])
    return f"  {word} {change.subject.value:<10} {change.text}\n{'':<22}{change.why}"


def _json(files: Sequence[Loaded], compared: Sequence[Compared], status: Status) -> str:
    """One object, described by docs/diff.schema.json, with a line end."""
    document = {
        "stratc": __version__,
        "old": files[0].file,
        "new": files[1].file,
        "strategies": [compared_json(one) for one in compared],
        "diagnostics": [problem.fields for problem in _problems(files)],
        "status": int(status),
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _problems(files: Sequence[Loaded]) -> list[Problem]:
    return list(news((problem for one in files for problem in one.problems), set()))
