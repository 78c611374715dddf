"""The `assume` blocks: each statement typed, and none forgotten that a proof would need."""

from __future__ import annotations

from fractions import Fraction

from stratc_dsl import syntax
from stratc_dsl.adapters import adapter_of
from stratc_dsl.check_constants import constant, move, ordered, ratio, seconds
from stratc_dsl.check_positions import holding_venue, resolve_position, venue_named
from stratc_dsl.errors import MissingArgument, NothingThere, OutOfRange, WrongDimension, WrongKind, WrongRelation
from stratc_dsl.scope import Scope
from stratc_dsl.span import Span
from stratc_dsl.strategy import (
    Assumption,
    Base,
    DepositsAtMost,
    FundingBetween,
    KeeperEvery,
    LiquidityAtLeast,
    LossAtMost,
    OracleOffBy,
    PairMoves,
    PairStays,
    PriceMoves,
    PriceStays,
    RateAtMost,
    RoomAtLeast,
    SlippageAtMost,
    WithdrawalsAtMost,
)
from stratc_dsl.words import expression_words, plain

SUBJECTS = ("price", "rate", "funding", "slippage", "loss", "liquidity", "room", "oracle", "withdrawals", "deposits")
ORACLE_CURE = "write `oracle(TOKEN) off by <= 1%`"
FORMS = "assumptions are told of `price(T)`, `rate(p)`, `funding(v)`, `slippage(v)`, `loss(v)`, `liquidity(v)`, .."


def check_assumptions(
    clauses: list[syntax.AssumptionClause], scope: Scope, seen: dict[str, Span]
) -> tuple[Assumption, ...] | None:
    """Every assumption, or None where any of them has an error. `seen` is what was stated about, and grows."""
    typed: list[Assumption | None] = []
    for clause in clauses:
        assumption = _assumption(clause, scope)
        if assumption is not None and not scope.first(seen, _about(assumption), clause.span):
            assumption = None
        typed.append(assumption)
    complete = tuple(one for one in typed if one is not None)
    return complete if len(complete) == len(typed) else None


def _about(assumption: Assumption) -> str:
    match assumption:
        case KeeperEvery():
            return "`keeper every`"
        case PriceMoves(token):
            return f"the move of `price({token})`"
        case PriceStays(token):
            return f"the range of `price({token})`"
        case PairMoves(token, other):
            return f"the move between `{min(token, other)}` and `{max(token, other)}`"
        case PairStays(token, other):
            return f"the range between `{min(token, other)}` and `{max(token, other)}`"
        case FundingBetween(venue):
            return f"`funding({venue})`"
        case RateAtMost(position):
            return f"`rate({position})`"
        case SlippageAtMost(venue):
            return f"`slippage({venue})`"
        case LossAtMost(venue):
            return f"`loss({venue})`"
        case LiquidityAtLeast(venue):
            return f"`liquidity({venue})`"
        case RoomAtLeast(venue):
            return f"`room({venue})`"
        case OracleOffBy(token):
            return f"`oracle({token})`"
        case WithdrawalsAtMost():
            return "`withdrawals`"
        case DepositsAtMost():
            return "`deposits`"


def _assumption(clause: syntax.AssumptionClause, scope: Scope) -> Assumption | None:
    match clause:
        case syntax.KeeperClause(period, span):
            every = seconds(period, "`keeper every`", Span(span.start, span.start + len("keeper")), scope)
            return KeeperEvery(every, span=span) if every is not None else None
        case syntax.RangeClause():
            return _price_range(clause, scope)
        case syntax.BoundClause():
            return _bound(clause, scope)
        case syntax.WithinClause():
            return _funding(clause, scope)
        case syntax.OffByClause():
            return _oracle(clause, scope)


# ── prices ──


