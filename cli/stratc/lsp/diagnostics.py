"""What `stratc check` would say, as diagnostics of the protocol."""

from __future__ import annotations

from dataclasses import dataclass

from lsprotocol import types

from stratc.lsp.positions import Positions
from stratc.problem import unsupported_diagnostic
from stratc_compiler.errors import Unsupported
from stratc_compiler.model import build_vault
from stratc_dsl import Diagnostic, Severity, parse_strategies
from stratc_dsl.span import Source
from stratc_dsl.strategy import Strategy
from stratc_targets.venues import venue_factories

SEVERITIES = {
    Severity.ERROR: types.DiagnosticSeverity.Error,
    Severity.WARNING: types.DiagnosticSeverity.Warning,
}


@dataclass(frozen=True, slots=True)
class Checked:
    """One text: its strategies where it has no error, and everything that there is to say about it."""

    source: Source
    strategies: tuple[Strategy, ...]
    diagnostics: tuple[Diagnostic, ...]


def check(source: Source) -> Checked:
    """Parse, type-check and lower a text. An empty one has no strategy, and nobody who begins wants to be told so."""
    if not source.text.strip():
        return Checked(source, (), ())
    parsed = parse_strategies(source)
    diagnostics = list(parsed.diagnostics)
    for strategy in parsed.strategies:
        try:
            build_vault(strategy, source, venue_factories())
        except Unsupported as error:
            diagnostics.append(unsupported_diagnostic(error))
    return Checked(source, parsed.strategies, tuple(diagnostics))


def to_protocol(diagnostic: Diagnostic, uri: str, positions: Positions) -> types.Diagnostic:
    """The help goes into the message: editors show no other place for it."""
    label = diagnostic.primary.text
    lines = [diagnostic.message if not label else f"{diagnostic.message} ({label})"]
    if diagnostic.help:
        lines.append(f"help: {diagnostic.help}")
    return types.Diagnostic(
        range=positions.range(diagnostic.primary.span),
        message="\n".join(lines),
        severity=SEVERITIES[diagnostic.severity],
        code=diagnostic.code,
        source="stratc",
        related_information=[
            types.DiagnosticRelatedInformation(types.Location(uri, positions.range(one.span)), one.text)
            for one in diagnostic.secondary
        ],
    )
