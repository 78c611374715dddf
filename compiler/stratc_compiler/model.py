"""Typed strategy to vault model: positions, derived quantities, bands, floors, rules, the exit."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from msgspec.structs import replace

from stratc_compiler.conservation import conserving
from stratc_compiler.deleverage_plans import deleverage
from stratc_compiler.errors import Unsupported
from stratc_compiler.expr import (
    And,
    Combination,
    Expr,
    Formula,
    Monus,
    Plain,
    Rel,
    Rounding,
    Var,
    amount_worth,
    total,
    value_of,
)
from stratc_compiler.fees import ELAPSED, charge, mark
from stratc_compiler.flash_plans import deleverage_by_flash, lender_of, rebalance_by_flash, unwind_by_flash
from stratc_compiler.greeks import asked, greek_definitions
from stratc_compiler.guard import guard, only_reduces_risk
from stratc_compiler.hedge_plans import rehedge
from stratc_compiler.limits import deposit_room
from stratc_compiler.perp_plans import target_shorts
from stratc_compiler.perps import worth_of_short
from stratc_compiler.plans import exit_steps, rebalance, unwind
from stratc_compiler.pools import pools_of
from stratc_compiler.predicates import ONE, Quotient, Scope, lower_predicate, nav_share, share_of_nav
from stratc_compiler.range_plans import collect
from stratc_compiler.ranges import worth
from stratc_compiler.refuse import refuse
from stratc_compiler.shares import SHARES, SUPPLY, WHOLE, round_assets, round_deposited
from stratc_compiler.slices import unwinding
from stratc_compiler.top_up_plans import top_up
from stratc_compiler.trade_sizes import plan_name
from stratc_compiler.trading import Parts
from stratc_compiler.unwind_plans import unwind_position
from stratc_compiler.vault import (
    NAV,
    Band,
    Condition,
    Exits,
    ExitStep,
    Freezes,
    Greek,
    Hedged,
    Held,
    Marks,
    OnCondition,
    OnStale,
    OnTimer,
    Plan,
    RuleEffect,
    RuleModel,
    RuleTrigger,
    SwapModel,
    Trades,
    Unwinding,
    Vault,
    VenueFactory,
    VenueModel,
    binds,
    every_item,
    net_worth,
)
from stratc_compiler.volatility import rings
from stratc_dsl.span import Source, Span
from stratc_dsl.strategy import (
    Action,
    Allocation,
    Deleverage,
    DepositsAtMost,
    Erc4626,
    Every,
    ExitAction,
    Flash,
    Freeze,
    Harvest,
    Hedge,
    Invariant,
    Position,
    Rebalance,
    Rehedge,
    Relation,
    Rule,
    StalePrice,
    Strategy,
    TopUp,
    Unwind,
    Venue,
    WithdrawalsAtMost,
)


def build_vault(strategy: Strategy, source: Source, factories: Mapping[str, VenueFactory]) -> Vault:
    """The model of a typed strategy. Raises Unsupported for what this version cannot carry out."""
    refuse(strategy, factories)
    venues, swaps = _venues(strategy, source, factories)
    idle = tuple(Held(Position(None, "idle", token.name)) for token in strategy.tokens)
    held = _held(strategy, venues, idle)
    bands = tuple(_band(allocation, held, venues) for allocation in strategy.allocations)
    hedges = tuple(_hedge(hedge, held) for hedge in strategy.hedges)
    in_band = tuple(inside.formula for band in bands for inside in band.inside)
    scope = Scope(held, venues, in_band, {str(hedge.greek): hedge_band(hedge) for hedge in hedges})
    derived = definitions(held, strategy.base)
    traded = _lenders_last(strategy, swaps)
    shorts = target_shorts(strategy, hedges, bands)
    order = _exit_order(strategy, venues, swaps)
    parts = Parts(strategy.base, idle, order, bands, traded, pools_of(strategy), shorts)
    vault = Vault(
        strategy=strategy,
        venues=venues,
        swaps=swaps,
        idle=idle,
        held=held,
        definitions=derived | greek_definitions(strategy, held, venues, derived),
        bands=bands,
        floors=tuple(
            Condition(_words(floor.span, source), lower_predicate(floor.predicate, scope), span=floor.span)
            for floor in strategy.floors
        ),
        invariants={
            claim.name: Condition(_words(claim.predicate.span, source), lower_predicate(claim.predicate, scope))
            for claim in strategy.claims
            if isinstance(claim, Invariant)
        },
        rules=_rules(strategy, source, scope, parts, hedges),
        exit_steps=_exit_steps(strategy, parts),
        withdrawals=next((a.ratio for a in strategy.assumptions if isinstance(a, WithdrawalsAtMost)), None),
        deposits=next((a.ratio for a in strategy.assumptions if isinstance(a, DepositsAtMost)), None),
        deposit_room=deposit_room(strategy),
        charge=charge(strategy),
        guard=guard(strategy, venues),
        unwinding=unwinding(parts, strategy.span, buys=strategy.exit_flash is None),
        rings=rings(strategy),
        greeks=asked(strategy),
        hedges=hedges,
    )
    _names_mean_one_thing(vault)
    return vault


def _names_mean_one_thing(vault: Vault) -> None:
    """A venue's position may not bear the name of a derived quantity or of an amount that a plan binds."""
    plans: list[Unwinding] = [vault.exit_plan, vault.unwinding]
    plans += [rule.effect.plan for rule in vault.rules if isinstance(rule.effect, Trades)]
    bound = {name.name for plan in plans for item in every_item(plan) for name in binds(item)}
    bound |= {SUPPLY.name, SHARES.name, WHOLE.name, round_assets(vault.base).name, round_deposited(vault.base).name}
    if vault.charge:
        bound |= {ELAPSED.name, mark(vault.base).name, *(let.name.name for let in vault.charge)}
    for held in vault.held:
        if held.name in bound or held.name in vault.definitions:
            span = vault.strategy.venue(held.venue).span if held.venue else vault.strategy.span
            raise Unsupported(f"a venue named `{held.name}`", "choose another name: this one is the model's own", span)


