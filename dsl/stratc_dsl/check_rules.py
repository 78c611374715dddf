"""Floors, rules, the exit order and claims."""

from __future__ import annotations

from stratc_dsl import syntax
from stratc_dsl.check_actions import check_action
from stratc_dsl.check_arguments import bind_fields
from stratc_dsl.check_constants import ratio, seconds
from stratc_dsl.check_expressions import type_predicate
from stratc_dsl.check_flash import check_flash
from stratc_dsl.check_positions import holding_venue
from stratc_dsl.errors import WrongDimension, WrongKind, WrongRelation
from stratc_dsl.scope import Scope
from stratc_dsl.span import Span
from stratc_dsl.strategy import (
    Claim,
    Every,
    ExitPays,
    Flash,
    Floor,
    Invariant,
    LossPerRound,
    Rule,
    Safe,
    Solvent,
    SurvivesLossOf,
    Trigger,
    When,
)
from stratc_dsl.words import expression_words

CLAIMS = {"solvent": "solvent", "safe": "safe(v)", "loss": "loss <= r per round", "exit": "exit >= r of nav"}
CLAIM_FORMS = "claims are `solvent`, `safe(v)`, `loss <= r per round`, `exit >= r of nav`, `survives loss of v`, .."


def check_floors(block: syntax.FloorsBlock, scope: Scope) -> tuple[Floor, ...]:
    """The floors that have no error."""
    floors: list[Floor] = []
    for written in block.floors:
        predicate = type_predicate(written, scope, "a floor")
        if predicate is not None:
            floors.append(Floor(predicate, span=written.span))
    return tuple(floors)


# ── rules ──


def check_rules(block: syntax.RulesBlock, scope: Scope) -> tuple[Rule, ...]:
    """The rules that have no error, in order of priority."""
    rules: list[Rule] = []
    for written in block.rules:
        trigger, action = _trigger(written, scope), check_action(written.verb, scope)
        if trigger is not None and action is not None:
            rules.append(Rule(trigger, action, span=written.span))
    return tuple(rules)


def _trigger(rule: syntax.WhenRule | syntax.EveryRule, scope: Scope) -> Trigger | None:
    match rule:
        case syntax.WhenRule(condition):
            predicate = type_predicate(condition, scope, "`when`")
            return When(predicate, span=condition.span) if predicate is not None else None
        case syntax.EveryRule(written):
            period = seconds(written, "`every`", Span(rule.span.start, rule.span.start + len("every")), scope)
            return Every(period, span=written.span) if period is not None else None


# ── exit ──


def check_exit_block(block: syntax.ExitBlock, scope: Scope) -> tuple[dict[str, Span] | None, Flash | None]:
    """The venues in the order written with the place of each (None where no order is stated, or after an error), and
    where the exit may borrow."""
    place = Span(block.span.start, block.span.start + len("exit"))
    cure = "write `exit { order: [venue, venue] }`"
    fields = bind_fields(block.fields, "`exit`", ("order", "using"), (), place, scope, cure)
    flash, _ = check_flash(fields.get("using"), scope)
    order = fields.get("order")
    return _exit_order(order, scope) if order is not None else None, flash


def _exit_order(order: syntax.Expr, scope: Scope) -> dict[str, Span] | None:
    if not isinstance(order, syntax.ListOf):
        cure = "write `order: [venue, venue]`"
        scope.problems.report(WrongKind(order.span, "a list of venues", expression_words(order), cure))
        return None
    places: dict[str, Span] = {}
    seen: dict[str, Span] = {}
    complete = True
    for item in order.items:
        name = scope.bare_name(item, "a venue", "write the name of a venue")
        if name is None or scope.venue(name) is None:
            complete = False
        elif scope.first(seen, f"`{name.text}` in the exit order", item.span):
            places[name.text] = item.span
    return places if complete else None


# ── claims ──


def check_claims(block: syntax.ProveBlock, scope: Scope) -> tuple[Claim, ...]:
    """The claims that have no error."""
    seen: dict[str, Span] = {}
    claims: list[Claim] = []
    for written in block.claims:
        claim = _claim(written, scope)
        if claim is not None and scope.first(seen, _about(claim), written.span):
            claims.append(claim)
    return tuple(claims)


def _about(claim: Claim) -> str:
    match claim:
        case Solvent():
            return "the claim `solvent`"
        case Safe(venue):
            return f"the claim `safe({venue})`"
        case LossPerRound():
            return "the claim `loss`"
        case ExitPays():
            return "the claim `exit`"
        case SurvivesLossOf(venue):
            return f"the claim `survives loss of {venue}`"
        case Invariant(name):
            return f"the invariant `{name}`"


def _claim(claim: syntax.ClaimClause | syntax.SurvivesClause | syntax.InvariantClause, scope: Scope) -> Claim | None:
    match claim:
        case syntax.InvariantClause(name, condition, span):
            predicate = type_predicate(condition, scope, "`invariant`")
            return Invariant(name.text, predicate, span=span) if predicate is not None else None
        case syntax.SurvivesClause(name, span):
            venue = holding_venue(name, scope, "`survives loss of`")
            return SurvivesLossOf(venue, span=span) if venue else None
        case syntax.ClaimClause():
            return _named_claim(claim, scope)


def _named_claim(claim: syntax.ClaimClause, scope: Scope) -> Claim | None:
    name = claim.subject.name
    if name.text not in CLAIMS or claim.subject.member is not None:
        scope.unknown_word("claim", name, (*CLAIMS, "survives", "invariant"), CLAIM_FORMS)
        return None
    match claim:
        case syntax.ClaimClause(syntax.Reference(syntax.Name("solvent"), None, None), None):
            return Solvent(span=claim.span)
        case syntax.ClaimClause(syntax.Reference(syntax.Name("safe"), None, (syntax.Argument(None, argument),)), None):
            venue = scope.bare_name(argument, "a venue", "write `safe(venue)`")
            holder = holding_venue(venue, scope, "`safe`") if venue else None
            return Safe(holder, span=claim.span) if holder else None
        case syntax.ClaimClause(syntax.Reference(syntax.Name("loss"), None, None), str(), bound, True):
            return _loss(claim, bound, scope)
        case syntax.ClaimClause(syntax.Reference(syntax.Name("exit"), None, None), str(), bound, False):
            return _exit_pays(claim, bound, scope)
        case _:
            scope.problems.report(WrongKind(claim.span, f"`{CLAIMS[name.text]}`", "something else", CLAIM_FORMS))
            return None


def _loss(claim: syntax.ClaimClause, bound: syntax.Expr | None, scope: Scope) -> Claim | None:
    assert bound is not None
    share = ratio(bound, "`loss`", claim.subject.span, scope)
    return LossPerRound(share, span=claim.span) if share is not None and _relation(claim, "<=", scope) else None


def _exit_pays(claim: syntax.ClaimClause, bound: syntax.Expr | None, scope: Scope) -> Claim | None:
    assert bound is not None
    if not isinstance(bound, syntax.ShareOfNav):
        found, cure = expression_words(bound), "write `exit >= 93% of nav`"
        scope.problems.report(WrongDimension(bound.span, "`exit`", "a share of nav", found, cure, claim.subject.span))
        return None
    share = ratio(bound.share, "`exit`", claim.subject.span, scope)
    return ExitPays(share, span=claim.span) if share is not None and _relation(claim, ">=", scope) else None


def _relation(claim: syntax.ClaimClause, wanted: str, scope: Scope) -> bool:
    if claim.relation == wanted:
        return True
    scope.problems.report(WrongRelation(claim.span, f"`{claim.subject.name.text}`", wanted, claim.relation or ""))
    return False
