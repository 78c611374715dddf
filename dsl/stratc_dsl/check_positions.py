"""Positions, and the venues that statements need one at: `aave.debt(USDC)`, `perp.margin`, `save`."""

from __future__ import annotations

from stratc_dsl import syntax
from stratc_dsl.adapters import INSTRUMENTS, Form, Written, adapter_of, forms
from stratc_dsl.check_arguments import only_argument
from stratc_dsl.errors import NoSuchPosition, NothingThere, WrongKind
from stratc_dsl.errors.base import listed, quoted
from stratc_dsl.scope import Declared, Scope
from stratc_dsl.span import Span
from stratc_dsl.strategy import PerpV2, Position, Venue
from stratc_dsl.words import expression_words

# ── venues ──


def venue_named(expression: syntax.Expr, scope: Scope) -> Declared[Venue] | None:
    """The venue that an expression names, or None after reporting."""
    name = scope.bare_name(expression, "a venue", "write the name of a venue")
    return scope.venue(name) if name else None


def holding_venue(name: syntax.Name, scope: Scope, statement: str) -> str | None:
    """The name of a venue that can hold positions, or None after reporting (or where its declaration is faulty)."""
    declared = scope.venue(name)
    if declared is None or declared.value is None:
        return None
    if not forms(declared.value.terms):
        cure = "name a venue that holds a position"
        scope.problems.report(NothingThere(name.span, statement, "a position", "position", name.text, cure))
        return None
    return name.text


def loan_named(expression: syntax.Expr, scope: Scope, statement: str) -> str | None:
    """The name of a venue with an allocated debt, or None after reporting."""
    name = scope.bare_name(expression, "a venue", "write the name of a lending venue")
    return loan_venue(name, scope, statement) if name else None


def loan_venue(name: syntax.Name, scope: Scope, statement: str) -> str | None:
    """The name of a venue with an allocated debt, or None after reporting."""
    declared = scope.venue(name)
    if declared is None or declared.value is None:
        return None
    lends = adapter_of(declared.value.terms).lends
    allocated = scope.allocated
    if lends and (allocated is None or any(p.venue == name.text and p.kind == "debt" for p in allocated)):
        return name.text
    cure = f"allocate `{name.text}.debt(TOKEN)`, or leave this out" if lends else "name a lending venue"
    scope.problems.report(NothingThere(name.span, statement, "a debt", "debt", name.text, cure))
    return None


def margin_named(expression: syntax.Expr, scope: Scope, statement: str) -> str | None:
    """The name of a venue with an allocated margin, or None after reporting."""
    name = scope.bare_name(expression, "a venue", "write the name of a venue of perpetuals")
    declared = scope.venue(name) if name else None
    if name is None or declared is None or declared.value is None:
        return None
    margined = isinstance(declared.value.terms, PerpV2)
    if margined and has_margin(name.text, scope):
        return name.text
    cure = f"allocate `{name.text}.margin`, or leave this out" if margined else "name a venue such as `perp_v2(..)`"
    scope.problems.report(NothingThere(name.span, statement, "a margin", "margin", name.text, cure))
    return None


def has_margin(venue: str, scope: Scope) -> bool:
    """Whether a margin is allocated there; True also where `allocate` has errors, since then nobody knows."""
    return scope.allocated is None or any(p.venue == venue and p.kind == "margin" for p in scope.allocated)


# ── positions ──


def is_held(position: Position, span: Span, statement: str, scope: Scope) -> bool:
    """Whether a position is allocated, or idle; reports one that is not. True also where `allocate` has errors."""
    if scope.allocated is None or position.kind == "idle" or position in scope.allocated:
        return True
    cure = "give it a place in `allocate`, or leave this out"
    scope.problems.report(NothingThere(span, statement, "a share of nav", "share of nav", str(position), cure))
    return False