def _words(span: Span, source: Source) -> str:
    return " ".join(source.words(span).split())


def _venues(
    strategy: Strategy, source: Source, factories: Mapping[str, VenueFactory]
) -> tuple[tuple[VenueModel, ...], tuple[SwapModel, ...]]:
    venues: list[VenueModel] = []
    swaps: list[SwapModel] = []
    for venue in strategy.venues:
        built = factories[venue.adapter](venue, strategy)
        if isinstance(built, SwapModel):
            swaps.append(built)
        else:
            venues.append(replace(built, inner=_inner(venue, source, factories)))
    return tuple(venues), tuple(swaps)


def _inner(venue: Venue, source: Source, factories: Mapping[str, VenueFactory]) -> Vault | None:
    """The model of the vault that is deposited in, where its strategy is named."""
    if not isinstance(venue.terms, Erc4626) or venue.terms.inner is None:
        return None
    strategy = venue.terms.inner.strategy
    assert strategy is not None, "a strategy that was not read is an error before"
    if strategy.fees:
        cure = "what its fees take of a share is in no claim of it: deposit in a vault without fees"
        raise Unsupported(f"a deposit in `{strategy.name}`, a vault with fees", cure, venue.terms.inner.span)
    return build_vault(strategy, source, factories)


def _held(strategy: Strategy, venues: tuple[VenueModel, ...], idle: tuple[Held, ...]) -> tuple[Held, ...]:
    """Allocated positions in the order of `allocate`, shorts, and base idle even where it is not allocated."""
    known = {held.name: held for held in idle} | {held.name: held for venue in venues for held in venue.positions}
    allocated = [known[str(allocation.position)] for allocation in strategy.allocations]
    allocated += [one for venue in venues if venue.perp is not None for one in venue.positions if one.debt]
    base = known[f"idle({strategy.base})"]
    return tuple(allocated) if base in allocated else (*allocated, base)


def definitions(held: tuple[Held, ...], base: str) -> dict[str, Expr]:
    """Derived quantities. Assets are valued rounding down and debts rounding up, so nav is never flattered."""
    result: dict[str, Expr] = {one.value.name: _value(one) for one in held}
    result["assets"] = total(tuple(one.value for one in held if not one.debt), Plain.VALUE)
    result["debts"] = total(tuple(one.value for one in held if one.debt), Plain.VALUE)
    result["nav"] = Monus(Var("assets", Plain.VALUE), Var("debts", Plain.VALUE))
    result["total_assets"] = amount_worth(NAV, base, Rounding.DOWN)
    return result


