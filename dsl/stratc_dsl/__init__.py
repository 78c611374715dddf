"""The .strat language: text to typed strategy. Pure: text in, values out.

result = parse_strategies(Source("carry.strat", text))
for diagnostic in result.diagnostics:
    print(render_diagnostic(diagnostic, source))
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from stratc_dsl.check import check
from stratc_dsl.diagnostic import Diagnostic, Label, Severity, diagnostic_to_json
from stratc_dsl.errors import explain
from stratc_dsl.parse import parse
from stratc_dsl.render import render_diagnostic
from stratc_dsl.span import Source, Span
from stratc_dsl.strategy import Strategy
from stratc_dsl.syntax import File

__all__ = [
    "Diagnostic",
    "Label",
    "ParseResult",
    "Severity",
    "Source",
    "Span",
    "Strategy",
    "diagnostic_to_json",
    "explain",
    "parse_strategies",
    "render_diagnostic",
]


@dataclass(frozen=True, slots=True)
class ParseResult:
    """Strategies, or the errors why there are none: `strategies` is empty if and only if a diagnostic is an error."""

    strategies: tuple[Strategy, ...]
    diagnostics: tuple[Diagnostic, ...]


def parse_strategies(source: Source) -> ParseResult:
    """Every strategy of a text, typed. Raises nothing, whatever the text holds."""
    with _without_collector():
        tree = parse(source)
        if not isinstance(tree, File):
            return ParseResult((), tree)
        strategies, errors = check(tree)
    diagnostics = tuple(error.diagnostic() for error in errors)
    if any(one.severity is Severity.ERROR for one in diagnostics):
        return ParseResult((), diagnostics)
    return ParseResult(strategies, diagnostics)


@contextmanager
def _without_collector() -> Iterator[None]:
    """Trees have no cycles, and looking for some among millions of nodes makes long texts slower than linear."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
