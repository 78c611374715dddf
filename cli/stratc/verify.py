"""`stratc verify`: does every claim hold?"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from stratc.analysis import load
from stratc.colour import paint_for
from stratc.decide import Report, prove, status_of
from stratc.problem import news, tell
from stratc.render import verification_text
from stratc.status import Status


def verify(files: Sequence[str], format: str, deny_warnings: bool) -> Status:
    """Print what was decided: text file by file as it is found out, JSON once at the end.

    Only who asks for JSON waits for what prints it.
    """
    reports = []
    told: set[str] = set()
    for file in files:
        report = prove(load(file, deny_warnings), show_progress=format == "text")
        reports.append(report)
        if format == "text":
            print_report(report, told)
    if format == "json":
        from stratc.report import reports_json

        sys.stdout.write(reports_json(reports))
    return status_of(reports)


def print_report(report: Report, told: set[str]) -> None:
    """Verdicts to standard output, problems that were not `told` yet to standard error."""
    for result in report.results:
        shown = verification_text(result.verification, result.seconds, paint_for(sys.stdout))
        print(shown, end="\n\n", flush=True)
    for problem in news(report.problems, told):
        tell(problem)
