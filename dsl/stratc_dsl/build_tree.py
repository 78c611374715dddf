"""Lark tree to surface tree: one function for each rule of the grammar that carries meaning."""

from __future__ import annotations

from collections.abc import Callable

from lark import Token, Tree

from stratc_dsl import syntax
from stratc_dsl.build_expression import build_expression, build_name, build_reference, child, children, span_of

Node = Tree[Token]


def build_file(tree: Node) -> syntax.File:
    """The surface tree of a text that parsed without an error."""
    items = children(tree)
    return syntax.File(
        tuple(_use(item) for item in items if item.data == "use"),
        tuple(SHARED[str(item.data)](item) for item in items if item.data in SHARED),
        tuple(_strategy(item) for item in items if item.data == "strategy"),
    )


def _use(tree: Node) -> syntax.UseClause:
    path = build_expression(child(tree, 0))
    assert isinstance(path, syntax.Text)
    return syntax.UseClause(path, span_of(tree))


def _strategy(tree: Node) -> syntax.StrategyDeclaration:
    name, *parts = children(tree)
    return syntax.StrategyDeclaration(build_name(name), tuple(_part(part) for part in parts), span_of(tree))


def _part(tree: Node) -> syntax.Part:
    return PARTS[str(tree.data)](tree)


def _base(tree: Node) -> syntax.BaseClause:
    return syntax.BaseClause(build_name(child(tree, 0)), span_of(tree))


def _token(tree: Node) -> syntax.TokenDeclaration:
    name, *fields = children(tree)
    return syntax.TokenDeclaration(build_name(name), _fields(fields), span_of(tree))


def _fields(trees: list[Node]) -> tuple[syntax.Field, ...]:
    return tuple(
        syntax.Field(build_name(child(tree, 0)), build_expression(child(tree, 1)), span_of(tree)) for tree in trees
    )


def _venue(tree: Node) -> syntax.VenueDeclaration:
    return syntax.VenueDeclaration(build_name(child(tree, 0)), build_reference(child(tree, 1)), span_of(tree))


# ── assumptions ──


def _assume(tree: Node) -> syntax.AssumeBlock:
    return syntax.AssumeBlock(tuple(_assumption(item) for item in children(tree)), span_of(tree))


def _assumption(tree: Node) -> syntax.AssumptionClause:
    span = span_of(tree)
    if tree.data == "keeper":
        return syntax.KeeperClause(build_expression(child(tree, 0)), span)
    subject = build_reference(child(tree, 0))
    match tree.data:
        case "moves" | "stays":
            return syntax.RangeClause(subject, str(tree.data), _range(child(tree, 1)), span)
        case "within":
            per = children(tree)[2:]
            return syntax.WithinClause(subject, _range(child(tree, 1)), _per(per[0]) if per else None, span)
        case "off_by":
            return syntax.OffByClause(subject, _relation(tree), build_expression(child(tree, 1)), span)
        case _:
            per = children(tree)[2:]
            return syntax.BoundClause(
                subject, _relation(tree), build_expression(child(tree, 1)), _per(per[0]) if per else None, span
            )


def _range(tree: Node) -> syntax.Range:
    built = build_expression(tree)
    assert isinstance(built, syntax.Range)
    return built


def _relation(tree: Node) -> str:
    return next(str(one) for one in tree.children if isinstance(one, Token) and one.type == "RELATION")


def _per(tree: Node) -> syntax.Expr:
    return build_expression(child(tree, 0))


# ── allocation and floors ──


def _allocate(tree: Node) -> syntax.AllocateBlock:
    return syntax.AllocateBlock(tuple(_target(item) for item in children(tree)), span_of(tree))


def _target(tree: Node) -> syntax.Target | syntax.SignalledTarget:
    if tree.data == "signalled":
        subject, ends, signal = children(tree)
        return syntax.SignalledTarget(build_reference(subject), _range(ends), build_reference(signal), span_of(tree))
    position, share, *limits = children(tree)

    def stated(rule: str) -> tuple[syntax.Expr, ...]:
        return tuple(build_expression(child(limit, 0)) for limit in limits if limit.data == rule)

    tolerance = stated("tolerance")
    return syntax.Target(
        build_reference(position),
        build_expression(share),
        tolerance[0] if tolerance else None,
        stated("minimum"),
        stated("maximum"),
        span_of(tree),
    )


def _hedge(tree: Node) -> syntax.HedgeBlock:
    return syntax.HedgeBlock(tuple(_sensitivity(item) for item in children(tree)), span_of(tree))


def _sensitivity(tree: Node) -> syntax.SensitivityClause:
    subject, ends, instrument = children(tree)
    return syntax.SensitivityClause(build_reference(subject), _range(ends), build_reference(instrument), span_of(tree))


def _floors(tree: Node) -> syntax.FloorsBlock:
    return syntax.FloorsBlock(tuple(build_expression(child(item, 0)) for item in children(tree)), span_of(tree))


# ── rules ──