def resolve_position(expression: syntax.Expr, scope: Scope, instruments: bool = False) -> Position | None:
    """The position that an expression names, or None after reporting (or where its venue is faulty).

    `instruments` says whether one without a value of its own will do, such as `perp.short(TOKEN)`.
    """
    if not isinstance(expression, syntax.Reference):
        cure = "write `idle(TOKEN)`, a venue, or `venue.kind(TOKEN)`"
        scope.problems.report(WrongKind(expression.span, "a position", expression_words(expression), cure))
        return None
    # A venue must not be called `idle`; where one is, that was reported, and `idle` alone is what it means.
    is_venue = "idle" in scope.venues and expression.arguments is None
    if expression.name.text == "idle" and expression.member is None and not is_venue:
        argument = only_argument(expression, "TOKEN", scope)
        token = scope.token_named(argument) if argument is not None else None
        return Position(None, "idle", token) if token else None
    declared = scope.venue(expression.name)
    if declared is None or declared.value is None:
        return None
    position = _position_at(declared.value, declared.span, expression, scope)
    if position is None or instruments or position.kind not in INSTRUMENTS:
        return position
    cure = f"what it gains or loses is in `{position.venue}.margin`; `hedge` says how large it is"
    scope.problems.report(WrongKind(expression.span, "a position with a value of its own", f"`{position}`", cure))
    return None


def _position_at(venue: Venue, declared: Span, reference: syntax.Reference, scope: Scope) -> Position | None:
    def no_such(why: str, cure: str) -> None:
        written = expression_words(reference).strip("`")
        scope.problems.report(NoSuchPosition(reference.span, venue.name, written, why, cure, declared))

    member, offered = reference.member, forms(venue.terms)
    if not offered:
        no_such("a venue to swap in holds nothing", "name a venue that holds something")
        return None
    if member is None or offered[0].written is Written.ALONE:
        only = _alone(offered)
        if only is not None and member is None and reference.arguments is None:
            return Position(venue.name, only.kind, only.tokens[0])
        if offered[0].written is Written.ALONE:
            no_such("it has one position", f"write `{venue.name}` alone")
        else:
            ways = quoted(tuple(_example(venue.name, one) for one in offered))
            no_such("it has more than one position", f"write {ways}")
        return None
    form = next((one for one in offered if one.kind == member.text), None)
    if form is None:
        kinds = listed(tuple(f"`{one.kind}`" for one in offered), "and")
        no_such("no such kind of position", f"kinds are {kinds}")
        return None
    if form.written is Written.WITH_TOKEN:
        return _with_token(reference, venue.name, form, declared, scope)
    if reference.arguments is None:
        return Position(venue.name, form.kind, form.tokens[0])
    no_such("it is in one token", f"write `{venue.name}.{form.kind}`")
    return None


def _alone(offered: tuple[Form, ...]) -> Form | None:
    """The form of the only position that there can be."""
    places = [form for form in offered for _ in form.tokens]
    return places[0] if len(places) == 1 else None


def _example(venue: str, form: Form) -> str:
    return f"{venue}.{form.kind}" if form.written is Written.MEMBER else f"{venue}.{form.kind}(TOKEN)"


def _with_token(reference: syntax.Reference, venue: str, form: Form, declared: Span, scope: Scope) -> Position | None:
    argument = only_argument(reference, "TOKEN", scope)
    token = scope.token_named(argument) if argument is not None else None
    if token is None:
        return None
    if token in form.tokens:
        return Position(venue, form.kind, token)
    if form.listed_in:
        why = f"`{token}` is not in `{form.listed_in}=[..]`"
        cure = f"add `{token}` to `{form.listed_in}` of `{venue}`"
    else:
        why, cure = f"it is in `{form.tokens[0]}`", f"write `{venue}.{form.kind}({form.tokens[0]})`"
    scope.problems.report(NoSuchPosition(reference.span, venue, f"{form.kind}({token})", why, cure, declared))
    return None
