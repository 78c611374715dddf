"""A verification as text for people: one line a claim, and what breaks a refuted one."""

from __future__ import annotations

import re
import textwrap

from stratc_compiler.verdict import ClaimResult, Proved, Refuted, Scenario, Unknown, Verification
from stratc_dsl.span import NOWHERE, Source, Span

WIDTH = 100
INDENT = " " * 7


def verification_text(verification: Verification, seconds: float) -> str:
    """The header line, then every claim in its order; no blank line at the end, whatever the last claim is."""
    width = max((len(claim.name) for claim in verification.claims), default=0)
    lines = [_header(verification, seconds)]
    for claim in verification.claims:
        lines.append(f"  {_word(claim):<8} {claim.name:<{width}}  {claim.text}".rstrip())
        lines += _detail(claim, verification.source)
    return "\n".join(lines).rstrip("\n")


def _header(verification: Verification, seconds: float) -> str:
    left = f"{verification.vault.strategy.name}  {verification.source.name}"
    count = len(verification.claims)
    right = f"{count} {'claim' if count == 1 else 'claims'}, {seconds:.2f} s"
    return f"{left}  {right:>{WIDTH - len(left) - 2}}"


def _word(claim: ClaimResult) -> str:
    match claim.verdict:
        case Proved():
            return "proved"
        case Refuted():
            return "refuted"
        case Unknown():
            return "unknown"


def _detail(claim: ClaimResult, source: Source) -> list[str]:
    match claim.verdict:
        case Proved():
            return []
        case Unknown(why):
            return [f"{INDENT}= {why}"]
        case Refuted(why, scenario, help, span):
            place = span if span != NOWHERE else claim.span
            lines = ["", *excerpt(source, place, why)]
            lines += ["", *_scenario(scenario, why)] if scenario is not None else []
            return [*lines, *([f"{INDENT}= help: {help}"] if help else []), ""]


def _scenario(scenario: Scenario, said: str) -> list[str]:
    """The scenario's lines, a label only where it changes, without the one that was said already."""
    shown = [(label, text) for label, text in scenario.lines if text != said]
    width = max((len(label) for label, _ in shown), default=0)
    lines, last = [], None
    for label, text in shown:
        for part in _parts(text, WIDTH - len(INDENT) - width - 2):
            lines.append(f"{INDENT}{label if label != last else '':<{width}}  {part}")
            last = label
    return lines


def _parts(text: str, width: int) -> list[str]:
    """The text in lines that end after a comma or colon: an amount is never parted from its token."""
    joined = re.sub(r"(?<![,:]) ", "\N{NO-BREAK SPACE}", text)
    return [line.replace("\N{NO-BREAK SPACE}", " ") for line in textwrap.wrap(joined, width, break_long_words=False)]


def excerpt(source: Source, span: Span, note: str) -> list[str]:
    """The first source line of a span, underlined, with a note behind; the note alone where there is no place."""
    if span == NOWHERE:
        return [f"{INDENT}= {note}"]
    file, offset = source.file_at(span.start)
    number, column = file.line_and_column(offset)
    line = file.line(number)
    start = column - 1
    end = max(start + 1, min(start + span.end - span.start, len(line)))
    indent = min(len(line) - len(line.lstrip()), start)
    shown, marks = _printable(line[indent:]), " " * len(_printable(line[indent:start])) + "^" * (end - start)
    below = [f"{marks} {note}"] if len(marks) + len(note) < WIDTH - 10 else [marks, *_parts(note, WIDTH - 10)]
    elsewhere = [f"{'':>6} ::: {_printable(file.name)}:{number}:{column}"] if offset != span.start else []
    return [*elsewhere, f"{number:>6} |  {shown}", *(f"{'':>6} |  {row}" for row in below)]


def _printable(text: str) -> str:
    """The text without what would move the cursor or the colours of a terminal."""
    return "".join(one if one.isprintable() else " " for one in text)
