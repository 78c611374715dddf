"""What the gate finds of one file: verdicts, what changed, certificates, and which of it may not be merged."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from stratc.compared import Compared, compare, with_margins
from stratc.decide import Report, prove, verified
from stratc.gate.certificates import Audit, audits
from stratc.gate.chosen import Chosen
from stratc.gate.revision import State
from stratc.problem import (
    CLAIM_REFUTED,
    CLAIM_UNKNOWN,
    WEAKER_THAN_BASE,
    Problem,
    of_diagnostic,
    without_place,
)
from stratc.status import Status, worst
from stratc_compiler.change import Change, Direction
from stratc_compiler.verdict import ClaimResult, Proved, Refuted, Unknown
from stratc_dsl import Diagnostic, Label
from stratc_dsl.record import Record
from stratc_dsl.span import NOWHERE, Source


class Judged(Record):
    """One file. `notes` are what a reader should know and nothing fails by; `shrink` what a margin may lose."""

    chosen: Chosen
    base: str | None
    report: Report
    compared: tuple[Compared, ...] = ()
    audits: tuple[Audit, ...] = ()
    notes: tuple[str, ...] = ()
    shrink: Fraction | None = None

    @property
    def file(self) -> str:
        return self.chosen.file

    @property
    def status(self) -> Status:
        weaker = any(self.fails(change, one) for one in self.compared for change in one.all_changes)
        unreadable = any(problem.fatal for problem in self.chosen.problems)
        statuses = (one.status for one in self.audits)
        decided = Status.PROVED if self.only_shares else self.report.status
        own = (Status.WEAKER if weaker else decided, Status.BAD_INPUT if unreadable else decided)
        return worst((decided, *own, *statuses))

    @property
    def only_shares(self) -> bool:
        """Whether there is nothing to prove: a file that others use, or one that is gone."""
        return not self.report.results and not any(problem.fatal for problem in self.report.problems)

    def fails(self, change: Change, compared: Compared) -> bool:
        """Whether a change may not be merged: it is weaker, and a margin shrank by more than it may."""
        if change.direction is not Direction.WEAKER:
            return False
        moved = next((one for one in compared.margins if one.change is change), None)
        return moved is None or moved.lost is None or self.shrink is None or moved.lost > self.shrink

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Everything that is wrong with it, each as a finding with its place."""
        return (*self.report.problems, *self.chosen.problems, *self._claims(), *self._changes(), *self._audits())

    def _claims(self) -> Iterator[Problem]:
        for one in self.report.results:
            for claim in one.verification.claims:
                problem = of_claim(claim, one.verification.source)
                if problem is not None:
                    yield problem

    def _changes(self) -> Iterator[Problem]:
        for one in self.compared:
            for change in one.all_changes:
                if self.fails(change, one):
                    yield of_change(change, one, self.file, self.base or "the base")

    def _audits(self) -> Iterator[Problem]:
        yield from (one.problem for one in self.audits if one.problem is not None)


def judge(chosen: Chosen, base: str | None, shrink: Fraction | None, show_progress: bool) -> Judged:
    """Decide, compare and audit one file."""
    report = prove(chosen.loaded, show_progress=show_progress)
    compared, notes = _compared(chosen, base)
    if shrink is not None and chosen.old is not None and compared:
        before = verified(prove(chosen.old, show_progress=show_progress))
        compared = tuple(with_margins(one, before, verified(report), show_progress) for one in compared)
    found = tuple(audits(chosen.certificates, chosen.loaded.models))
    return Judged(chosen, base, report, compared, found, notes, shrink)


def _compared(chosen: Chosen, base: str | None) -> tuple[tuple[Compared, ...], tuple[str, ...]]:
    if chosen.old is None or chosen.loaded.faulty:
        new = base is not None and not chosen.problems and chosen.old is None
        return (), (f"not there at {base}: nothing to compare it with",) if new else ()
    if chosen.problems:  # what it was cannot be known
        return (), ()
    if chosen.old.faulty:
        return (), (f"not well formed at {base}, or not for this version: nothing to compare it with",)
    renamed = (f"{chosen.was} at {base}",) if chosen.state is State.RENAMED else ()
    return compare(chosen.old, chosen.loaded), renamed


# ── findings ───────────────────────────────────────────────────────────────────────────────


def of_claim(claim: ClaimResult, source: Source) -> Problem | None:
    """A claim that is not proved, as a finding."""
    match claim.verdict:
        case Proved():
            return None
        case Unknown(why):
            return _placed(CLAIM_UNKNOWN, f"{claim.name}: not proved", why, None, claim, source)
        case Refuted(why, _, help):
            place = claim.verdict if claim.verdict.span != NOWHERE else claim
            return _placed(CLAIM_REFUTED, f"{claim.name}: refuted", why, help, place, source)


def _placed(
    code: str, message: str, why: str, help: str | None, place: ClaimResult | Refuted, source: Source
) -> Problem:
    if place.span == NOWHERE:
        return without_place(code, source.name, f"{message}: {why}", help)
    return of_diagnostic(Diagnostic(code, message, Label(place.span, why), (), help), source)


def of_change(change: Change, compared: Compared, file: str, base: str) -> Problem:
    message = f"weaker than at {base}: {change.text}"
    if change.new == NOWHERE or compared.new is None:
        return without_place(WEAKER_THAN_BASE, file, message, change.why)
    return of_diagnostic(
        Diagnostic(WEAKER_THAN_BASE, message, Label(change.new, change.why), (), None), compared.new.source
    )
