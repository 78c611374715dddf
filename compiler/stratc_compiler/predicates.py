"""Predicates of the language (floors, triggers) as formulas of the model, cross-multiplied so nothing is rounded.

Every side of a comparison becomes a linear combination of USD values over a linear combination of USD values
(`health` is weighted collateral over debt, `5% of nav` is nav/20 over 1). A comparison of two such quotients is
multiplied out; denominators are never negative, and a zero denominator reads as "infinitely large", which is
what health, collateral ratio and the like mean without debt. Only a product with a volatility is rounded, down to
10^-18 USD: so no word of the contract is too small for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from math import lcm

from stratc_compiler.errors import Unsupported
from stratc_compiler.expr import (
    And,
    Cmp,
    Combination,
    Expr,
    Formula,
    MulDiv,
    Not,
    Or,
    Plain,
    Rel,
    Rounding,
    Var,
    amount,
    dim_of,
    number,
    times,
    total,
    value_of,
)
from stratc_compiler.text import WAD
from stratc_compiler.vault import NAV, Greek, Held, VenueModel, net_worth, volatility
from stratc_dsl.record import Record
from stratc_dsl.span import Span
from stratc_dsl.strategy import (
    AmountOf,
    Base,
    Binary,
    BinaryOp,
    Comparison,
    Connective,
    Expression,
    Literal,
    Negation,
    OfNav,
    Predicate,
    Quantity,
    Relation,
    SensitivityOutsideBand,
    StalePrice,
    WeightsOutsideBand,
)

ONE: Expr = number(1)


class Quotient(Record):
    """`top / bottom`; `bottom` is {ONE: 1} for plain values and constants, and never negative: comparisons are
    multiplied out."""

    top: Combination
    bottom: Combination


class Scope(Record):
    """What names mean: the positions and venues of the vault, and the bands that `.. outside band` speaks of: those of
    weights, and by its name that of each sensitivity that is hedged."""

    held: tuple[Held, ...]
    venues: tuple[VenueModel, ...]
    in_band: tuple[Formula, ...]
    hedged: Mapping[str, Formula] = {}

    def venue(self, name: str) -> VenueModel:
        return next(venue for venue in self.venues if venue.name == name)


def lower_predicate(predicate: Predicate, scope: Scope) -> Formula:
    """The formula of a predicate. Raises Unsupported for what has no formula yet, StalePrice included."""
    match predicate:
        case Comparison(left, relation, right, span=span):
            return compare(lower(left, scope), relation, lower(right, scope), span)
        case Connective(word, operands):
            parts = tuple(lower_predicate(operand, scope) for operand in operands)
            return And(parts) if word == "and" else Or(parts)
        case Negation(operand):
            return Not(lower_predicate(operand, scope))
        case WeightsOutsideBand():
            return Not(And(scope.in_band))
        case StalePrice(span=span):
            raise Unsupported("`stale(...)` inside a larger condition", "write it as a rule of its own", span)
        case SensitivityOutsideBand(name, token):
            return Not(scope.hedged[str(Greek(name, token))])


def compare(left: Quotient, relation: Relation, right: Quotient, span: Span) -> Formula:
    """`left relation right` as a comparison of two non-negative integer combinations."""
    more, less = sides(difference(left, right, span))
    return Cmp(more, Rel(relation.value), less)


def difference(left: Quotient, right: Quotient, span: Span) -> Combination:
    """`left - right`, times both denominators, in integer weights."""
    lhs = _times(left.top, right.bottom, span)
    rhs = _times(right.top, left.bottom, span)
    weights = {term: lhs.get(term, Fraction(0)) - rhs.get(term, Fraction(0)) for term in {**lhs, **rhs}}
    common = lcm(*(weight.denominator for weight in weights.values()))
    return {term: weight * common for term, weight in weights.items() if weight}


def share_of_nav(left: Quotient, relation: Relation, share: Fraction, span: Span) -> Formula:
    """`left relation share of nav`."""
    return compare(left, relation, Quotient({NAV: share}, {ONE: Fraction(1)}), span)


def sides(weights: Combination) -> tuple[Expr, Expr]:
    """What counts for a difference in integer weights, and what against it."""
    positive = tuple(_weighed(int(weight), term) for term, weight in weights.items() if weight > 0)
    negative = tuple(_weighed(int(-weight), term) for term, weight in weights.items() if weight < 0)
    return _sum(positive), _sum(negative)


def _weighed(weight: int, term: Expr) -> Expr:
    return number(weight) if term == ONE else times(weight, term)


def _sum(terms: tuple[Expr, ...]) -> Expr:
    return total(terms, Plain.VALUE)


def _times(left: Combination, right: Combination, span: Span) -> Combination:
    if set(left) == {ONE}:
        left, right = right, left
    if set(right) != {ONE}:
        raise Unsupported("a comparison of two ratios", "compare a ratio with a constant", span)
    return {term: weight * right[ONE] for term, weight in left.items()}


def lower(expression: Expression, scope: Scope) -> Quotient:
    """The quotient of combinations that an expression stands for."""
    match expression:
        case Literal(value, Base.RATIO):
            return Quotient({ONE: value}, {ONE: Fraction(1)})
        case Literal(value, _, span=span):
            if value:
                raise Unsupported(
                    "an absolute amount or value in a condition", "state it as a share: `5% of nav`", span
                )
            return Quotient({NAV: Fraction(0)}, {ONE: Fraction(1)})
        case OfNav(share):
            return Quotient({NAV: share}, {ONE: Fraction(1)})
        case Quantity():
            return _quantity(expression, scope)
        case Binary(BinaryOp.MUL, held, price) if _is_worth(held, price):
            return lower(held, scope)
        case Binary(BinaryOp.MUL, price, held) if _is_worth(held, price):
            return lower(held, scope)
        case Binary(op, left, right, _, span=span):
            return _binary(op, lower(left, scope), lower(right, scope), span)


def _is_worth(held: Expression, price: Expression) -> bool:
    """Whether an amount is told in USD, at the price of its token: by what they are worth all amounts are told here."""
    if not isinstance(price, Quantity) or price.name != "price" or price.token is None or isinstance(held, OfNav):
        return False
    return held.dimension == AmountOf(price.token)


def _binary(op: BinaryOp, left: Quotient, right: Quotient, span: Span) -> Quotient:
    if set(left.bottom) != {ONE} or set(right.bottom) != {ONE}:
        raise Unsupported("arithmetic on ratios such as health", "compare the ratio itself with a constant", span)
    first, second = _whole(left), _whole(right)
    if op is BinaryOp.DIV:
        return _over(first, second, span)
    if op is BinaryOp.MUL:
        return Quotient(_product(first, second, span), {ONE: Fraction(1)})
    sign = 1 if op is BinaryOp.ADD else -1
    terms = {**first, **second}
    zero = Fraction(0)
    sums = {term: first.get(term, zero) + sign * second.get(term, zero) for term in terms}
    return Quotient(sums, {ONE: Fraction(1)})


def _whole(quotient: Quotient) -> Combination:
    """A quotient over a constant, as a sum."""
    return {term: weight / quotient.bottom[ONE] for term, weight in quotient.top.items()}


def _product(left: Combination, right: Combination, span: Span) -> Combination:
    """The product of two sums, of which one is a constant or made of volatilities. Raises Unsupported."""
    if not _is_number(right):
        left, right = right, left
    if not _is_number(right):
        raise Unsupported("a product of two values", "compare each with a share of nav", span)
    found: Combination = {}
    for term, weight in left.items():
        for factor, by in right.items():
            product, more = _of_terms(term, factor)
            found[product] = found.get(product, Fraction(0)) + weight * by * more
    return found


def _of_terms(left: Expr, right: Expr) -> tuple[Expr, int]:
    """What a product is a multiple of, and of which: a volatility is told in 10^-18."""
    if left == ONE or right == ONE:
        return (right if left == ONE else left), 1
    return MulDiv(left, right, number(WAD), Rounding.DOWN), WAD


def _is_number(combination: Combination) -> bool:
    return all(dim_of(term) is Plain.NUMBER for term in combination)


def _over(top: Combination, divisor: Combination, span: Span) -> Quotient:
    """The quotient of two combinations. Raises Unsupported for a divisor that may be negative, or always is nothing."""
    plain: Combination = {ONE: Fraction(1)}
    if set(divisor) == {ONE}:
        return Quotient({term: weight / divisor[ONE] for term, weight in top.items()}, plain)
    if any(weight < 0 for weight in divisor.values()) or not any(divisor.values()):
        cure = "compare products: `x >= 2 * y` for `x / y >= 2` means the same where `y` is positive"
        raise Unsupported("a division by what may be negative or is nothing", cure, span)
    return Quotient(top, divisor)


def _quantity(quantity: Quantity, scope: Scope) -> Quotient:
    plain: Combination = {ONE: Fraction(1)}
    nav: Combination = {NAV: Fraction(1)}
    match quantity.name:
        case "nav":
            return Quotient(nav, plain)
        case "idle" if quantity.token is not None:
            return Quotient({_idle_value(quantity.token, scope): Fraction(1)}, plain)
        case "value" | "weight" if quantity.position is not None:
            top = net_worth(_held(str(quantity.position), scope, quantity.span), scope.venues)
            return Quotient(top, plain if quantity.name == "value" else nav)
        case "margin_ratio" if quantity.venue is not None:
            return margin_ratio(scope.venue(quantity.venue))
        case "volatility" if quantity.token is not None and quantity.period is not None:
            return Quotient({volatility(quantity.token, quantity.period): Fraction(1)}, {ONE: Fraction(WAD)})
        case "leverage":
            return Quotient({held.value: Fraction(1) for held in scope.held if not held.debt}, nav)
        case "delta" | "gamma" if quantity.token is not None:
            return Quotient(Greek(quantity.name, quantity.token).combination, plain)
        case "health" | "buffer" | "ltv" | "collateral_ratio" | "debt" | "collateral" if quantity.venue is not None:
            return lending(quantity.name, scope.venue(quantity.venue), quantity.span)
        case _:
            raise Unsupported(f"the quantity `{quantity.name}`", "it comes with a later version", quantity.span)


def _held(name: str, scope: Scope, span: Span) -> Held:
    for held in scope.held:
        if held.name == name:
            return held
    raise Unsupported(f"the value of `{name}`, which is not allocated", "give it a place in `allocate`", span)


def _idle_value(token: str, scope: Scope) -> Expr:
    for held in scope.held:
        if held.venue is None and held.token == token:
            return held.value
    return value_of(amount(f"idle({token})", token), Rounding.DOWN)


def margin_ratio(venue: VenueModel) -> Quotient:
    """What an account at a venue of perpetuals is worth, over what buying its short back costs."""
    _, cash, short = venue.account
    return Quotient({cash.value: Fraction(1), short.value: Fraction(-1)}, {short.value: Fraction(1)})


def lending(name: str, venue: VenueModel, span: Span) -> Quotient:
    """`health(v)` and the like. Raises Unsupported where the venue has no debt to speak of."""
    plain: Combination = {ONE: Fraction(1)}
    collateral: Combination = {held.value: Fraction(1) for held in venue.positions if not held.debt}
    debt: Combination = {held.value: Fraction(1) for held in venue.positions if held.debt}
    match name:
        case "health" if venue.health is not None:
            return Quotient(*venue.health)
        case "buffer" if venue.health is not None:
            covering, owed = venue.health
            return Quotient({**covering, **{value: -weight for value, weight in owed.items()}}, covering)
        case "ltv":
            return Quotient(debt, collateral)
        case "collateral_ratio":
            return Quotient(collateral, debt)
        case "debt":
            return Quotient(debt, plain)
        case "collateral":
            return Quotient(collateral, plain)
        case _:
            raise Unsupported(f"`{name}({venue.name})`", "this venue has no debt to speak of", span)


def nav_share(value: Var, relation: Rel, share: Fraction) -> Formula:
    """`value relation share * nav`, in integers."""
    return Cmp(times(share.denominator, value), relation, times(share.numerator, NAV))