def _value(one: Held) -> Expr:
    if one.range is not None:
        return worth(one.range, one.range.liquidity)
    if one.margin is not None:
        return worth_of_short(one.var, one.margin)
    return value_of(one.var, Rounding.UP if one.debt else Rounding.DOWN)


def _band(allocation: Allocation, held: tuple[Held, ...], venues: tuple[VenueModel, ...]) -> Band:
    one = next(h for h in held if h.position == allocation.position)
    inside: list[Condition] = []
    for edge, relation in (
        (allocation.low, Rel.GE),
        (allocation.high, Rel.LE),
        (allocation.minimum, Rel.GE),
        (allocation.maximum, Rel.LE),
    ):
        if edge is not None:
            inside.append(_edge(one, relation, edge, venues, allocation.span))
    return Band(one, abs(allocation.target), tuple(inside), span=allocation.span)


def _edge(one: Held, relation: Rel, edge: Fraction, venues: tuple[VenueModel, ...], span: Span) -> Condition:
    # A debt is written negative: its weight of at least -36% is an amount owed of at most 36%.
    if one.debt:
        relation, edge = (Rel.LE if relation is Rel.GE else Rel.GE), -edge
    text = f"weight({one.name}) {relation.value} {float(edge * 100):g}%"
    weight = net_worth(one, venues)
    if set(weight) == {one.value}:
        return Condition(text, nav_share(one.value, relation, edge), span=span)
    plain: Combination = {ONE: Fraction(1)}
    return Condition(text, share_of_nav(Quotient(weight, plain), Relation(relation.value), edge, span), span=span)


def _hedge(hedge: Hedge, held: tuple[Held, ...]) -> Hedged:
    greek = Greek(hedge.sensitivity, hedge.token)
    instrument = next(one for one in held if one.position == hedge.instrument)
    inside = tuple(
        Condition(
            f"{greek} {relation.value} {float(edge * 100):g}% of nav",
            share_of_nav(Quotient(greek.combination, {ONE: Fraction(1)}), relation, edge, hedge.span),
            span=hedge.span,
        )
        for relation, edge in ((Relation.GE, hedge.low), (Relation.LE, hedge.high))
    )
    return Hedged(greek, instrument, hedge.low, hedge.high, inside, span=hedge.span)


def hedge_band(hedge: Hedged) -> Formula:
    """The sensitivity is inside its band, as `.. outside band` means it."""
    return And(tuple(inside.formula for inside in hedge.inside))


def _exit_order(
    strategy: Strategy, venues: tuple[VenueModel, ...], swaps: tuple[SwapModel, ...]
) -> tuple[VenueModel | SwapModel, ...]:
    """As written; what must be sold at the end and was not named is sold after everything else."""
    known: dict[str, VenueModel | SwapModel] = {venue.name: venue for venue in venues}
    known |= {swap.name: swap for swap in swaps}
    named = [known[name] for name in strategy.exit_order]
    return (*named, *(venue for venue in known.values() if venue not in named))


def _lenders_last(strategy: Strategy, swaps: tuple[SwapModel, ...]) -> tuple[SwapModel, ...]:
    """The places to trade in as they are looked through: a pool that is to lend is traded in where no other will do."""
    loans = [strategy.exit_flash, *(getattr(rule.action, "flash", None) for rule in strategy.rules)]
    lenders = {flash.venue for flash in loans if flash is not None}
    return tuple(sorted(swaps, key=lambda swap: swap.name in lenders))


def _exit_steps(strategy: Strategy, parts: Parts) -> tuple[ExitStep, ...]:
    """Venues with a debt are left by a flash loan where the strategy says so."""
    flash = strategy.exit_flash
    if flash is None:
        return exit_steps(parts, strategy.span, lambda venue: unwind(venue, parts, strategy.span))
    lender = lender_of(flash, parts)

    def leave(venue: VenueModel) -> Plan:
        owes = any(held.debt for held in venue.positions)
        return unwind_by_flash(venue, lender, parts, flash.span) if owes else unwind(venue, parts, flash.span)

    return exit_steps(parts, strategy.span, leave)


# ── rules ──────────────────────────────────────────────────────────────────────────────────


