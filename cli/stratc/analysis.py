"""From files to models to verdicts: the way that every command goes, and how far each file came."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from stratc.problem import Problem, of_diagnostic, of_unsupported
from stratc.read import read_source
from stratc.status import Status, of_verdict, worst
from stratc_compiler import driver
from stratc_compiler.errors import Unsupported
from stratc_compiler.model import build_vault
from stratc_compiler.vault import Vault
from stratc_compiler.verdict import Verification
from stratc_dsl import Severity, parse_strategies
from stratc_dsl.span import Source
from stratc_targets.venues import venue_factories


@dataclass(frozen=True, slots=True)
class Model:
    """A strategy that is well typed and supported; nothing is proved of it yet."""

    vault: Vault
    source: Source


@dataclass(frozen=True, slots=True)
class Loaded:
    """One file: its models and warnings, or what is wrong with it."""

    file: str
    models: tuple[Model, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def faulty(self) -> bool:
        """Whether an error was found."""
        return any(problem.fatal for problem in self.problems)


@dataclass(frozen=True, slots=True)
class Timed:
    verification: Verification
    seconds: float


@dataclass(frozen=True, slots=True)
class Report:
    """One file: what was found out about its strategies with its warnings, or what is wrong with it."""

    file: str
    results: tuple[Timed, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def status(self) -> Status:
        if any(problem.fatal for problem in self.problems):
            return Status.BAD_INPUT
        return worst(status for one in self.results for status in _statuses(one.verification))


def _statuses(verification: Verification) -> list[Status]:
    """One status a claim; nothing claimed is nothing proved."""
    return [of_verdict(claim.verdict) for claim in verification.claims] or [Status.UNKNOWN]


def load(file: str, deny_warnings: bool = False) -> Loaded:
    """Read, parse, check and lower one file; where warnings are denied, each is an error."""
    source = read_source(file)
    if isinstance(source, Problem):
        return Loaded(file, problems=(source,))
    parsed = parse_strategies(source)
    problems = tuple(
        of_diagnostic(replace(one, severity=Severity.ERROR) if deny_warnings else one, source)
        for one in parsed.diagnostics
    )
    if any(problem.fatal for problem in problems):
        return Loaded(file, problems=problems)
    try:
        vaults = [build_vault(strategy, source, venue_factories()) for strategy in parsed.strategies]
    except Unsupported as error:
        return Loaded(file, problems=(*problems, of_unsupported(error, source)))
    return Loaded(file, tuple(Model(vault, source) for vault in vaults), problems)


def prove(loaded: Loaded) -> Report:
    """Decide every claim of every strategy of a file."""
    results = []
    for model in loaded.models:
        started = time.perf_counter()
        try:
            verification = driver.verify(model.vault, model.source)
        except Unsupported as error:
            return Report(loaded.file, problems=(*loaded.problems, of_unsupported(error, model.source)))
        results.append(Timed(verification, time.perf_counter() - started))
    return Report(loaded.file, tuple(results), loaded.problems)


def status_of(reports: Sequence[Report]) -> Status:
    """What a run over several files ends with."""
    return worst(report.status for report in reports)
