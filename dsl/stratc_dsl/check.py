"""Surface tree to typed strategies. Reports every error of the text in one run, and none that follows from another."""

from __future__ import annotations

from typing import TypeVar

from stratc_dsl import syntax
from stratc_dsl.check_administration import check_fees, check_limits, check_roles
from stratc_dsl.check_allocation import check_allocation
from stratc_dsl.check_assumptions import check_assumptions
from stratc_dsl.check_declarations import declare
from stratc_dsl.check_hedge import check_hedge
from stratc_dsl.check_rules import check_claims, check_exit_block, check_floors, check_rules
from stratc_dsl.check_shared import Shared, check_shared, together, used_by, warn_of_unused, with_shared
from stratc_dsl.check_targets import check_floors_at_targets
from stratc_dsl.check_warnings import check_warnings
from stratc_dsl.check_whole import check_assumed, check_exit, check_loans, check_swaps
from stratc_dsl.errors import DuplicateName, LanguageError, MissingPart, NoStrategy, OnlyShared
from stratc_dsl.record import Record
from stratc_dsl.scope import Problems, Scope
from stratc_dsl.span import Span
from stratc_dsl.strategy import Allocation, SignalledAllocation, Strategy
from stratc_dsl.use import Program, Unit

P = TypeVar("P")


def check(program: Program, may_only_share: bool) -> tuple[tuple[Strategy, ...], tuple[LanguageError, ...]]:
    """The typed strategies of the main file, and the errors; strategies are complete only where there is no error."""
    problems = Problems()
    main = program.units[-1]
    shared, known = check_shared(program.units, problems)
    if not main.tree.strategies:
        _no_strategy(main, may_only_share, problems)
    names: dict[str, Span] = {}
    strategies: list[Strategy] = []
    for declaration in main.tree.strategies:
        name = declaration.name
        if name.text in names:
            problems.report(DuplicateName(name.span, f"the strategy `{name.text}`", names[name.text]))
        names.setdefault(name.text, name.span)
        own = Problems()
        strategy = _strategy(declaration, together([known], own), shared)
        problems.errors += own.errors
        if strategy is not None:
            strategies.append(strategy)
    return tuple(strategies), problems.all()


def _no_strategy(main: Unit, may_only_share: bool, problems: Problems) -> None:
    if not main.tree.shared and not main.tree.uses:
        problems.report(NoStrategy(Span(0, 0)))
    elif not may_only_share:
        problems.report(OnlyShared(Span(0, 0), main.path))


class _Parts(Record):
    """The parts of a strategy by kind; of those that stand once, the first."""

    base: syntax.BaseClause | None
    assume: tuple[syntax.AssumeBlock, ...]
    allocate: syntax.AllocateBlock | None
    hedge: syntax.HedgeBlock | None
    floors: syntax.FloorsBlock | None
    rules: syntax.RulesBlock | None
    roles: syntax.RolesBlock | None
    limits: syntax.LimitsBlock | None
    fees: syntax.FeesBlock | None
    exit: syntax.ExitBlock | None
    prove: syntax.ProveBlock | None


def _sort(declaration: syntax.StrategyDeclaration, scope: Scope) -> _Parts:
    def only(kind: type[P], word: str) -> P | None:
        first: P | None = None
        seen: dict[str, Span] = {}
        for part in declaration.parts:
            if isinstance(part, kind):
                start = part.span.start
                if scope.first(seen, f"`{word}`", Span(start, start + len(word))):
                    first = part
        return first

    return _Parts(
        only(syntax.BaseClause, "base"),
        tuple(part for part in declaration.parts if isinstance(part, syntax.AssumeBlock)),
        only(syntax.AllocateBlock, "allocate"),
        only(syntax.HedgeBlock, "hedge"),
        only(syntax.FloorsBlock, "floors"),
        only(syntax.RulesBlock, "rules"),
        only(syntax.RolesBlock, "roles"),
        only(syntax.LimitsBlock, "limits"),
        only(syntax.FeesBlock, "fees"),
        only(syntax.ExitBlock, "exit"),
        only(syntax.ProveBlock, "prove"),
    )


def _strategy(declaration: syntax.StrategyDeclaration, scope: Scope, shared: Shared) -> Strategy | None:
    """The typed strategy, or None after reporting why not. Worthless where anything was reported."""
    parts = _sort(declaration, scope)
    declare(declaration.parts, scope)
    base = _base(declaration, parts, scope)
    allocations = check_allocation(parts.allocate, scope) if parts.allocate else None
    if parts.allocate is None:
        cure = "state the shares of nav that are held: `allocate { idle(TOKEN): 100% }`"
        scope.problems.report(MissingPart(declaration.name.span, declaration.name.text, "`allocate`", cure))
    hedges = check_hedge(parts.hedge, scope) if parts.hedge else ()
    clauses = [clause for block in parts.assume for clause in block.clauses]
    assumptions = check_assumptions(clauses, scope, dict(shared.stated))
    floors = check_floors(parts.floors, scope) if parts.floors else ()
    rules = check_rules(parts.rules, scope) if parts.rules else ()
    exit_places, exit_flash = check_exit_block(parts.exit, scope) if parts.exit else (None, None)
    claims = check_claims(parts.prove, scope) if parts.prove else ()
    roles = check_roles(parts.roles, scope) if parts.roles else ()
    limits = check_limits(parts.limits, base, scope) if parts.limits else ()
    fees = check_fees(parts.fees, scope) if parts.fees else ()
    tokens = tuple(one.value for one in scope.tokens.values() if one.value is not None)
    venues = tuple(one.value for one in scope.venues.values() if one.value is not None)
    signals = tuple(one.value for one in scope.signals.values() if one.value is not None)
    complete = len(tokens) == len(scope.tokens) and len(venues) == len(scope.venues)
    if base is None or allocations is None or not complete:
        return None
    strategy = Strategy(
        name=declaration.name.text,
        base=base,
        tokens=tokens,
        venues=venues,
        assumptions=assumptions or (),
        allocations=tuple(one for one in allocations if isinstance(one, Allocation)),
        signalled=tuple(one for one in allocations if isinstance(one, SignalledAllocation)),
        hedges=hedges,
        floors=floors,
        rules=rules,
        exit_order=tuple(exit_places if exit_places is not None else scope.venues),
        exit_flash=exit_flash,
        claims=claims,
        signals=signals,
        roles=roles,
        limits=limits,
        fees=fees,
        span=declaration.span,
    )
    used = used_by(strategy, declaration, shared)
    strategy = with_shared(strategy, shared, used)
    if assumptions is not None:
        check_assumed(strategy, _word(parts.assume[0].span, "assume") if parts.assume else declaration.name.span, scope)
    check_loans(strategy, scope)
    check_swaps(strategy, scope)
    if parts.exit is not None and exit_places is not None:
        check_exit(strategy, exit_places, _word(parts.exit.span, "exit"), scope)
    check_floors_at_targets(strategy, scope)
    if not scope.problems.errors:
        check_warnings(declaration, strategy, scope)
        warn_of_unused(assumptions or (), used, scope)
    return strategy


def _base(declaration: syntax.StrategyDeclaration, parts: _Parts, scope: Scope) -> str | None:
    if parts.base is not None:
        return scope.token(parts.base.token)
    cure = "name the asset of the vault first: `base USDC`"
    scope.problems.report(MissingPart(declaration.name.span, declaration.name.text, "`base`", cure))
    return None


def _word(span: Span, word: str) -> Span:
    return Span(span.start, span.start + len(word))