def _price_range(clause: syntax.RangeClause, scope: Scope) -> Assumption | None:
    match clause.subject:
        case syntax.Reference(syntax.Name("price"), None, (syntax.Argument(None, syntax.Operation("/") as pair),)):
            return _pair_range(clause, pair, scope)
        case syntax.Reference(syntax.Name("price"), None, (syntax.Argument(None, subject),)):
            token = scope.token_named(subject)
        case other:
            cure = f"write `price(TOKEN) {clause.verb} ..`"
            scope.problems.report(WrongKind(other.span, "`price(TOKEN)`", expression_words(other), cure))
            return None
    if clause.verb == "moves":
        moves = move(clause.range, "`moves`", clause.subject.span, scope)
        return PriceMoves(token, *moves, span=clause.span) if token and moves else None
    stays = _stays(clause.range, clause.subject.span, scope)
    return PriceStays(token, *stays, span=clause.span) if token and stays else None


def _pair_range(clause: syntax.RangeClause, pair: syntax.Operation, scope: Scope) -> Assumption | None:
    token, other = scope.token_named(pair.left), scope.token_named(pair.right)
    if token is not None and token == other:
        cure = "a price is told in another token, or in USD: `price(TOKEN)`"
        scope.problems.report(WrongKind(pair.span, "two tokens", f"`{token}` twice", cure))
        return None
    if clause.verb == "moves":
        moves = move(clause.range, "`moves`", clause.subject.span, scope)
        return PairMoves(token, other, *moves, span=clause.span) if token and other and moves else None
    stays = _told(clause.range, clause.subject.span, scope)
    return PairStays(token, other, *stays, span=clause.span) if token and other and stays else None


def _told(written: syntax.Range, about: Span, scope: Scope) -> tuple[Fraction, Fraction] | None:
    """A range of prices in another token: plain numbers above 0."""
    cure = "write how many of the second token one of the first is worth, for example `0.95 .. 1.01`"
    low, high = (constant(one, Base.RATIO, "`stays`", about, scope, cure) for one in (written.low, written.high))
    return _above_zero(written, ordered(written, low, high, scope, in_percent=False), cure, scope)


def _stays(written: syntax.Range, about: Span, scope: Scope) -> tuple[Fraction, Fraction] | None:
    ends = ordered(written, _usd(written.low, about, scope), _usd(written.high, about, scope), scope, in_percent=False)
    return _above_zero(written, ends, "write USD per token, for example `0.98 .. 1.02`", scope)


def _above_zero(
    written: syntax.Range, ends: tuple[Fraction, Fraction] | None, cure: str, scope: Scope
) -> tuple[Fraction, Fraction] | None:
    if ends is None or ends[0] > 0:
        return ends
    found = f"{plain(ends[0])} .. {plain(ends[1])}"
    scope.problems.report(OutOfRange(written.span, "a price", "above 0", found, cure))
    return None


def _usd(expression: syntax.Expr, about: Span, scope: Scope) -> Fraction | None:
    """USD per token: `0.98` or `0.98 USD`."""
    if isinstance(expression, syntax.Amount) and expression.token.text == "USD":
        return expression.value
    return constant(expression, Base.RATIO, "`stays`", about, scope, "write USD per token, for example `0.98 .. 1.02`")


# ── bounds ──


def _bound(clause: syntax.BoundClause, scope: Scope) -> Assumption | None:
    subject = clause.subject
    wanted = ">=" if subject.name.text in ("liquidity", "room") else "<="
    if subject.name.text not in SUBJECTS or subject.member is not None:
        scope.unknown_word("assumption", subject.name, SUBJECTS, FORMS)
        return None
    if subject.name.text in ("price", "funding", "oracle"):
        scope.problems.report(
            WrongKind(subject.span, "a bound on something that has one", f"`{subject.name.text}`", _range_cure(subject))
        )
        return None
    if clause.relation != wanted:
        scope.problems.report(WrongRelation(clause.span, f"`{subject.name.text}`", wanted, clause.relation))
        return None
    if clause.per is not None and subject.name.text != "rate":
        cure = "leave out `per`: the bound holds for one keeper period"
        scope.problems.report(WrongKind(clause.per.span, "a bound for one round", "a bound per duration", cure))
        return None
    match subject.name.text:
        case "rate":
            return _rate(clause, scope)
        case "withdrawals" | "deposits":
            return _flow(clause, scope)
        case "room":
            return _room(clause, scope)
        case _:
            return _of_venue(clause, scope)


