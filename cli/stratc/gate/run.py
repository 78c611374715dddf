"""The gate as a command: judges every file that is to be judged, and tells it in one of five formats."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

from stratc.analysis import Loaded
from stratc.colour import paint_for
from stratc.decide import Report
from stratc.gate.certificates import lost, unclaimed
from stratc.gate.chosen import Chosen, changed_certificates, chosen
from stratc.gate.excluded import NOTHING, Excluded
from stratc.gate.judged import Judged, judge
from stratc.gate.reader import at_base
from stratc.gate.revision import GitError, State
from stratc.gate.text import judged_text, left_out_text, summary
from stratc.problem import Problem, news, tell, unreadable
from stratc.replace import Unwritable, write_text
from stratc.status import Status, worst
from stratc_dsl.record import Record


class Wanted(Record):
    """In which format standard output is, which are written into files besides, and what is not to be judged."""

    format: str
    files: tuple[tuple[str, str], ...] = ()
    excluded: Excluded = NOTHING

    @property
    def for_people(self) -> bool:
        return self.format == "text"


def gate(files: Sequence[str], base: str | None, shrink: Fraction | None, wanted: Wanted) -> Status:
    """Text file by file as it is found out, the other formats once at the end, whatever the verdict is."""
    try:
        to_judge = chosen(files, base, wanted.excluded)
        left_out = wanted.excluded.found(base)
    except GitError as error:
        return _refuse(at_base(".", str(error), error.help), base, wanted)
    if not to_judge and base is None:
        but = ", but in folders that --exclude leaves out" if left_out else ""
        return _refuse(unreadable(".", f"has no .strat file in it{but}", "name the files to be judged"), base, wanted)
    if wanted.for_people and left_out:
        print(left_out_text(left_out), end="\n\n", flush=True)
    judged = []
    for one in to_judge:
        judged.append(judge(one, base, shrink, wanted.for_people))
        _show(judged[-1], wanted)
    if base is not None:
        for other in _unclaimed(base, files, wanted.excluded, judged):
            judged.append(other)
            _show(other, wanted)
    return _deliver(judged, base, wanted, left_out)


def _unclaimed(base: str, files: Sequence[str], excluded: Excluded, judged: Sequence[Judged]) -> list[Judged]:
    """Certificates that changed and were audited with no file: nobody knows what they show. Those that are gone too."""
    audited = {audit.certificate for one in judged for audit in one.audits}
    changed = changed_certificates(base, files, excluded)
    left = [one for one in changed if one.state is State.DELETED or one.file not in audited]
    found = (lost(one.file, base) if one.state is State.DELETED else unclaimed(one.file) for one in left)
    return [Judged(one, base, Report(one.file), audits=(audit,)) for one, audit in zip(left, found, strict=True)]


def _refuse(problem: Problem, base: str | None, wanted: Wanted) -> Status:
    """What stops the gate before any file is judged. Machines are told in their format."""
    tell(problem)
    nothing = Chosen(str(problem.fields["file"]), State.GIVEN, Loaded("."), problems=(problem,))
    return _deliver([Judged(nothing, base, Report(nothing.file))], base, wanted)


def _deliver(judged: Sequence[Judged], base: str | None, wanted: Wanted, left_out: Sequence[str] = ()) -> Status:
    """The summary or the document, and the same in files. What cannot be written is bad input."""
    status = worst(one.status for one in judged)
    if not wanted.for_people:
        text = _document(judged, base, status, wanted.format, left_out)
        sys.stdout.write(text.encode("utf-8", "backslashreplace").decode())
    elif status is not Status.BAD_INPUT or any(one.report.results for one in judged):
        print(summary(judged, base, status))
    for format, file in wanted.files:
        try:
            write_text(Path(file), _document(judged, base, status, format, left_out))
        except Unwritable as error:
            tell(unreadable(file, error.why))
            status = Status.BAD_INPUT
    return status


def _show(judged: Judged, wanted: Wanted) -> None:
    if not wanted.for_people:
        return
    print(judged_text(judged, paint_for(sys.stdout)), end="\n\n", flush=True)
    for problem in news((*judged.report.problems, *judged.chosen.problems), set()):
        tell(problem)


def _document(judged: Sequence[Judged], base: str | None, status: Status, format: str, left_out: Sequence[str]) -> str:
    """Only who asks for a format waits for what prints it."""
    if format == "text":
        before = [left_out_text(left_out)] if left_out else []
        return "\n\n".join([*before, *map(judged_text, judged), summary(judged, base, status)]) + "\n"
    if format == "json":
        from stratc.gate.document import document

        return document(judged, base, status, left_out)
    if format == "sarif":
        from stratc.sarif import sarif

        return sarif((problem for one in judged for problem in one.problems), left_out)
    if format == "junit":
        from stratc.gate.junit import junit

        return junit(judged, left_out)
    from stratc.gate.markdown import markdown

    return markdown(judged, base, status, left_out)
