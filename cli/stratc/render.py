"""A verification as text for people: one line a claim, and what breaks a refuted one."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping
from types import MappingProxyType

from stratc_compiler.verdict import ClaimResult, Proved, Refuted, Scenario, Unknown, Used, Verification
from stratc_dsl.paint import Paint, Part, plain
from stratc_dsl.span import NOWHERE, Source, Span

WIDTH = 100
INDENT = " " * 7


def verification_text(
    verification: Verification, seconds: float, paint: Paint = plain, below: Mapping[str, str] = MappingProxyType({})
) -> str:
    """The header line, then every claim in its order; no blank line at the end, whatever the last claim is.

    `below` has a line more for some claims, by name.
    """
    width = max((len(claim.name) for claim in verification.claims), default=0)
    lines = [paint(_header(verification, seconds), Part.TITLE)]
    for claim in verification.claims:
        word, part = _word(claim)
        lines.append(f"  {paint(f'{word:<8}', part)} {claim.name:<{width}}  {claim.text}".rstrip())
        lines += [f"  {'':<8} {'':<{width}}  {below[claim.name]}"] if claim.name in below else []
        lines += _detail(claim, verification.source, paint)
    return "\n".join(lines).rstrip("\n")


def _header(verification: Verification, seconds: float) -> str:
    left = f"{verification.vault.strategy.name}  {verification.source.name}"
    count = len(verification.claims)
    right = f"{count} {'claim' if count == 1 else 'claims'}, {seconds:.2f} s"
    return two_ends(left, right)


def two_ends(left: str, right: str) -> str:
    """A line that begins and ends so, as wide as it has to be."""
    return f"{left}  {right.rjust(WIDTH - len(left) - 2)}"


def _word(claim: ClaimResult) -> tuple[str, Part]:
    match claim.verdict:
        case Proved():
            return "proved", Part.GOOD
        case Refuted():
            return "refuted", Part.ERROR
        case Unknown():
            return "unknown", Part.WARNING


def _detail(claim: ClaimResult, source: Source, paint: Paint) -> list[str]:
    match claim.verdict:
        case Proved():
            alone = ", ".join(claim.on_solver_alone)
            said = _parts(f"on Z3's word alone, no proof to check: {alone}", WIDTH - len(INDENT) - 2) if alone else []
            return [f"{INDENT}{'=' if number == 0 else ' '} {line}" for number, line in enumerate(said)]
        case Unknown(why):
            return [f"{INDENT}= {why}"]
        case Refuted(why, scenario, help, span=span):
            place = span if span != NOWHERE else claim.span
            lines = ["", *excerpt(source, place, why, paint)]
            if scenario is not None:
                lines += ["", *_scenario(scenario, why), *_assumed(scenario.assumptions, source, paint)]
            return [*lines, *([f"{INDENT}= {paint('help:', Part.HELP)} {help}"] if help else []), ""]


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


def _assumed(assumptions: tuple[Used, ...], source: Source, paint: Paint) -> list[str]:
    """Each assumption that the scenario makes use of, quoted from its place in the source, and how far it is used."""
    if not assumptions:
        return []
    words = {one.assumption.id: _words(one, source) for one in assumptions}
    width = max(len(text) for text in words.values())
    lines = [f"{INDENT}assuming"]
    for one in assumptions:
        number = _line(one, source)
        bar = paint(f"{number:>6} |" if number else "       =", Part.FRAME)
        lines.append(f"{bar}  {words[one.assumption.id]:<{width}}  {'to the full' if one.fully else 'in part'}")
    return lines


def _words(used: Used, source: Source) -> str:
    """What is written, as it is written; of what is not written the id, which the certificate explains."""
    span = used.assumption.span
    return " ".join(_printable(source.words(span)).split()) if span != NOWHERE else f"{used.assumption.id}, not written"


def _line(used: Used, source: Source) -> str:
    """The number of the assumption's line, with its file where that is another one; empty where it is not written."""
    span = used.assumption.span
    if span == NOWHERE:
        return ""
    file, offset = source.file_at(span.start)
    number = str(file.line_and_column(offset)[0])
    return number if offset == span.start else f"{_printable(file.name)}:{number}"


def _parts(text: str, width: int) -> list[str]:
    """The text in lines that end after a comma or colon: an amount is never parted from its token."""
    joined = re.sub(r"(?<![,:]) ", "\N{NO-BREAK SPACE}", text)
    return [line.replace("\N{NO-BREAK SPACE}", " ") for line in textwrap.wrap(joined, width, break_long_words=False)]


def excerpt(source: Source, span: Span, note: str, paint: Paint = plain) -> list[str]:
    """The first source line of a span, underlined, with a note behind; the note alone where there is no place."""
    if span == NOWHERE:
        return [f"{INDENT}= {note}"]
    file, offset = source.file_at(span.start)
    number, column = file.line_and_column(offset)
    line = file.line(number)
    start = column - 1
    end = max(start + 1, min(start + span.end - span.start, len(line)))
    indent = min(len(line) - len(line.lstrip()), start)
    shown, left = _printable(line[indent:]), len(_printable(line[indent:start]))
    marks = " " * left + paint("^" * (end - start), Part.ERROR)
    beside = left + end - start + len(note) < WIDTH - 10
    below = [f"{marks} {paint(note, Part.ERROR)}"] if beside else [marks, *_parts(note, WIDTH - 10)]
    elsewhere, bar, numbered = (paint(text, Part.FRAME) for text in ("       :::", "       |", f"{number:>6} |"))
    place = [f"{elsewhere} {_printable(file.name)}:{number}:{column}"] if offset != span.start else []
    return [*place, f"{numbered}  {shown}", *(f"{bar}  {row}" for row in below)]


def _printable(text: str) -> str:
    """The text without what would move the cursor or the colours of a terminal."""
    return "".join(one if one.isprintable() else " " for one in text)
