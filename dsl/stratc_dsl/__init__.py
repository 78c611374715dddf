"""The .strat language: text to typed strategy. Pure: text in, values out.

result = parse_strategies(Source("carry.strat", text), read)
for diagnostic in result.diagnostics:
    print(render_diagnostic(diagnostic, result.source))
"""

from __future__ import annotations

import gc
import posixpath
from collections.abc import Iterator
from contextlib import contextmanager

from stratc_dsl.check import check
from stratc_dsl.diagnostic import Diagnostic, Label, Severity, diagnostic_to_json
from stratc_dsl.errors import explain
from stratc_dsl.inner import Filled
from stratc_dsl.record import Record
from stratc_dsl.render import render_diagnostic
from stratc_dsl.span import Source, Span, Used
from stratc_dsl.strategy import Strategy
from stratc_dsl.use import Link, Reader, Unreadable, load_program, no_reader

__all__ = [
    "Diagnostic",
    "Label",
    "Link",
    "ParseResult",
    "Reader",
    "Severity",
    "Source",
    "Span",
    "Strategy",
    "Unreadable",
    "Used",
    "diagnostic_to_json",
    "explain",
    "parse_strategies",
    "render_diagnostic",
]


class ParseResult(Record):
    """Strategies, or the errors why there are none: `strategies` is empty if and only if a diagnostic is an error.

    Every span counts in `source`, the given one with the files that it uses. `links` are there in spite of errors.
    """

    strategies: tuple[Strategy, ...]
    diagnostics: tuple[Diagnostic, ...]
    source: Source
    links: tuple[Link, ...] = ()


def parse_strategies(source: Source, read: Reader = no_reader, *, may_only_share: bool = False) -> ParseResult:
    """Every strategy of a text, typed. Raises nothing, whatever the text holds, unless `read` does.

    `read` gives the texts of the files that it uses, and those of vaults that are held. A file without strategies is an
    error, unless it `may_only_share` declarations: then no strategies and no error are its result.
    """
    with _without_collector():
        return _parsed(source, read, may_only_share, ())


def _parsed(source: Source, read: Reader, may_only_share: bool, outer: tuple[str, ...]) -> ParseResult:
    """`outer` are the files whose vaults are being looked into, the outermost first."""
    program = load_program(source, read)
    strategies, errors = check(program, may_only_share) if program.complete else ((), ())
    diagnostics = (*program.diagnostics, *(error.diagnostic() for error in errors))
    if _faulty(diagnostics):
        return ParseResult((), diagnostics, program.source, program.links)
    around = (*outer, posixpath.normpath(source.name))
    filled = Filled(program.source, read, lambda inner, names: _parsed(inner, read, False, names), around)
    for strategy in strategies:
        filled.fill(strategy)
    diagnostics = (*diagnostics, *filled.diagnostics)
    whole = () if _faulty(diagnostics) else tuple(filled.strategies)
    return ParseResult(whole, diagnostics, filled.source, (*program.links, *filled.links))


def _faulty(diagnostics: tuple[Diagnostic, ...]) -> bool:
    return any(one.severity is Severity.ERROR for one in diagnostics)


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
