"""Arguments and fields: each name known, given once, and given where it is needed."""

from __future__ import annotations

from stratc_dsl import syntax
from stratc_dsl.errors import MissingArgument, UnknownArgument, WrongKind
from stratc_dsl.errors.base import did_you_mean, quoted
from stratc_dsl.record import Record
from stratc_dsl.scope import Scope, nearest
from stratc_dsl.span import Span


class Bound(Record):
    """Arguments or fields by name. `sound` is False where something was reported: what is absent may be misspelled."""

    values: dict[str, syntax.Expr]
    sound: bool

    def get(self, name: str) -> syntax.Expr | None:
        return self.values.get(name)


def only_argument(reference: syntax.Reference, wanted: str, scope: Scope) -> syntax.Expr | None:
    """The argument of a call that takes one, or None after reporting; `wanted` is what it is, in capitals."""
    match reference.arguments:
        case (syntax.Argument(None, value),):
            return value
        case _:
            name = f"{reference.name.text}.{reference.member.text}" if reference.member else reference.name.text
            found = "none" if not reference.arguments else "something else"
            article = f"one {wanted.lower()} as argument of `{name}`"
            scope.problems.report(WrongKind(reference.span, article, found, f"write `{name}({wanted})`"))
            return None


def bind_arguments(
    reference: syntax.Reference, names: tuple[str, ...], required: tuple[str, ...], scope: Scope, cure: str
) -> Bound:
    """The arguments of a call by name; those without a name take the names in order. Reports what does not fit."""
    where = f"`{reference.name.text}`"
    given: list[tuple[str, Span, syntax.Expr]] = []
    surplus = False
    for index, argument in enumerate(reference.arguments or ()):
        if argument.name is not None:
            given.append((argument.name.text, argument.name.span, argument.value))
        elif index < len(names):
            given.append((names[index], argument.span, argument.value))
        else:
            surplus = True
            scope.problems.report(
                UnknownArgument(argument.span, where, "argument number", str(index + 1), f"it takes {quoted(names)}")
            )
    bound = _bind(given, where, "argument", names, required, reference.span, scope, cure)
    return Bound(bound.values, bound.sound and not surplus)


def bind_fields(
    fields: tuple[syntax.Field, ...],
    where: str,
    names: tuple[str, ...],
    required: tuple[str, ...],
    place: Span,
    scope: Scope,
    cure: str,
) -> Bound:
    """The fields of a block by name. Reports what does not fit."""
    given = [(field.name.text, field.name.span, field.value) for field in fields]
    return _bind(given, where, "field", names, required, place, scope, cure)


def _bind(
    given: list[tuple[str, Span, syntax.Expr]],
    where: str,
    kind: str,
    names: tuple[str, ...],
    required: tuple[str, ...],
    place: Span,
    scope: Scope,
    cure: str,
) -> Bound:
    bound: dict[str, syntax.Expr] = {}
    seen: dict[str, Span] = {}
    misspelled: set[str | None] = set()
    for name, span, value in given:
        if name not in names:
            near = nearest(name, names)
            misspelled.add(near)
            known = did_you_mean(near, f"it takes {quoted(names)}")
            scope.problems.report(UnknownArgument(span, where, kind, name, known))
        elif scope.first(seen, f"the {kind} `{name}`", span):
            bound[name] = value
    missing = [name for name in required if name not in bound and name not in misspelled]
    for name in missing:
        scope.problems.report(MissingArgument(place, where, f"`{name}`", cure))
    return Bound(bound, len(bound) == len(given) and not missing)