def _range_cure(subject: syntax.Reference) -> str:
    if subject.name.text == "price":
        return "write `price(TOKEN) moves .. ` or `price(TOKEN) stays ..`"
    if subject.name.text == "oracle":
        return ORACLE_CURE
    return "write `funding(venue) in .. per 8h`"


def _subject_argument(subject: syntax.Reference, wanted: str, scope: Scope) -> syntax.Expr | None:
    match subject.arguments:
        case (syntax.Argument(None, value),):
            return value
        case _:
            name = subject.name.text
            found = "none" if not subject.arguments else "something else"
            cure = f"write `{name}({wanted})`"
            scope.problems.report(WrongKind(subject.span, f"one {wanted} in `{name}(..)`", found, cure))
            return None


def _rate(clause: syntax.BoundClause, scope: Scope) -> Assumption | None:
    argument = _subject_argument(clause.subject, "position", scope)
    position = resolve_position(argument, scope) if argument is not None else None
    if position is not None and position.kind != "debt":
        cure = "only debts bear interest here: name a position `venue.debt(TOKEN)`"
        scope.problems.report(WrongKind(clause.subject.span, "a debt", f"`{position}`", cure))
        return None
    highest = ratio(clause.bound, "`rate`", clause.subject.span, scope, high=None)
    if clause.per is None:
        cure = "write for example `<= 60% per 1y`"
        scope.problems.report(MissingArgument(clause.span, "`rate`", "`per` and a duration", cure))
        return None
    per = seconds(clause.per, "`per`", clause.per.span, scope)
    if position is None or highest is None or per is None:
        return None
    return RateAtMost(position, highest, per, span=clause.span)


def _flow(clause: syntax.BoundClause, scope: Scope) -> Assumption | None:
    subject = clause.subject
    if subject.arguments is not None:
        cure = f"write `{subject.name.text} <= 10% of nav`"
        scope.problems.report(WrongKind(subject.span, f"`{subject.name.text}`", expression_words(subject), cure))
        return None
    if not isinstance(clause.bound, syntax.ShareOfNav):
        found = expression_words(clause.bound)
        cure = f"write `{subject.name.text} <= 10% of nav`"
        scope.problems.report(
            WrongDimension(clause.bound.span, f"`{subject.name.text}`", "a share of nav", found, cure, subject.span)
        )
        return None
    if subject.name.text == "deposits":
        share = ratio(clause.bound.share, "`deposits`", subject.span, scope, high=None)
        return DepositsAtMost(share, span=clause.span) if share is not None else None
    share = ratio(clause.bound.share, "`withdrawals`", subject.span, scope)
    return WithdrawalsAtMost(share, span=clause.span) if share is not None else None


def _room(clause: syntax.BoundClause, scope: Scope) -> Assumption | None:
    subject = clause.subject
    share: Fraction | None = None
    if isinstance(clause.bound, syntax.ShareOfNav):
        share = ratio(clause.bound.share, "`room`", subject.span, scope, high=None)
    else:
        found, cure = expression_words(clause.bound), "write `room(venue) >= 10% of nav`"
        scope.problems.report(WrongDimension(clause.bound.span, "`room`", "a share of nav", found, cure, subject.span))
    argument = _subject_argument(subject, "venue", scope)
    cure = "name a venue whose reserves have caps, such as `aave_v3(..)`"
    venue = _bounded_venue(argument, "room", "a venue with caps", "cap", cure, scope) if argument else None
    return RoomAtLeast(venue, share, span=clause.span) if venue and share is not None else None


def _of_venue(clause: syntax.BoundClause, scope: Scope) -> Assumption | None:
    kind = clause.subject.name.text
    share = ratio(clause.bound, f"`{kind}`", clause.subject.span, scope)
    argument = _subject_argument(clause.subject, "venue", scope)
    if argument is None:
        return None
    if kind == "slippage":
        return _slippage(clause, argument, share, scope)
    name = scope.bare_name(argument, "a venue", "write the name of a venue")
    venue = holding_venue(name, scope, f"`{kind}`") if name else None
    if venue is None or share is None:
        return None
    bound = LossAtMost if kind == "loss" else LiquidityAtLeast
    return bound(venue, share, span=clause.span)


