"""Arguments and fields: each name known, given once, and given where it is needed."""

from __future__ import annotations

from stratc_dsl import syntax
from stratc_dsl.errors import MissingArgument, UnknownArgument
from stratc_dsl.errors.base import did_you_mean, quoted
from stratc_dsl.scope import Scope, nearest
from stratc_dsl.span import Span


def bind_arguments(
    reference: syntax.Reference, names: tuple[str, ...], required: tuple[str, ...], scope: Scope, cure: str
) -> dict[str, syntax.Expr]:
    """The arguments of a call by name; those without a name take the names in order. Reports what does not fit."""
    where = f"`{reference.name.text}`"
    given: list[tuple[str, Span, syntax.Expr]] = []
    for index, argument in enumerate(reference.arguments or ()):
        if argument.name is not None:
            given.append((argument.name.text, argument.name.span, argument.value))
        elif index < len(names):
            given.append((names[index], argument.span, argument.value))
        else:
            scope.problems.report(
                UnknownArgument(argument.span, where, "argument number", str(index + 1), f"it takes {quoted(names)}")
            )
    return _bind(given, where, "argument", names, required, reference.span, scope, cure)


def bind_fields(
    fields: tuple[syntax.Field, ...],
    where: str,
    names: tuple[str, ...],
    required: tuple[str, ...],
    place: Span,
    scope: Scope,
    cure: str,
) -> dict[str, syntax.Expr]:
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
) -> dict[str, syntax.Expr]:
    bound: dict[str, syntax.Expr] = {}
    seen: dict[str, Span] = {}
    for name, span, value in given:
        if name not in names:
            known = did_you_mean(nearest(name, names), f"it takes {quoted(names)}")
            scope.problems.report(UnknownArgument(span, where, kind, name, known))
        elif scope.first(seen, f"the {kind} `{name}`", span):
            bound[name] = value
    for name in required:
        if name not in bound:
            scope.problems.report(MissingArgument(place, where, f"`{name}`", cure))
    return bound
