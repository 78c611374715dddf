"""Signals, roles, limits and fees: who may say and do what, up to which size, and for how much."""

from __future__ import annotations

from fractions import Fraction

from stratc_dsl import syntax
from stratc_dsl.administration import (
    AnyoneAfter,
    DepositLimit,
    Depositors,
    Fee,
    Guardian,
    Keeper,
    Limit,
    ManagementFee,
    Owner,
    PerformanceFee,
    Role,
    Signal,
)
from stratc_dsl.check_arguments import bind_fields
from stratc_dsl.check_constants import constant, ordered, ratio, seconds
from stratc_dsl.check_expressions import dimension_of, type_expression
from stratc_dsl.errors import MissingArgument, OutOfRange, WrongKind, WrongRelation
from stratc_dsl.scope import Scope
from stratc_dsl.span import Span
from stratc_dsl.strategy import AmountOf, Base
from stratc_dsl.words import expression_words, percent, plain

SIGNAL_CURE = "write `{ from: signed(KEY), range: 0 .. 1, max_age: 6h }`"
ROLES = ("owner", "guardian", "keeper", "anyone", "depositors")
ROLE_CURE = "roles are `owner: timelock(2d)`, `guardian`, `keeper`, `anyone after 2h`, `depositors: attested(..)`"
LIMIT_CURE = "write for example `deposits <= 5_000_000 USDC`"
FEES = ("management", "performance")
MOST = Fraction(1, 2)
"""Of a fee: of the gain, or of nav in a year. What is more is no fee, and half keeps every charge below the supply."""
YEAR = 365 * 86_400

# ── signals ──


def check_signal(declaration: syntax.SignalDeclaration, scope: Scope) -> Signal | None:
    """The declared signal, or None after reporting."""
    names, name = ("from", "range", "max_age"), declaration.name
    fields = bind_fields(declaration.fields, f"the signal `{name.text}`", names, names, name.span, scope, SIGNAL_CURE)
    key = _key(fields.get("from"), scope)
    ends = _signal_range(fields.get("range"), scope)
    written = fields.get("max_age")
    max_age = seconds(written, "`max_age`", written.span, scope) if written is not None else None
    if key is None or ends is None or max_age is None or not fields.sound:
        return None
    return Signal(name.text, key, *ends, max_age, span=name.span)


def _key(written: syntax.Expr | None, scope: Scope) -> str | None:
    """The name of a key: which key that is, the manifest of a deployment says."""
    match written:
        case None:
            return None
        case syntax.Reference(syntax.Name("signed"), None, (syntax.Argument(None, key),)):
            name = scope.bare_name(key, "the name of a key", "write `signed(KEY)`: the deployment binds KEY to a key")
            return name.text if name else None
        case _:
            scope.problems.report(WrongKind(written.span, "`signed(KEY)`", expression_words(written), SIGNAL_CURE))
            return None


def _signal_range(written: syntax.Expr | None, scope: Scope) -> tuple[Fraction, Fraction] | None:
    if written is None:
        return None
    if not isinstance(written, syntax.Range):
        scope.problems.report(WrongKind(written.span, "a range", expression_words(written), SIGNAL_CURE))
        return None
    low, high = (constant(one, Base.RATIO, "`range`", one.span, scope) for one in (written.low, written.high))
    ends = ordered(written, low, high, scope, in_percent=False)
    if ends is None or ends[0] < ends[1]:
        return ends
    found = f"{plain(ends[0])} .. {plain(ends[1])}"
    scope.problems.report(
        OutOfRange(written.span, "the range of a signal", "wider than one number", found, SIGNAL_CURE)
    )
    return None


# ── roles ──


def check_roles(block: syntax.RolesBlock, scope: Scope) -> tuple[Role, ...]:
    """The roles that have no error."""
    seen: dict[str, Span] = {}
    roles: list[Role] = []
    for clause in block.roles:
        name = "anyone" if isinstance(clause, syntax.AnyoneClause) else clause.name.text
        role = _role(clause, scope)
        if role is not None and scope.first(seen, f"the role `{name}`", clause.span):
            roles.append(role)
    return tuple(roles)


def _role(clause: syntax.RoleClause | syntax.AnyoneClause, scope: Scope) -> Role | None:
    if isinstance(clause, syntax.AnyoneClause):
        start = clause.span.start
        delay = seconds(clause.delay, "`anyone after`", Span(start, start + len("anyone")), scope)
        return AnyoneAfter(delay, span=clause.span) if delay is not None else None
    match clause.name.text:
        case "owner":
            return _owner(clause, scope)
        case "guardian":
            return Guardian(span=clause.span) if _stands_alone(clause, scope) else None
        case "keeper":
            return Keeper(span=clause.span) if _stands_alone(clause, scope) else None
        case "depositors":
            return _depositors(clause, scope)
        case _:
            scope.unknown_word("role", clause.name, ROLES, ROLE_CURE)
            return None