def _slippage(
    clause: syntax.BoundClause, argument: syntax.Expr, share: Fraction | None, scope: Scope
) -> Assumption | None:
    cure = "name a venue to swap in, such as `uniswap_v3(..)`"
    venue = _bounded_venue(argument, "slippage", "a pool to swap in", "pool", cure, scope)
    return SlippageAtMost(venue, share, span=clause.span) if venue and share is not None else None


def _bounded_venue(argument: syntax.Expr, bound: str, needed: str, what: str, cure: str, scope: Scope) -> str | None:
    """The name of a venue that has what is bounded, or None after reporting."""
    declared = venue_named(argument, scope)
    if declared is None or declared.value is None:
        return None
    venue = declared.value
    if bound not in adapter_of(venue.terms).bounds:
        scope.problems.report(NothingThere(argument.span, f"`{bound}`", needed, what, venue.name, cure))
        return None
    return venue.name


# ── what venues read ──


def _oracle(clause: syntax.OffByClause, scope: Scope) -> Assumption | None:
    """`oracle(T) off by <= r`: of any token, also one that no venue reads, which is a warning (see `in_vain`)."""
    subject = clause.subject
    if subject.name.text not in SUBJECTS or subject.member is not None:
        scope.unknown_word("assumption", subject.name, SUBJECTS, FORMS)
        return None
    if subject.name.text != "oracle":
        cure = "what is `off by` something is the oracle of a venue: `oracle(TOKEN) off by <= 1%`"
        scope.problems.report(
            WrongKind(subject.span, "`oracle(TOKEN)` before `off by`", f"`{subject.name.text}`", cure)
        )
        return None
    if clause.relation != "<=":
        scope.problems.report(WrongRelation(clause.span, "`oracle`", "<=", clause.relation))
        return None
    share = ratio(clause.bound, "`oracle`", subject.span, scope, high=Fraction(99, 100))  # a price is above zero
    argument = _subject_argument(subject, "token", scope)
    token = scope.token_named(argument) if argument is not None else None
    return OracleOffBy(token, share, span=clause.span) if token and share is not None else None


# ── funding ──


def _funding(clause: syntax.WithinClause, scope: Scope) -> Assumption | None:
    subject = clause.subject
    if subject.name.text != "funding" or subject.member is not None:
        _not_within(subject, scope)
        return None
    argument = _subject_argument(subject, "venue", scope)
    cure = "name a venue such as `perp_v2(..)`"
    venue = _bounded_venue(argument, "funding", "a perpetual", "perpetual", cure, scope) if argument else None
    low, high = (
        constant(one, Base.RATIO, "`funding`", subject.span, scope) for one in (clause.range.low, clause.range.high)
    )
    ends = ordered(clause.range, low, high, scope, in_percent=True)
    if clause.per is None:
        cure = "write for example `in -0.10% .. +0.10% per 8h`"
        scope.problems.report(MissingArgument(clause.span, "`funding`", "`per` and a duration", cure))
        return None
    per = seconds(clause.per, "`per`", clause.per.span, scope)
    return FundingBetween(venue, *ends, per, span=clause.span) if venue and ends and per is not None else None


def _not_within(subject: syntax.Reference, scope: Scope) -> None:
    if subject.name.text not in SUBJECTS or subject.member is not None:
        scope.unknown_word("assumption", subject.name, SUBJECTS, FORMS)
        return
    cure = "write `price(TOKEN) moves ..` or `stays ..`" if subject.name.text == "price" else "write `<=` and one bound"
    cure = "write `>=` and one bound" if subject.name.text in ("liquidity", "room") else cure
    cure = ORACLE_CURE if subject.name.text == "oracle" else cure
    found = f"`{subject.name.text}`"
    scope.problems.report(WrongKind(subject.span, "`funding(VENUE)` before `in`", found, cure))
