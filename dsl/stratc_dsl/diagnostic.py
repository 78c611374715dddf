"""Diagnostics as data. Nothing here knows the language."""

from __future__ import annotations

from enum import Enum

from stratc_dsl.record import Record
from stratc_dsl.span import Source, Span


class Severity(Enum):
    """An error leaves nothing to prove or build; a warning says what is probably not meant."""

    ERROR = "error"
    WARNING = "warning"


class Label(Record):
    """A few words about one place in the text."""

    span: Span
    text: str


class Diagnostic(Record):
    """One finding: `message` is a plain sentence, `primary` where it is, `secondary` where its reasons are."""

    code: str
    message: str
    primary: Label
    secondary: tuple[Label, ...] = ()
    help: str | None = None
    severity: Severity = Severity.ERROR


def diagnostic_to_json(diagnostic: Diagnostic, source: Source) -> dict[str, object]:
    """The fields of a diagnostic as JSON values; lines and columns count from 1, the end is exclusive.

    `file` is where the primary label stands; a label that stands elsewhere names its own.
    """
    file, _ = source.file_at(diagnostic.primary.span.start)
    return {
        "code": diagnostic.code,
        "severity": diagnostic.severity.value,
        "message": diagnostic.message,
        "file": file.name,
        "primary": _label_to_json(diagnostic.primary, source, file.name),
        "secondary": [_label_to_json(label, source, file.name) for label in diagnostic.secondary],
        "help": diagnostic.help,
    }


def _label_to_json(label: Label, source: Source, said: str) -> dict[str, object]:
    file, start = source.file_at(label.span.start)
    end = start + label.span.end - label.span.start
    line, column = file.line_and_column(start)
    end_line, end_column = file.line_and_column(end)
    elsewhere = {"file": file.name} if file.name != said else {}
    return elsewhere | {
        "text": label.text,
        "start": {"offset": start, "line": line, "column": column},
        "end": {"offset": end, "line": end_line, "column": end_column},
    }