def _stands_alone(clause: syntax.RoleClause, scope: Scope) -> bool:
    if clause.value is None:
        return True
    name, found = clause.name.text, expression_words(clause.value)
    cure = f"write `{name}`: the manifest of a deployment says who that is"
    scope.problems.report(WrongKind(clause.value.span, f"`{name}` alone", found, cure))
    return False


def _owner(clause: syntax.RoleClause, scope: Scope) -> Role | None:
    match clause.value:
        case None:
            return Owner(0, span=clause.span)
        case syntax.Reference(syntax.Name("timelock") as name, None, (syntax.Argument(None, written),)):
            delay = seconds(written, "`timelock`", name.span, scope)
            return Owner(delay, span=clause.span) if delay is not None else None
        case other:
            cure = "write `owner: timelock(2d)`, or `owner` alone"
            scope.problems.report(WrongKind(other.span, "`timelock(D)`", expression_words(other), cure))
            return None


def _depositors(clause: syntax.RoleClause, scope: Scope) -> Role | None:
    cure = 'write `depositors: attested("SCHEMA")`, or leave it out: then everyone may deposit'
    match clause.value:
        case syntax.Reference(syntax.Name("attested"), None, (syntax.Argument(None, syntax.Text(schema)),)) if schema:
            return Depositors(schema, span=clause.span)
        case other:
            place, found = (other.span, expression_words(other)) if other else (clause.span, "nothing")
            scope.problems.report(WrongKind(place, '`attested("SCHEMA")`', found, cure))
            return None


# ── limits ──


def check_limits(block: syntax.LimitsBlock, base: str | None, scope: Scope) -> tuple[Limit, ...]:
    """The limits that have no error; `base` is None where that is not known."""
    seen: dict[str, Span] = {}
    limits: list[Limit] = []
    for written in block.limits:
        limit = _limit(written, base, scope)
        if limit is not None and scope.first(seen, "the limit of `deposits`", written.span):
            limits.append(limit)
    return tuple(limits)


def _limit(written: syntax.Expr, base: str | None, scope: Scope) -> Limit | None:
    match written:
        case syntax.Compare(syntax.Reference(syntax.Name("deposits"), None, None) as subject, relation, bound):
            if relation != "<=":
                scope.problems.report(WrongRelation(written.span, "`deposits`", "<=", relation))
                return None
            return _most(bound, subject.span, base, written.span, scope)
        case syntax.Compare(syntax.Reference(name, None, None)):
            scope.unknown_word("limit", name, ("deposits",), LIMIT_CURE)
        case _:
            scope.problems.report(WrongKind(written.span, "a limit", expression_words(written), LIMIT_CURE))
    return None


def _most(bound: syntax.Expr, about: Span, base: str | None, span: Span, scope: Scope) -> Limit | None:
    typed = type_expression(bound, scope)
    if typed is None or base is None:
        return None
    in_usd = dimension_of(typed) is Base.VALUE
    wanted = Base.VALUE if in_usd else AmountOf(base)
    most = constant(bound, wanted, "`deposits`", about, scope, LIMIT_CURE)
    if most is None:
        return None
    if most <= 0:
        scope.problems.report(OutOfRange(bound.span, "the limit of `deposits`", "above 0", plain(most), LIMIT_CURE))
        return None
    return DepositLimit(most, in_usd, span=span)


# ── fees ──


def check_fees(block: syntax.FeesBlock, scope: Scope) -> tuple[Fee, ...]:
    """The fees that have no error."""
    seen: dict[str, Span] = {}
    fees: list[Fee] = []
    for clause in block.fees:
        fee = _fee(clause, scope)
        if fee is not None and scope.first(seen, f"the fee `{clause.name.text}`", clause.span):
            fees.append(fee)
    return tuple(fees)


def _fee(clause: syntax.FeeClause, scope: Scope) -> Fee | None:
    name, place = clause.name.text, clause.name.span
    if name not in FEES:
        scope.unknown_word("fee", clause.name, FEES, "fees are `management: 1% per 1y` and `performance: 10%`")
        return None
    if name == "performance":
        if clause.per is not None:
            cure = "it is a share of what is gained, whenever: leave out `per`"
            scope.problems.report(WrongKind(clause.per.span, "a share of the gain", "a share per duration", cure))
            return None
        share = ratio(clause.share, f"`{name}`", place, scope, high=MOST)
        return PerformanceFee(share, span=clause.span) if share is not None else None
    share = ratio(clause.share, f"`{name}`", place, scope)
    if clause.per is None:
        cure = "write for example `management: 1% per 1y`"
        scope.problems.report(MissingArgument(clause.span, "`management`", "`per` and a duration", cure))
        return None
    per = seconds(clause.per, "`per`", clause.per.span, scope)
    if share is None or per is None:
        return None
    if share * YEAR > MOST * per:
        wanted, found = f"at most {percent(MOST)} in a year", percent(share * YEAR / per)
        cure = "write for example `management: 1% per 1y`"
        scope.problems.report(OutOfRange(clause.share.span, "`management`", wanted, found, cure))
        return None
    return ManagementFee(share, per, span=clause.span)
