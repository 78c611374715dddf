"""`stratc verify`: does every claim hold?"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from stratc.analysis import load
from stratc.colour import paint_for
from stratc.decide import Report, prove, status_of
from stratc.problem import news, tell
from stratc.render import verification_text
from stratc.resting import CannotDeny, Denied, check_denied
from stratc.status import Status
from stratc_compiler.verdict import Verification


def verify(files: Sequence[str], format: str, denied: Denied, with_margins: bool = False) -> Status:
    """Print what was decided: text file by file as it is found out, JSON once at the end.

    With margins, the smallest one stands under each proved claim, which takes as long as `stratc margin`.

    Only who asks for JSON waits for what prints it.
    """
    loaded = [load(file, denied.warnings) for file in files]
    try:
        check_denied(denied, loaded)
    except CannotDeny as error:
        print(f"error: {error}", file=sys.stderr)
        return Status.BAD_INPUT
    reports = []
    told: set[str] = set()
    for one in loaded:
        reports.append(prove(one, denied, show_progress=format == "text"))
        if format == "text":
            print_report(reports[-1], told, with_margins)
    if format == "json":
        from stratc.report import reports_json

        sys.stdout.write(reports_json(reports))
    return status_of(reports)


def print_report(report: Report, told: set[str], with_margins: bool = False) -> None:
    """Verdicts to standard output, problems that were not `told` yet to standard error."""
    for result in report.results:
        below = _nearest(result.verification) if with_margins else {}
        shown = verification_text(result.verification, result.seconds, paint_for(sys.stdout), below)
        print(shown, end="\n\n", flush=True)
    for problem in news(report.problems, told):
        tell(problem)


def _nearest(verification: Verification) -> dict[str, str]:
    """The smallest margin of each claim that has any, in a line. Only who asks for it waits for what finds it."""
    from stratc.margin_text import nearest_text
    from stratc.progress import line_of
    from stratc_compiler.margins import Margin, margins
    from stratc_targets.venues import venue_factories

    strategy = verification.vault.strategy
    by_claim: dict[str, list[Margin]] = {}
    with line_of(strategy.name) as line:
        for one in margins(verification, venue_factories(strategy), told=line.pushing):
            by_claim.setdefault(one.claim, []).append(one)
    paint = paint_for(sys.stdout)
    return {claim: nearest_text(found, verification.source, paint) for claim, found in by_claim.items()}
