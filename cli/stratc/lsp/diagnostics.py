"""What `stratc check` would say, as diagnostics of the protocol."""

from __future__ import annotations

from lsprotocol import types

from stratc.lsp.documents import Documents, resolved
from stratc.problem import unsupported_diagnostic
from stratc_compiler.errors import Unsupported
from stratc_compiler.model import build_vault
from stratc_dsl import Diagnostic, Label, Link, Reader, Severity, parse_strategies
from stratc_dsl.record import Record
from stratc_dsl.span import Source, Span
from stratc_dsl.strategy import Strategy
from stratc_targets.venues import venue_factories

SEVERITIES = {
    Severity.ERROR: types.DiagnosticSeverity.Error,
    Severity.WARNING: types.DiagnosticSeverity.Warning,
}


class Checked(Record):
    """One text: its strategies where it has no error, and everything that there is to say about it.

    `program` is the text with the files that it uses: spans count in it. `links` are the paths after `use` in them.
    """

    source: Source
    strategies: tuple[Strategy, ...]
    diagnostics: tuple[Diagnostic, ...]
    program: Source
    links: tuple[Link, ...] = ()


def check(source: Source, read: Reader) -> Checked:
    """Parse, type-check and lower a text. An empty one has no strategy, and nobody who begins wants to be told so; one
    that only shares its declarations needs none.
    """
    if not source.text.strip():
        return Checked(source, (), (), source)
    parsed = parse_strategies(source, read, may_only_share=True)
    diagnostics = list(parsed.diagnostics)
    for strategy in parsed.strategies:
        try:
            build_vault(strategy, parsed.source, venue_factories(strategy))
        except Unsupported as error:
            diagnostics.append(unsupported_diagnostic(error))
    return Checked(source, parsed.strategies, tuple(diagnostics), parsed.source, parsed.links)


def to_protocol(diagnostic: Diagnostic, uri: str, checked: Checked, documents: Documents) -> types.Diagnostic:
    """The help goes into the message: editors show no other place for it.

    What is wrong in a used file is said at the `use` that leads there, since a client shows it with this document.
    """
    file, start = checked.program.file_at(diagnostic.primary.span.start)
    label, others = diagnostic.primary, diagnostic.secondary
    if start != label.span.start:
        others = (Label(label.span, label.text or diagnostic.message), *others)
        label = Label(_leading_to(file, checked), f"in {file.name}")
    lines = [diagnostic.message if not label.text else f"{diagnostic.message} ({label.text})"]
    if diagnostic.help:
        lines.append(f"help: {diagnostic.help}")
    return types.Diagnostic(
        range=documents.positions(checked.source).range(label.span),
        message="\n".join(lines),
        severity=SEVERITIES[diagnostic.severity],
        code=diagnostic.code,
        source="stratc",
        related_information=[
            types.DiagnosticRelatedInformation(_location(one.span, uri, checked, documents), one.text) for one in others
        ],
    )


def _location(span: Span, uri: str, checked: Checked, documents: Documents) -> types.Location:
    file, start = checked.program.file_at(span.start)
    place = documents.positions(file).range(Span(start, start + span.end - span.start))
    return types.Location(uri if start == span.start else documents.uri_of(resolved(file.name) or file.name), place)


def _leading_to(file: Source, checked: Checked) -> Span:
    """The path in the text itself that leads to a used file, through others where need be."""
    leading: dict[str, Span] = {}
    for link in checked.links:  # a file is read where it is first used: the links in it come later
        user, start = checked.program.file_at(link.span.start)
        first = link.span if start == link.span.start else leading[user.name]
        leading.setdefault(link.file.source.name, first)
    return leading[file.name]
