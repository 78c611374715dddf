"""From files to models: the way that every command goes, and how far each file came."""

from __future__ import annotations

from msgspec.structs import replace

from stratc.problem import Problem, of_diagnostic, of_unsupported
from stratc.read import read_source, read_used
from stratc_compiler.errors import Unsupported
from stratc_compiler.model import build_vault
from stratc_compiler.vault import Vault
from stratc_dsl import Reader, Severity, parse_strategies
from stratc_dsl.record import Record
from stratc_dsl.span import Source
from stratc_targets.venues import venue_factories


class Model(Record):
    """A strategy that is well typed and supported; nothing is proved of it yet."""

    vault: Vault
    source: Source


class Loaded(Record):
    """One file: its models and warnings, or what is wrong with it; and the names of the files that it uses."""

    file: str
    models: tuple[Model, ...] = ()
    problems: tuple[Problem, ...] = ()
    used: tuple[str, ...] = ()

    @property
    def faulty(self) -> bool:
        """Whether an error was found."""
        return any(problem.fatal for problem in self.problems)


def load(file: str, deny_warnings: bool = False, may_only_share: bool = False) -> Loaded:
    """Read, parse, check and lower one file with all that it uses; where warnings are denied, each is an error.

    A file without strategies is an error, unless it `may_only_share` its declarations.
    """
    source = read_source(file)
    if isinstance(source, Problem):
        return Loaded(file, problems=(source,))
    return load_source(source, deny_warnings, may_only_share)


def load_source(
    source: Source, deny_warnings: bool = False, may_only_share: bool = False, read: Reader = read_used
) -> Loaded:
    """The same for a text that is at hand, as those of the files it uses may be."""
    file = source.name
    parsed = parse_strategies(source, read, may_only_share=may_only_share)
    source = parsed.source
    used = tuple(one.source.name for one in source.used)
    problems = tuple(
        of_diagnostic(replace(one, severity=Severity.ERROR) if deny_warnings else one, source)
        for one in parsed.diagnostics
    )
    if any(problem.fatal for problem in problems):
        return Loaded(file, problems=problems, used=used)
    try:
        vaults = [build_vault(strategy, source, venue_factories(strategy)) for strategy in parsed.strategies]
    except Unsupported as error:
        return Loaded(file, problems=(*problems, of_unsupported(error, source)), used=used)
    return Loaded(file, tuple(Model(vault, source) for vault in vaults), problems, used)
