"""From models to verdicts. Loads the solver, which commands that prove nothing need not wait for."""

from __future__ import annotations

import time
from collections.abc import Sequence

from stratc.analysis import Loaded
from stratc.cache import cache
from stratc.problem import Problem, of_unsupported
from stratc.progress import line_of
from stratc.resting import NOTHING, Denied, findings
from stratc.status import Status, worst
from stratc_compiler import driver
from stratc_compiler.errors import Unsupported
from stratc_compiler.recall import Forgetful
from stratc_compiler.verdict import Proved, Refuted, Unknown, Verdict, Verification
from stratc_dsl.record import Record


class Timed(Record):
    verification: Verification
    seconds: float


class Report(Record):
    """One file: what was found out about its strategies with its warnings, or what is wrong with it."""

    file: str
    results: tuple[Timed, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def status(self) -> Status:
        if any(problem.fatal for problem in self.problems):
            return Status.BAD_INPUT
        return worst(status for one in self.results for status in _statuses(one.verification))


def verified(report: Report) -> dict[str, Verification]:
    """What was decided of each strategy, by its name."""
    return {one.verification.vault.strategy.name: one.verification for one in report.results}


def _statuses(verification: Verification) -> list[Status]:
    """One status a claim; nothing claimed is nothing proved."""
    return [_status(claim.verdict) for claim in verification.claims] or [Status.UNKNOWN]


def _status(verdict: Verdict) -> Status:
    match verdict:
        case Proved():
            return Status.PROVED
        case Refuted():
            return Status.REFUTED
        case Unknown():
            return Status.UNKNOWN


def prove(loaded: Loaded, denied: Denied = NOTHING, show_progress: bool = False) -> Report:
    """Decide every claim of every strategy of a file. The progress is shown on a terminal, if it is wanted."""
    results, problems = [], list(loaded.problems)
    remembered = cache()
    for model in loaded.models:
        started = time.perf_counter()
        try:
            with line_of(model.vault.strategy.name, show_progress) as line:
                options = driver.Options(memory=remembered or Forgetful(), told=line.proving)
                verification = driver.verify(model.vault, model.source, options)
        except Unsupported as error:
            return Report(loaded.file, problems=(*loaded.problems, of_unsupported(error, model.source)))
        problems += findings(verification, denied)
        results.append(Timed(verification, time.perf_counter() - started))
    if remembered is not None:
        remembered.tidy()
    return Report(loaded.file, tuple(results), tuple(problems))


def status_of(reports: Sequence[Report]) -> Status:
    """What a run over several files ends with."""
    return worst(report.status for report in reports)
