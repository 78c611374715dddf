"""`stratc fmt`: strategies in the one layout, on disk or from standard input to standard output."""

from __future__ import annotations

import os
import re
import sys
from argparse import Namespace
from collections.abc import Iterator, Sequence
from difflib import unified_diff
from pathlib import Path

from stratc.folder import strategies_below
from stratc.problem import Problem, of_diagnostic, tell, unreadable
from stratc.read import STDIN, read_source, read_stdin
from stratc.replace import Unwritable, replace_text
from stratc.status import Status, worst
from stratc_dsl.format import format_text, is_same_strategy
from stratc_dsl.record import Record
from stratc_dsl.span import Source


class MeaningChanged(Exception):
    """The formatter's own check failed: it is at fault, and nothing was written."""


class Mode(Record):
    """What becomes of a text that is not in the layout: it is replaced, unless one of these is asked for."""

    check: bool
    diff: bool


def fmt(arguments: Namespace) -> Status:
    """Bad input, a syntax error too, before a file that would change before a file that is as it should be."""
    mode = Mode(arguments.check, arguments.diff)
    return worst([_format(source, mode) for source in _sources(arguments.files)])


def _sources(names: Sequence[str]) -> Iterator[Source | Problem]:
    """Every text that is named, directories searched, none twice."""
    seen = set()
    for name in names:
        if name == "-":
            yield read_stdin()
            continue
        files = strategies_below(Path(name)) if os.path.isdir(name) else [name]
        if not files:
            yield unreadable(name, "has no .strat file in it")
        for file in files:
            place = os.path.realpath(file)
            if place not in seen:
                seen.add(place)
                yield read_source(file)


def _format(source: Source | Problem, mode: Mode) -> Status:
    if isinstance(source, Problem):
        tell(source)
        return Status.BAD_INPUT
    formatted = format_text(source)
    for diagnostic in formatted.diagnostics:
        tell(of_diagnostic(diagnostic, source))
    if formatted.text != source.text and not is_same_strategy(source.text, formatted.text):
        raise MeaningChanged(f"{source.name}: formatting would change more than space. The file was left as it is.")
    deliver = _tell if mode.check or mode.diff else _print if source.name == STDIN else _replace
    status = deliver(source, formatted.text, mode)
    return Status.BAD_INPUT if formatted.diagnostics else status


def _tell(source: Source, text: str, mode: Mode) -> Status:
    if text == source.text:
        return Status.PROVED
    if mode.diff:
        _write(_diff(source, text))
    else:
        print(source.name)
    return Status.UNFORMATTED if mode.check else Status.PROVED


def _print(source: Source, text: str, mode: Mode) -> Status:
    _write(text)
    return Status.PROVED


def _replace(source: Source, text: str, mode: Mode) -> Status:
    if text == source.text:
        return Status.PROVED
    try:
        replace_text(Path(source.name), text)
    except Unwritable as error:
        print(f"error: {error}", file=sys.stderr)
        return Status.BAD_INPUT
    print(f"{source.name}: formatted")
    return Status.PROVED


def _write(text: str) -> None:
    """Strategies are UTF-8, whatever the terminal speaks, and their line ends are LF."""
    sys.stdout.flush()
    sys.stdout.buffer.write(text.encode("utf-8"))
    sys.stdout.buffer.flush()


def _diff(source: Source, text: str) -> str:
    lines = unified_diff(_lines(source.text), _lines(text), source.name, f"{source.name} (formatted)")
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def _lines(text: str) -> list[str]:
    """With their ends; `str.splitlines` would also cut at signs that end no line of a strategy."""
    return re.findall(r"[^\n]*\n|[^\n]+", text)
