"""Exit statuses: several files end with the worst, and a doubt never hides a mistake."""

from __future__ import annotations

import pytest

from cli.made import PROVED, REFUTED, UNKNOWN, report
from stratc.decide import Report, status_of
from stratc.problem import unreadable
from stratc.status import Status

BAD = Report("x.strat", problems=(unreadable("x.strat", "no such file"),))


@pytest.mark.parametrize(
    ("reports", "status"),
    [
        ([report(PROVED)], Status.PROVED),
        ([report(PROVED, REFUTED, UNKNOWN)], Status.REFUTED),
        ([report(PROVED, UNKNOWN)], Status.UNKNOWN),
        ([report(UNKNOWN), report(REFUTED)], Status.REFUTED),
        ([report(REFUTED), BAD, report(UNKNOWN)], Status.BAD_INPUT),
        ([report()], Status.UNKNOWN),
    ],
)
def test_the_worst_counts(reports: list[Report], status: Status) -> None:
    assert status_of(reports) is status