def _rules(tree: Node) -> syntax.RulesBlock:
    return syntax.RulesBlock(tuple(_rule(item) for item in children(tree)), span_of(tree))


def _rule(tree: Node) -> syntax.WhenRule | syntax.EveryRule:
    trigger, verb = build_expression(child(tree, 0)), _verb(child(tree, 1))
    if tree.data == "when":
        return syntax.WhenRule(trigger, verb, span_of(tree))
    return syntax.EveryRule(trigger, verb, span_of(tree))


def _verb(tree: Node) -> syntax.Verb:
    span, using = span_of(tree), _using(tree)
    match tree.data:
        case "rebalance":
            return syntax.RebalanceVerb(span, using)
        case "rehedge":
            return syntax.RehedgeVerb(span, using)
        case "deleverage":
            return syntax.DeleverageVerb(build_name(child(tree, 0)), build_expression(child(tree, 1)), span, using)
        case "harvest":
            return syntax.HarvestVerb(build_name(child(tree, 0)), span)
        case "top_up":
            return _top_up(tree)
        case "unwind":
            return syntax.UnwindVerb(build_reference(child(tree, 0)), span, using)
        case "freeze":
            return syntax.FreezeVerb(span)
        case "exit_now":
            return syntax.ExitVerb(span, using)
        case other:
            raise AssertionError(f"the grammar has an action `{other}` that build_tree.py does not know")


def _using(tree: Node) -> syntax.Reference | None:
    given = [part for part in children(tree) if part.data == "using"]
    return build_reference(child(given[0], 0)) if given else None


def _top_up(tree: Node) -> syntax.TopUpVerb:
    position, quantity, level, sources = children(tree)
    written = [str(one) for one in tree.children if isinstance(one, Token) and one.type == "RELATION"]
    built = build_expression(sources)
    assert isinstance(built, syntax.ListOf)
    return syntax.TopUpVerb(
        build_reference(position),
        build_reference(quantity),
        written[0] if written else None,
        build_expression(level),
        built,
        span_of(tree),
    )


# ── exit and claims ──


def _exit(tree: Node) -> syntax.ExitBlock:
    return syntax.ExitBlock(_fields(children(tree)), span_of(tree))


def _prove(tree: Node) -> syntax.ProveBlock:
    return syntax.ProveBlock(tuple(_claim(item) for item in children(tree)), span_of(tree))


def _claim(tree: Node) -> syntax.ClaimClause | syntax.SurvivesClause | syntax.InvariantClause:
    span = span_of(tree)
    if tree.data == "survives":
        return syntax.SurvivesClause(build_name(child(tree, 0)), span)
    if tree.data == "invariant":
        return syntax.InvariantClause(build_name(child(tree, 0)), build_expression(child(tree, 1)), span)
    subject, *rest = children(tree)
    if not rest:
        return syntax.ClaimClause(build_reference(subject), None, None, False, span)
    return syntax.ClaimClause(
        build_reference(subject), _relation(tree), build_expression(rest[0]), len(rest) == 2, span
    )


# ── signals, roles, limits, fees ──


def _signals(tree: Node) -> syntax.SignalsBlock:
    return syntax.SignalsBlock(tuple(_signal(item) for item in children(tree)), span_of(tree))


def _signal(tree: Node) -> syntax.SignalDeclaration:
    name, *fields = children(tree)
    return syntax.SignalDeclaration(build_name(name), _fields(fields), span_of(tree))


def _roles(tree: Node) -> syntax.RolesBlock:
    return syntax.RolesBlock(tuple(_role(item) for item in children(tree)), span_of(tree))


def _role(tree: Node) -> syntax.RoleClause | syntax.AnyoneClause:
    if tree.data == "anyone":
        return syntax.AnyoneClause(build_expression(child(tree, 0)), span_of(tree))
    name, *value = children(tree)
    return syntax.RoleClause(build_name(name), build_expression(value[0]) if value else None, span_of(tree))


def _limits(tree: Node) -> syntax.LimitsBlock:
    return syntax.LimitsBlock(tuple(build_expression(child(item, 0)) for item in children(tree)), span_of(tree))


def _fees(tree: Node) -> syntax.FeesBlock:
    return syntax.FeesBlock(tuple(_fee(item) for item in children(tree)), span_of(tree))


def _fee(tree: Node) -> syntax.FeeClause:
    name, share, *per = children(tree)
    return syntax.FeeClause(build_name(name), build_expression(share), _per(per[0]) if per else None, span_of(tree))


SHARED: dict[str, Callable[[Node], syntax.Shared]] = {"token": _token, "venue": _venue, "assume": _assume}

PARTS: dict[str, Callable[[Node], syntax.Part]] = {
    **SHARED,
    "base": _base,
    "allocate": _allocate,
    "hedge": _hedge,
    "floors": _floors,
    "rules": _rules,
    "signal": _signal,
    "signals": _signals,
    "roles": _roles,
    "limits": _limits,
    "fees": _fees,
    "exit": _exit,
    "prove": _prove,
}
