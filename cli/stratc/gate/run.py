"""The gate as a command: judges every file that is to be judged, and tells it in one of five formats."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from fractions import Fraction

from stratc.colour import paint_for
from stratc.gate.chosen import Chosen, at_base, chosen
from stratc.gate.judged import Judged, judge
from stratc.gate.revision import GitError, State
from stratc.gate.text import judged_text, summary
from stratc.problem import Problem, news, tell, unreadable
from stratc.status import Status, worst

FORMATS = ("text", "json", "sarif", "junit", "markdown")


def gate(files: Sequence[str], base: str | None, shrink: Fraction | None, format: str) -> Status:
    """Text file by file as it is found out, the other formats once at the end, whatever the verdict is."""
    try:
        to_judge = chosen(files, base)
    except GitError as error:
        return _refuse(at_base(".", str(error), error.help), base, format)
    if not to_judge and base is None:
        return _refuse(unreadable(".", "has no .strat file in it", "name the files to be judged"), base, format)
    judged = []
    for one in to_judge:
        judged.append(judge(one, base, shrink, show_progress=format == "text"))
        if format == "text":
            _print(judged[-1])
    status = worst(one.status for one in judged)
    if format == "text":
        print(summary(judged, base, status))
    else:
        sys.stdout.write(_document(judged, base, status, format))
    return status


def _refuse(problem: Problem, base: str | None, format: str) -> Status:
    """What stops the gate before any file is judged. Machines are told in their format."""
    tell(problem)
    if format != "text":
        from stratc.analysis import Loaded
        from stratc.decide import Report

        nothing = Chosen(str(problem.fields["file"]), State.GIVEN, Loaded("."), problems=(problem,))
        judged = Judged(nothing, base, Report(nothing.file))
        sys.stdout.write(_document([judged], base, Status.BAD_INPUT, format))
    return Status.BAD_INPUT


def _print(judged: Judged) -> None:
    print(judged_text(judged, paint_for(sys.stdout)), end="\n\n", flush=True)
    for problem in news((*judged.report.problems, *judged.chosen.problems), set()):
        tell(problem)


def _document(judged: Sequence[Judged], base: str | None, status: Status, format: str) -> str:
    """Only who asks for a format waits for what prints it."""
    if format == "json":
        from stratc.gate.document import document

        return document(judged, base, status)
    if format == "sarif":
        from stratc.sarif import sarif

        return sarif(problem for one in judged for problem in one.problems)
    if format == "junit":
        from stratc.gate.junit import junit

        return junit(judged)
    from stratc.gate.markdown import markdown

    return markdown(judged, base, status)
