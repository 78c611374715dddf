"""What the checks share: the names of one strategy, and the errors found so far."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Generic, TypeVar

from msgspec import Struct, field

from stratc_dsl import syntax
from stratc_dsl.administration import Signal
from stratc_dsl.diagnostic import Severity
from stratc_dsl.errors import DuplicateName, LanguageError, TooManyErrors, UnknownName, WrongKind
from stratc_dsl.errors.base import did_you_mean
from stratc_dsl.record import Record
from stratc_dsl.span import Span
from stratc_dsl.strategy import Position, Token, Venue
from stratc_dsl.words import expression_words

MAX_ERRORS = 100

T = TypeVar("T")


class Problems(Struct):
    """Errors in the order found."""

    errors: list[LanguageError] = field(default_factory=list)

    def report(self, error: LanguageError) -> None:
        self.errors.append(error)

    @property
    def full(self) -> bool:
        """So many errors that more would help nobody."""
        return len(self.errors) >= MAX_ERRORS

    def all(self) -> tuple[LanguageError, ...]:
        """Every error in the order of the text."""
        errors = sorted(self.errors, key=lambda error: error.span)
        if len(errors) > MAX_ERRORS and any(error.severity is Severity.ERROR for error in errors):
            errors[MAX_ERRORS:] = [TooManyErrors(errors[MAX_ERRORS].span, MAX_ERRORS)]
        return tuple(errors)


class Declared(Record, Generic[T]):
    """A declared name; `value` is None where the declaration itself is faulty."""

    span: Span
    value: T | None


class Scope(Struct):
    """The names of one strategy. `allocated` is None while unknown, or where `allocate` has errors.

    `hedged` has the instrument of each sensitivity and token that `hedge` keeps; it is None where that has errors.
    """

    problems: Problems
    tokens: dict[str, Declared[Token]] = field(default_factory=dict)
    venues: dict[str, Declared[Venue]] = field(default_factory=dict)
    allocated: dict[Position, Span] | None = None
    signals: dict[str, Declared[Signal]] = field(default_factory=dict)
    hedged: dict[tuple[str, str], Position] | None = field(default_factory=dict)
    unknown: set[str] = field(default_factory=set)

    def names(self) -> dict[str, Span]:
        """Every declared name with its place."""
        return {name: one.span for known in (self.tokens, self.venues) for name, one in known.items()}

    def token(self, name: syntax.Name, otherwise: str | None = None) -> str | None:
        """The name of a declared token, or None after reporting; `otherwise` is the help where no name is near."""
        if name.text in self.tokens:
            return name.text
        if name.text in self.venues:
            self.problems.report(
                WrongKind(name.span, "a token", f"the venue `{name.text}`", "name the token that it holds")
            )
            return None
        otherwise = otherwise or f"declare it: `token {name.text} {{ decimals: .., price: .. }}`"
        self._unknown("token", name, self.tokens, otherwise)
        return None

    def venue(self, name: syntax.Name) -> Declared[Venue] | None:
        """A declared venue, or None after reporting."""
        if name.text in self.venues:
            return self.venues[name.text]
        if name.text in self.tokens:
            self.problems.report(
                WrongKind(name.span, "a venue", f"the token `{name.text}`", "name the venue where it is held")
            )
            return None
        self._unknown("venue", name, self.venues, f"declare it: `venue {name.text} = ..`")
        return None

    def signal(self, name: syntax.Name) -> Declared[Signal] | None:
        """A declared signal, or None after reporting."""
        if name.text in self.signals:
            return self.signals[name.text]
        cure = f"declare it: `signal {name.text} {{ from: signed(KEY), range: 0 .. 1, max_age: 6h }}`"
        self._unknown("signal", name, self.signals, cure)
        return None

    def _unknown(self, kind: str, name: syntax.Name, known: Iterable[str], otherwise: str) -> None:
        # One missing declaration is one error, however often the name is used.
        if name.text not in self.unknown:
            self.unknown.add(name.text)
            self.unknown_word(kind, name, known, otherwise)

    def unknown_word(self, kind: str, name: syntax.Name, known: Iterable[str], otherwise: str) -> None:
        """Report a name that is none of the known ones."""
        near = None if self.problems.full else nearest(name.text, known)
        self.problems.report(UnknownName(name.span, kind, name.text, did_you_mean(near, otherwise)))

    def bare_name(self, expression: syntax.Expr, wanted: str, cure: str) -> syntax.Name | None:
        """The name where an expression is a lone name, or None after reporting."""
        if isinstance(expression, syntax.Reference) and expression.member is None and expression.arguments is None:
            return expression.name
        self.problems.report(WrongKind(expression.span, wanted, expression_words(expression), cure))
        return None

    def token_named(self, expression: syntax.Expr) -> str | None:
        """The token that an expression names, or None after reporting."""
        name = self.bare_name(expression, "a token", "write the name of a token")
        return self.token(name) if name else None

    def first(self, seen: dict[str, Span], what: str, span: Span) -> bool:
        """Whether this is the first of its kind; reports a second one."""
        if what in seen:
            self.problems.report(DuplicateName(span, what, seen[what]))
            return False
        seen[what] = span
        return True


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that is most like `word`, if any is."""
    from difflib import get_close_matches  # here, as nothing is misspelt in most texts

    lower = {one.lower(): one for one in known}
    near = get_close_matches(word.lower(), list(lower), 1)
    return lower[near[0]] if near else None
