"""What is wrong with an input, as text for people and as fields for machines, wherever it was found."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from functools import partial

from stratc.colour import paint_for
from stratc_compiler.errors import Unsupported
from stratc_dsl import Diagnostic, Label, Severity, diagnostic_to_json, render_diagnostic
from stratc_dsl.paint import Paint, Part, plain
from stratc_dsl.record import Record
from stratc_dsl.render import printable
from stratc_dsl.span import NOWHERE, Source

UNSUPPORTED = "E0900"
UNREADABLE = "E0000"
DENIED = "E0901"
CLAIM_REFUTED = "E0902"
CLAIM_UNKNOWN = "E0903"
WEAKER_THAN_BASE = "E0904"
CERTIFICATE = "E0905"
AT_BASE = "E0906"
IN_VAIN = "W0901"
WAITS = "W0902"


class Problem(Record):
    """One finding in one file. `fields` are those of `diagnostic_to_json`; `primary` is None without a place."""

    painted: Callable[[Paint], str]
    fields: dict[str, object]
    severity: Severity = Severity.ERROR

    @property
    def text(self) -> str:
        return self.painted(plain)

    @property
    def fatal(self) -> bool:
        """Whether there is nothing to prove or build because of it."""
        return self.severity is Severity.ERROR


def news(problems: Iterable[Problem], told: set[str]) -> Iterator[Problem]:
    """The problems that were not told yet, each once: several files may use one that is faulty."""
    for problem in problems:
        text = problem.text
        if text not in told:
            told.add(text)
            yield problem


def tell(problem: Problem) -> None:
    """Say it on standard error, in colours where that is a terminal."""
    print(problem.painted(paint_for(sys.stderr)), file=sys.stderr)


def of_diagnostic(diagnostic: Diagnostic, source: Source) -> Problem:
    painted = partial(render_diagnostic, diagnostic, source)
    return Problem(painted, diagnostic_to_json(diagnostic, source), diagnostic.severity)


def of_unsupported(error: Unsupported, source: Source) -> Problem:
    """Valid, but beyond this version: said like any other mistake, since the user has to change the text."""
    if error.span == NOWHERE:
        return without_place(UNSUPPORTED, source.name, str(error), error.help)
    return of_diagnostic(unsupported_diagnostic(error), source)


def unsupported_diagnostic(error: Unsupported) -> Diagnostic:
    """The same as data; an error without a place is said at the beginning of the text."""
    others = tuple(Label(place.span, place.what) for place in error.also)
    return Diagnostic(UNSUPPORTED, str(error), Label(error.span, error.label), others, error.help)


def unreadable(file: str, message: str, help: str | None = None) -> Problem:
    """A file of which there is no text to point into."""
    return without_place(UNREADABLE, file, message, help)


def without_place(code: str, file: str, message: str, help: str | None) -> Problem:
    """What there is no text to point at for."""

    def painted(paint: Paint) -> str:
        what = paint(f"error[{code}]", Part.ERROR) + paint(f": {printable(f'{file}: {message}')}", Part.TITLE)
        cure = printable(help or "")
        return what + (f"\n{paint('  =', Part.FRAME)} {paint('help:', Part.HELP)} {cure}" if help else "")

    fields: dict[str, object] = {
        "code": code,
        "severity": Severity.ERROR.value,
        "message": message,
        "file": file,
        "primary": None,
        "secondary": [],
        "help": help,
    }
    return Problem(painted, fields)
