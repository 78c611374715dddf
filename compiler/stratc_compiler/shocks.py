"""Shock elimination: products of state and shock leave the query before the solver sees it.

`after = before * f1 * f2` with each factor in an interval of non-negative bounds becomes
`low * before <= after <= high * before`. Argument: the product of the factors ranges over exactly
[low1*low2, high1*high2] (intervals are connected, multiplication of non-negatives is monotone and continuous), and
`before >= 0`. The two are equivalent where no factor occurs anywhere else; where one does (two positions in one
token, two tokens that keep to each other), the result still admits every run of the original, and a model of it has
to be confirmed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from fractions import Fraction

from msgspec.structs import replace

from stratc_compiler.expr import Cmp, Expr, Formula, Mul, Num, Rel, Var, number, variables
from stratc_compiler.relax import ZERO
from stratc_compiler.verdict import Hypothesis, Obligation
from stratc_dsl.record import Record


class Eliminated(Record):
    """`obligation` without products of shocks; `exact` iff it is equivalent to the one it came from."""

    obligation: Obligation
    exact: bool


class _Product(Record):
    at: Hypothesis
    after: Var
    before: Expr
    factors: tuple[Var, ...]


def factors(obligation: Obligation) -> set[str]:
    """The names of all shocks that states are multiplied by."""
    products = (_product(hypothesis) for hypothesis in obligation.hypotheses)
    return {factor.name for product in products if product is not None for factor in product.factors}


def eliminate(obligation: Obligation) -> Eliminated:
    """Eliminate every product of shocks whose argument checks; others stay for the nonlinear solver."""
    products = tuple(found for h in obligation.hypotheses if (found := _product(h)) is not None)
    shocks = {factor.name for product in products for factor in product.factors}
    bounds = {name: _bounds(name, obligation.hypotheses) for name in shocks}
    chosen = [p for p in products if _checks(p, obligation, bounds)]
    gone = {factor.name for product in chosen for factor in product.factors}
    kept_elsewhere = {f.name for p in products if p not in chosen for f in p.factors}
    uses = _uses(obligation, shocks)
    hypotheses = _rewrite(obligation.hypotheses, chosen, gone - kept_elsewhere, bounds)
    exact = all(uses[name] == 1 for name in gone)
    return Eliminated(replace(obligation, hypotheses=hypotheses), exact)


def _product(hypothesis: Hypothesis) -> _Product | None:
    match hypothesis.formula:
        case Cmp(Var() as after, Rel.EQ, Mul() as product):
            first, *rest = _flatten(product)
            factors = tuple(part for part in rest if isinstance(part, Var))
            return _Product(hypothesis, after, first, factors) if len(factors) == len(rest) else None
        case _:
            return None


def _flatten(expr: Expr) -> list[Expr]:
    return [*_flatten(expr.left), *_flatten(expr.right)] if isinstance(expr, Mul) else [expr]


def _bounds(name: str, hypotheses: Iterable[Hypothesis]) -> tuple[Fraction | None, Fraction | None]:
    """The tightest constant bounds that the hypotheses state for a variable."""
    low: Fraction | None = None
    high: Fraction | None = None
    for hypothesis in hypotheses:
        match hypothesis.formula:
            case Cmp(Var(found), Rel.GE, Num(value)) if found == name:
                low = value if low is None else max(low, value)
            case Cmp(Var(found), Rel.LE, Num(value)) if found == name:
                high = value if high is None else min(high, value)
            case _:
                pass
    return low, high


def _checks(
    product: _Product, obligation: Obligation, bounds: dict[str, tuple[Fraction | None, Fraction | None]]
) -> bool:
    """The conditions of the argument: factors bounded below by a non-negative constant, `before` not negative."""
    lows = [bounds[factor.name][0] for factor in product.factors]
    if any(low is None or low < 0 for low in lows):
        return False
    return any(hypothesis.formula == Cmp(product.before, Rel.GE, ZERO) for hypothesis in obligation.hypotheses)


def _uses(obligation: Obligation, shocks: set[str]) -> Counter[str]:
    """How often each shock occurs outside its own constant bounds."""
    uses: Counter[str] = Counter()
    for formula in (*(h.formula for h in obligation.hypotheses), obligation.goal):
        if not _is_bound(formula):
            uses.update(var.name for var in variables(formula) if var.name in shocks)
    return uses


def _is_bound(formula: Formula) -> bool:
    match formula:
        case Cmp(Var(), Rel.GE | Rel.LE, Num()):
            return True
        case _:
            return False


def _rewrite(
    hypotheses: tuple[Hypothesis, ...],
    chosen: list[_Product],
    gone: set[str],
    bounds: dict[str, tuple[Fraction | None, Fraction | None]],
) -> tuple[Hypothesis, ...]:
    result: list[Hypothesis] = []
    by_place = {id(product.at): product for product in chosen}
    for hypothesis in hypotheses:
        product = by_place.get(id(hypothesis))
        if product is not None:
            result += _interval(product, bounds)
        elif not _says_only(hypothesis.formula, gone):
            result.append(hypothesis)
    return tuple(result)


def _says_only(formula: Formula, gone: set[str]) -> bool:
    """Whether the formula speaks of factors that are gone, and of nothing else: their bounds, what they share."""
    names = {var.name for var in variables(formula)}
    return bool(names) and names <= gone


def _span_of(
    product: _Product, bounds: dict[str, tuple[Fraction | None, Fraction | None]]
) -> tuple[Fraction, Fraction | None]:
    low, high = Fraction(1), Fraction(1)
    unbounded = False
    for factor in product.factors:
        least, most = bounds[factor.name]
        low *= least or 0
        unbounded = unbounded or most is None
        high *= most or 0
    return low, None if unbounded else high


def _interval(product: _Product, bounds: dict[str, tuple[Fraction | None, Fraction | None]]) -> list[Hypothesis]:
    low, high = _span_of(product, bounds)
    label = product.at.label
    result = [Hypothesis(label, Cmp(product.after, Rel.GE, Mul(number(low), product.before)))]
    if high is not None:
        result.append(Hypothesis(label, Cmp(product.after, Rel.LE, Mul(number(high), product.before))))
    return result
