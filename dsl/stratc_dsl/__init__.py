"""The .strat language: text to typed strategy. Pure: text in, values out.

result = parse_strategies(Source("carry.strat", text))
if result.diagnostics:
    for diagnostic in result.diagnostics:
        print(render_diagnostic(diagnostic, source))
"""

from __future__ import annotations

from dataclasses import dataclass

from stratc_dsl.check import check
from stratc_dsl.diagnostic import Diagnostic, Label, diagnostic_to_json
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
    """Strategies, or the reasons why there are none: `strategies` is empty if and only if there are diagnostics."""

    strategies: tuple[Strategy, ...]
    diagnostics: tuple[Diagnostic, ...]


def parse_strategies(source: Source) -> ParseResult:
    """Every strategy of a text, typed. Raises nothing, whatever the text holds."""
    tree = parse(source)
    if not isinstance(tree, File):
        return ParseResult((), tree)
    strategies, errors = check(tree)
    if errors:
        return ParseResult((), tuple(error.diagnostic() for error in errors))
    return ParseResult(strategies, ())