def _rules(
    strategy: Strategy, source: Source, scope: Scope, parts: Parts, hedges: tuple[Hedged, ...]
) -> tuple[RuleModel, ...]:
    rules: list[RuleModel] = []
    for rule in strategy.rules:
        words = _action_words(rule)
        taken = [other.name for other in rules]
        name = words if words not in taken else f"{words}_{sum(n.startswith(words) for n in taken) + 1}"
        trigger = _trigger(rule, source, scope)
        rules.append(
            RuleModel(
                name,
                _words(rule.span, source),
                trigger,
                _keeping(_effect(rule, scope, parts, strategy.exit_flash, hedges), rule.action, hedges),
                span=rule.span,
            )
        )
    return tuple(rules)


def _action_words(rule: Rule) -> str:
    match rule.action:
        case Deleverage(venue=venue):
            return f"deleverage_{venue}"
        case Rebalance():
            return "rebalance"
        case Harvest(venue=venue):
            return f"harvest_{venue}"
        case Freeze():
            return "freeze_when_due"
        case ExitAction():
            return "exit_when_due"
        case TopUp(position=position):
            return plan_name("top_up", str(position)).lower()
        case Unwind(position=position):
            return plan_name("unwind", str(position)).lower()
        case Rehedge():
            return "rehedge"


def _trigger(rule: Rule, source: Source, scope: Scope) -> RuleTrigger:
    if isinstance(rule.trigger, Every):
        return OnTimer(rule.trigger.period)
    predicate = rule.trigger.predicate
    if isinstance(predicate, StalePrice):
        if not isinstance(rule.action, Freeze):
            raise Unsupported("a rule on a stale price that trades", "only `freeze` can do without a price", rule.span)
        return OnStale(predicate.token)
    return OnCondition(
        Condition(_words(predicate.span, source), lower_predicate(predicate, scope), span=predicate.span)
    )


def _keeping(effect: RuleEffect, action: Action, hedges: tuple[Hedged, ...]) -> RuleEffect:
    """What trades towards targets ends inside every hedge's band, or is undone."""
    keeps = isinstance(effect, Trades) and isinstance(action, Rebalance | Rehedge) and bool(hedges)
    return replace(effect, hedges=True) if keeps else effect


def _effect(rule: Rule, scope: Scope, parts: Parts, exit_flash: Flash | None, hedges: tuple[Hedged, ...]) -> RuleEffect:
    match rule.action:
        case Deleverage(venue, health, flash, span=span):
            if flash is None:
                return _trades(deleverage(scope.venue(venue), health, parts, span), scope)
            lender = lender_of(flash, parts)
            return _trades(deleverage_by_flash(scope.venue(venue), health, lender, parts, span), scope)
        case Rebalance(flash, span=span):
            if flash is None:
                return _trades(rebalance(parts), scope)
            return _trades(rebalance_by_flash(lender_of(flash, parts), parts, span), scope)
        case Harvest(venue, span=span):
            if all(model.name != venue for model in scope.venues):
                raise Unsupported(f"harvest of `{venue}`, which holds no position", "harvest a lending venue", span)
            if scope.venue(venue).perp is not None:
                cure = "delete the rule: profit and funding are in its margin at once"
                raise Unsupported(f"harvest of `{venue}`, a venue of perpetuals", cure, span)
            ranges = tuple(held for held in scope.held if held.venue == venue and held.range is not None)
            if ranges:
                return _trades(collect(ranges[0], parts, span), scope)
            return Marks(venue)
        case Freeze():
            return Freezes()
        case ExitAction(flash, span=span):
            if flash is not None and (exit_flash is None or flash.venue != exit_flash.venue):
                cure = f"exit {{ using: flash({flash.venue}) }}"
                raise Unsupported("an exit by rule that borrows otherwise than the exit", cure, span)
            return Exits()
        case TopUp():
            return _trades(top_up(rule.action, scope, parts), scope)
        case Unwind(position, flash, span=span):
            held = next(one for one in scope.held if one.position == position)
            by = None if flash is None else lender_of(flash, parts)
            return _trades(unwind_position(held, scope.venue(position.venue or ""), by, parts, span), scope)
        case Rehedge():
            return _trades(rehedge(hedges, parts), scope)


def _trades(plan: Plan, scope: Scope) -> Trades:
    return Trades(conserving(plan, scope.held), only_reduces_risk(plan, scope.venues))
