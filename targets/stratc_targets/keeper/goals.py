"""Floors, bands and triggers of a strategy in the form that keeper.json has them in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from stratc_compiler.expr import Combination, Expr, MulDiv, Num, TokenDim, Var
from stratc_compiler.expr import Kind as Dimension
from stratc_compiler.predicates import Quotient, Scope, lending, lower, margin_ratio
from stratc_compiler.vault import NAV, Greek, Held, Vault, net_worth
from stratc_dsl.span import NOWHERE
from stratc_dsl.strategy import (
    Allocation,
    Base,
    Comparison,
    Connective,
    Expression,
    Hedge,
    Negation,
    OfNav,
    Predicate,
    SensitivityOutsideBand,
    StalePrice,
    WeightsOutsideBand,
)
from stratc_targets.keeper.decimals import decimal_text
from stratc_targets.vyper.symbols import Symbols


def floors(vault: Vault, symbols: Symbols, lines: list[int]) -> list[dict[str, Any]]:
    """What never breaks; `lines` are where they are written."""
    return [
        {"text": floor.text, "line": line, "condition": condition(written.predicate, vault, symbols)}
        for floor, written, line in zip(vault.floors, vault.strategy.floors, lines, strict=True)
    ]


def bands(vault: Vault, symbols: Symbols) -> list[dict[str, Any]]:
    """Where weights are kept: the band, and what a minimum and a maximum leave of it."""
    return [
        _band(band.held.name, band.held.debt, symbols.fields[band.held.value.name], allocation)
        | _less(band.held, vault, symbols)
        for band, allocation in zip(vault.bands, vault.strategy.allocations, strict=True)
    ]


def _less(held: Held, vault: Vault, symbols: Symbols) -> dict[str, str]:
    """What the account of a margin owes: it counts for the rest."""
    counted = net_worth(held, vault.venues).items()
    owed = next((one.name for one, weight in counted if isinstance(one, Var) and weight < 0), None)
    return {} if owed is None else {"less": symbols.fields[owed]}


def _band(position: str, debt: bool, value: str, given: Allocation) -> dict[str, Any]:
    sides = [(given.low, given.high), (given.minimum, given.maximum)]
    if debt:  # the strategy counts debts below zero
        sides = [(None if high is None else -high, None if low is None else -low) for low, high in sides]
    lows, highs = ([edge for edge in edges if edge is not None] for edges in zip(*sides, strict=True))
    return {
        "position": position,
        "debt": debt,
        "value": value,
        "target": decimal_text(abs(given.target)),
        "low": decimal_text(max(lows)) if lows else None,
        "high": decimal_text(min(highs)) if highs else None,
    }


def loans(vault: Vault, symbols: Symbols) -> list[dict[str, Any]]:
    """The health factor of every venue that can be in debt, at the vault's prices."""
    owing = [venue for venue in vault.venues if venue.health is not None]
    return [
        {"venue": venue.name, "health": _side(lending("health", venue, NOWHERE), vault, symbols)} for venue in owing
    ]


def accounts(vault: Vault, symbols: Symbols) -> list[dict[str, Any]]:
    """The margin ratio of every account at a venue of perpetuals, and the one below which it may be liquidated."""
    return [
        {
            "venue": venue.name,
            "margin": _side(margin_ratio(venue), vault, symbols),
            "least": decimal_text(venue.account[0].maintenance),
        }
        for venue in vault.perps
    ]


def sensitivities(vault: Vault, symbols: Symbols) -> list[dict[str, Any]]:
    """The sensitivities that the strategy speaks of, with the band of each that is hedged."""
    bands = {hedge.greek: (decimal_text(hedge.low), decimal_text(hedge.high)) for hedge in vault.hedges}
    found = []
    for greek in vault.greeks:
        low, high = bands.get(greek, (None, None))
        long, short = (symbols.fields[side.name] for side in (greek.long, greek.short))
        found.append({"name": str(greek), "long": long, "short": short, "low": low, "high": high})
    return found


def condition(predicate: Predicate, vault: Vault, symbols: Symbols) -> dict[str, Any]:
    """A predicate with its names resolved to members of State."""
    match predicate:
        case Comparison(left, relation, right):
            scope = Scope(vault.held, vault.venues, ())
            return {
                "kind": "compare",
                "left": _side(lower(left, scope), vault, symbols),
                "relation": relation.value,
                "right": _side(lower(right, scope), vault, symbols),
                "usd": _is_value(left) and _is_value(right),
            }
        case Connective(word, operands):
            return {"kind": word, "of": [condition(one, vault, symbols) for one in operands]}
        case Negation(operand):
            return {"kind": "not", "of": condition(operand, vault, symbols)}
        case WeightsOutsideBand():
            return {"kind": "outside_band"}
        case SensitivityOutsideBand(name, token):
            hedge = next(one for one in vault.strategy.hedges if (one.sensitivity, one.token) == (name, token))
            return {"kind": "not", "of": {"kind": "and", "of": list(_edges(hedge, symbols))}}
        case StalePrice():
            raise ValueError(f"the model has no formula of {predicate}")


def _edges(hedge: Hedge, symbols: Symbols) -> Iterator[dict[str, Any]]:
    """Of a hedged sensitivity: both edges of its band, as comparisons with shares of nav."""
    greek = Greek(hedge.sensitivity, hedge.token)
    long, short = (symbols.fields[side.name] for side in (greek.long, greek.short))
    whole = {"weight": "1", "members": [], "over": "1"}
    for relation, edge in ((">=", hedge.low), ("<=", hedge.high)):
        terms = [{"weight": weight, "members": [side], "over": "1"} for weight, side in (("1", long), ("-1", short))]
        nav = {"weight": decimal_text(edge), "members": [symbols.fields[NAV.name]], "over": "1"}
        yield {
            "kind": "compare",
            "left": {"top": terms, "bottom": [whole]},
            "relation": relation,
            "right": {"top": [nav], "bottom": [whole]},
            "usd": True,
        }


def _is_value(side: Expression) -> bool:
    return isinstance(side, OfNav) or side.dimension is not Base.RATIO


def _side(quotient: Quotient, vault: Vault, symbols: Symbols) -> dict[str, Any]:
    return {part: _terms(getattr(quotient, part), vault, symbols) for part in ("top", "bottom")}


def _terms(combination: Combination, vault: Vault, symbols: Symbols) -> list[dict[str, Any]]:
    return [{"weight": decimal_text(weight)} | _product(expr, vault, symbols) for expr, weight in combination.items()]


def _product(expr: Expr, vault: Vault, symbols: Symbols) -> dict[str, Any]:
    match expr:
        case Num(value=value) if value == 1:
            return {"members": [], "over": "1"}
        case Var(name=name):
            return {"members": [symbols.fields[name]], "over": "1"}
        case MulDiv(Var(name=amount), Var(name=price), Var(dim=TokenDim(Dimension.UNIT, token))):
            members = [symbols.fields[amount], symbols.fields[price]]
            return {"members": members, "over": str(10 ** vault.strategy.token(token).decimals)}
        case MulDiv(left, right, Num(value=over)):
            # A product with a volatility.
            first, second = (_product(one, vault, symbols) for one in (left, right))
            by = int(first["over"]) * int(second["over"]) * int(over)
            return {"members": first["members"] + second["members"], "over": str(by)}
        case other:
            raise ValueError(f"keeper.json has no form for {other}")
