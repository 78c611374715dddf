"""What stands outside of strategies: tokens, venues and assumptions, and which of them belong to a strategy.

A file knows its own names and those of the files that it uses. A strategy sees everything that its file knows, and of
that only those declarations become part of it that it uses: nobody has to bound the price of a token of a shared list.
"""

from __future__ import annotations

from msgspec import Struct, field
from msgspec.structs import replace

from stratc_dsl import syntax
from stratc_dsl.check_assumptions import check_assumptions
from stratc_dsl.check_declarations import declare
from stratc_dsl.check_warnings import in_vain
from stratc_dsl.errors import UnusedAssumption
from stratc_dsl.mentions import names_in, names_of
from stratc_dsl.scope import Problems, Scope
from stratc_dsl.span import Span
from stratc_dsl.strategy import AaveV3, Assumption, Strategy, Token, UniswapV3, Venue
from stratc_dsl.use import Unit


class Shared(Struct):
    """What a program shares. `declared` and `stated` say what is taken, `mentions` what each declaration names."""

    declared: dict[str, Span] = field(default_factory=dict)
    mentions: dict[str, frozenset[str]] = field(default_factory=dict)
    assumptions: list[Assumption] = field(default_factory=list)
    stated: dict[str, Span] = field(default_factory=dict)


def check_shared(units: tuple[Unit, ...], problems: Problems) -> tuple[Shared, Scope]:
    """Type what stands outside of strategies, each file once; with it the names that the main file knows."""
    shared = Shared()
    scopes: dict[str, Scope] = {}
    for unit in units:
        scopes[unit.path] = scope = together([scopes[path] for path in unit.uses], problems)
        declare(unit.tree.shared, scope)
        _enter(unit, scope, shared)
        for block in unit.tree.shared:
            for clause in block.clauses if isinstance(block, syntax.AssumeBlock) else ():
                shared.assumptions += check_assumptions([clause], scope, shared.stated) or ()
    return shared, scopes[units[-1].path]


def together(scopes: list[Scope], problems: Problems) -> Scope:
    """The names of several scopes, and a place for more. Of two with one name, which is an error, the first."""
    scope = Scope(problems)
    for one in scopes:
        for name, token in one.tokens.items():
            scope.tokens.setdefault(name, token)
        for name, venue in one.venues.items():
            scope.venues.setdefault(name, venue)
    return scope


def _enter(unit: Unit, scope: Scope, shared: Shared) -> None:
    """Note what a file declares; report names that a file which it does not use declares too."""
    for name, span in scope.names().items():
        if span in unit.span:
            scope.first(shared.declared, f"the name `{name}`", span)
    for one in unit.tree.shared:
        if not isinstance(one, syntax.AssumeBlock):
            shared.mentions.setdefault(one.name.text, _mentions(one, scope))


def _mentions(one: syntax.TokenDeclaration | syntax.VenueDeclaration, scope: Scope) -> frozenset[str]:
    """What a declaration drags in. A lending venue nothing: of its many tokens a strategy takes those that it uses."""
    if isinstance(one, syntax.TokenDeclaration):
        return frozenset(names_in(one.fields))
    declared = scope.venues.get(one.name.text)
    lends = declared is not None and declared.value is not None and isinstance(declared.value.terms, AaveV3)
    return frozenset() if lends else frozenset(names_in(one.terms))


# ── which of them a strategy uses ──


def used_by(strategy: Strategy, declaration: syntax.StrategyDeclaration, shared: Shared) -> set[str]:
    """The names that belong to a strategy: its own, those that it uses, and what those cannot be without."""
    declared: tuple[Token | Venue, ...] = (*strategy.tokens, *strategy.venues)
    used = {one.name for one in declared if one.span in strategy.span}
    used |= set(names_in(tuple(part for part in declaration.parts if not isinstance(part, syntax.AssumeBlock))))
    used |= {position.token for position in strategy.positions}
    used = _with_mentioned(used, shared) & {one.name for one in declared}
    assumed = set(names_in(declaration.parts))
    for token in dict.fromkeys(token for position in strategy.positions for token in strategy.tokens_of(position)):
        pools = _pools({token, strategy.base}, strategy)
        if pools and not used & set(pools):
            used.add(next((pool for pool in pools if pool in assumed), pools[0]))
    return used


def _with_mentioned(names: set[str], shared: Shared) -> set[str]:
    reached: set[str] = set()
    while names:
        reached |= names
        names = {other for name in names for other in shared.mentions.get(name, ())} - reached
    return reached


def _pools(pair: set[str], strategy: Strategy) -> list[str]:
    """The venues that swap between two tokens, in the order of declaration."""
    swaps = [(venue.name, venue.terms) for venue in strategy.venues]
    return [name for name, terms in swaps if isinstance(terms, UniswapV3) and {terms.token, terms.quote} == pair]


def with_shared(strategy: Strategy, shared: Shared, used: set[str]) -> Strategy:
    """The strategy without what it does not use, and with those shared assumptions that something rests on.

    A lending venue takes many tokens. A shared one comes with those that the strategy uses.
    """
    resting = (one for one in shared.assumptions if names_of(one) <= used and in_vain(one, strategy) is None)
    own = (one for one in strategy.assumptions if names_of(one) <= used)
    venues = (one for one in strategy.venues if one.name in used)
    return replace(
        strategy,
        tokens=tuple(one for one in strategy.tokens if one.name in used),
        venues=tuple(one if one.span in strategy.span else _narrowed(one, used) for one in venues),
        assumptions=(*resting, *own),
        exit_order=tuple(name for name in strategy.exit_order if name in used),
    )


def _narrowed(venue: Venue, used: set[str]) -> Venue:
    terms = venue.terms
    if not isinstance(terms, AaveV3):
        return venue
    collateral = tuple(one for one in terms.collateral if one.token in used)
    borrow = tuple(token for token in terms.borrow if token in used)
    return replace(venue, terms=replace(terms, collateral=collateral, borrow=borrow))


def warn_of_unused(own: tuple[Assumption, ...], used: set[str], scope: Scope) -> None:
    """Report what a strategy assumes about shared declarations that it does not use."""
    for assumption in own:
        for name in sorted(names_of(assumption) - used):
            why = f"the strategy does not use `{name}`"
            scope.problems.report(
                UnusedAssumption(assumption.span, why, "delete it, or allocate a position that needs it")
            )
            break
