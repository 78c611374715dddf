"""Places in sources as JSON."""

from __future__ import annotations

from typing import Any

from stratc_dsl.span import NOWHERE, Source, Span


def span_json(span: Span, source: Source) -> dict[str, Any] | None:
    """Where a span starts, both counted from 1; null for what the compiler adds."""
    if span == NOWHERE:
        return None
    file, start = source.file_at(span.start)
    line, column = file.line_and_column(start)
    return {"line": line, "column": column} | ({"file": file.name} if start != span.start else {})
