"""What every error class of the language has: a stable code, templates, an explanation."""

from __future__ import annotations

from typing import ClassVar

from msgspec.structs import asdict

from stratc_dsl.diagnostic import Diagnostic, Label, Severity
from stratc_dsl.record import Record
from stratc_dsl.span import Span

SHOWN = 60


class LanguageError(Record):
    """Templates are filled with the fields of the class; `explanation` is what `stratc explain CODE` prints."""

    code: ClassVar[str]
    title: ClassVar[str]
    label: ClassVar[str]
    help: ClassVar[str]
    explanation: ClassVar[str]
    severity: ClassVar[Severity] = Severity.ERROR

    span: Span

    def secondary(self) -> tuple[Label, ...]:
        """Places that explain the error."""
        return ()

    def diagnostic(self) -> Diagnostic:
        """The error as data to render."""
        return Diagnostic(
            self.code,
            self.fill(self.title),
            Label(self.span, self.fill(self.label)),
            self.secondary(),
            self.fill(self.help) or None,
            self.severity,
        )

    def fill(self, template: str) -> str:
        """The template with the fields of this error in its braces."""
        return template.format(**asdict(self))


def did_you_mean(near: str | None, otherwise: str) -> str:
    """A help that names the nearest known word, or says something else where none is near."""
    return f"did you mean `{near}`?" if near else otherwise


def listed(words: tuple[str, ...], joint: str = "or") -> str:
    """`a`, `b` or `c`: words as prose."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {joint} {words[-1]}"


def quoted(words: tuple[str, ...]) -> str:
    """Each word in backquotes, as prose."""
    return listed(tuple(f"`{word}`" for word in words))
