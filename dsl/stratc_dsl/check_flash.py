"""`using flash(venue)`: where a rule or the exit may borrow within one transaction."""

from __future__ import annotations

from stratc_dsl import syntax
from stratc_dsl.adapters import ADAPTERS, adapter_of
from stratc_dsl.check_positions import venue_named
from stratc_dsl.errors import NothingThere, WrongKind
from stratc_dsl.errors.base import quoted
from stratc_dsl.scope import Scope
from stratc_dsl.strategy import Flash
from stratc_dsl.words import expression_words


def check_flash(using: syntax.Expr | None, scope: Scope) -> tuple[Flash | None, bool]:
    """The flash loan that is written, and whether what is written has no error; nothing written is none."""
    match using:
        case None:
            return None, True
        case syntax.Reference(syntax.Name("flash"), None, (syntax.Argument(None, argument),)):
            flash = _lender(argument, using, scope)
            return flash, flash is not None
        case _:
            cure = "write `using flash(VENUE)`"
            scope.problems.report(WrongKind(using.span, "`flash(VENUE)`", expression_words(using), cure))
            return None, False


def _lender(argument: syntax.Expr, using: syntax.Reference, scope: Scope) -> Flash | None:
    declared = venue_named(argument, scope)
    if declared is None or declared.value is None:
        return None
    if adapter_of(declared.value.terms).flash:
        return Flash(declared.value.name, span=using.span)
    lenders = quoted(tuple(name for name, adapter in ADAPTERS.items() if adapter.flash))
    cure = f"name a venue of {lenders}"
    venue = declared.value.name
    scope.problems.report(NothingThere(argument.span, "`flash`", "a flash loan", "flash loan", venue, cure))
    return None
