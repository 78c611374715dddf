"""Greeks of a whole vault, derived: how much of what it is worth hangs on one price, and how that changes with it.

`delta(T)` is a value: what nav gains in USD for each 100% that price(T) moves, at its slope now: `price * dV/dprice`,
the worth of as many T as have the same exposure. `gamma(T)` is `price^2 * d2V/dprice^2`: what that many T are more, in
today's worth, for each 100% of a move. Both compare with values and with shares of nav.

Prices that are told in T move with it: a token whose price is a ratio to T counts in full, one whose ratio is to such a
token as well. What is held and owed at venues stands still, and so do all other prices.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction

from stratc_compiler.derivative import Slope, summed
from stratc_compiler.errors import Unsupported
from stratc_compiler.expr import Combination, Expr, Monus, Plain, Rounding, Var, scale, times, total
from stratc_compiler.ranges import Range, curvature, token_part
from stratc_compiler.vault import Greek, Held, VenueModel
from stratc_dsl.record import Leaf, parts
from stratc_dsl.span import Span
from stratc_dsl.strategy import Hedge, Quantity, RatioPrice, SensitivityOutsideBand, Strategy

DERIVED = ("delta", "gamma")
"""The sensitivities that are derived."""


def asked(strategy: Strategy) -> tuple[Greek, ...]:
    """The sensitivities that the strategy speaks of, in its order."""
    return tuple(dict.fromkeys(_asked(strategy)))


def _asked(node: object) -> Iterator[Greek]:
    if isinstance(node, Span | Leaf):
        return
    match node:
        case Quantity(name=name, token=str() as token) if name in DERIVED:
            yield Greek(name, token)
        case SensitivityOutsideBand(name, token) | Hedge(name, token) if name in DERIVED:
            yield Greek(name, token)
        case _:
            for part in parts(node):
                yield from _asked(part)


def prices_with(token: str, strategy: Strategy) -> frozenset[str]:
    """The prices that move as price(token) does: its own, and those that are ratios to one of them."""
    follow = {token}
    for _ in strategy.tokens:
        told = ((one.name, one.price) for one in strategy.tokens)
        follow |= {name for name, price in told if isinstance(price, RatioPrice) and price.other in follow}
    return frozenset(f"price({name})" for name in follow)


def greek_definitions(
    strategy: Strategy, held: tuple[Held, ...], venues: tuple[VenueModel, ...], definitions: Mapping[str, Expr]
) -> dict[str, Expr]:
    """What the sensitivities that the strategy speaks of are made of. Raises Unsupported beside vaults of ours."""
    result: dict[str, Expr] = {}
    for greek in asked(strategy):
        for venue in venues:
            if venue.inner is not None:
                what = f"`{greek}` beside `{venue.name}`, a vault of ours"
                cure = "its shares hang on prices of what it holds: hold that directly, or ask there"
                raise Unsupported(what, cure, strategy.venue(venue.name).span)
        result |= _of_vault(greek, held, definitions, strategy)
    return result


def _of_vault(
    greek: Greek, held: tuple[Held, ...], definitions: Mapping[str, Expr], strategy: Strategy
) -> dict[str, Expr]:
    """`long` and `short` of one sensitivity: the sum over all positions of what their values hang on the price.

    A position whose derivative is no multiple of its own value has names of its own for it, `.. of POSITION`.
    """
    slope = Slope(prices_with(greek.token, strategy), definitions)
    result: dict[str, Expr] = {}
    sides: dict[Var, list[Expr]] = {greek.long: [], greek.short: []}
    for one in held:
        if one.range is None:
            derived = _derived(greek, one.value, slope)
        else:
            of_range = _delta_of_range if greek.name == "delta" else _gamma_of_range
            derived = of_range(one, one.range, slope.prices)
        for side, sign in ((greek.long, -1 if one.debt else 1), (greek.short, 1 if one.debt else -1)):
            terms = {term: weight * sign for term, weight in derived.items() if weight * sign > 0}
            worth = total(tuple(_times(weight, term) for term, weight in terms.items()), Plain.VALUE)
            if terms and set(terms) != {one.value}:
                own = Var(f"{side.name} of {one.name}", Plain.VALUE)
                result[own.name] = worth
                worth = own
            sides[side] += [worth] if terms else []
    return result | {side.name: total(tuple(terms), Plain.VALUE) for side, terms in sides.items()}


def _derived(greek: Greek, value: Expr, slope: Slope) -> Combination:
    first = slope.of(value)
    if greek.name == "delta":
        return first
    # p^2 V'' = p (p V')' - p V'
    return summed(((Fraction(1), slope.of_all(first)), (Fraction(-1), first)))


def _delta_of_range(held: Held, of: Range, prices: frozenset[str]) -> Combination:
    """The delta of liquidity in a range is what of it is worth of the tokens whose prices move.

    So it is by the amounts at the oracle's price, V' = L (1 / sqrt(P) - 1 / sqrt(high)) in the range, which the books
    of the range have in a form of their own (`ranges.token_part`): derived from V it is the same, off by roundings.
    """
    token, base = (f"price({name})" in prices for name in (of.token, of.base))
    part = token_part(of, of.liquidity)
    if token and base:
        return {held.value: Fraction(1)}
    if token:
        return {part: Fraction(1)}
    return {Monus(held.value, part): Fraction(1)} if base else {}


def _gamma_of_range(held: Held, of: Range, prices: frozenset[str]) -> Combination:
    """-L sqrt(P) / 2 in the range, whichever of its two prices moves; nothing where both do, since worth is then
    proportional to them. So it is by the derivative of what delta is made of (`ranges.curvature`).
    """
    token, base = (f"price({name})" in prices for name in (of.token, of.base))
    return {curvature(of, of.liquidity): Fraction(-1)} if token != base else {}


def _times(weight: Fraction, term: Expr) -> Expr:
    return times(weight, term) if weight.denominator == 1 else scale(term, weight, Rounding.DOWN)
