"""What the proofs assume of Aave v3.

Sources: aave-v3-core `GenericLogic.calculateUserAccountData` (health factor = sum of collateral value times
liquidation threshold, over debt value), `ValidationLogic.validateBorrow` (loan-to-value), `validateHFAndLtv`
(withdrawals), `WadRayMath.rayMul/rayDiv` (half-up rounding of scaled balances: one operation leaves a balance off
by at most one unit, reading it by another).
"""

from __future__ import annotations

from fractions import Fraction

from stratc_compiler.errors import Unsupported
from stratc_compiler.expr import Cmp, Expr, Formula, Or, Plain, Rel, total, zero
from stratc_compiler.predicates import ONE, Quotient, compare
from stratc_compiler.vault import Held, VenueModel
from stratc_dsl.span import NOWHERE
from stratc_dsl.strategy import AaveV3, Position, Relation, Strategy, Venue

ROUNDING_UNITS = 2
BASIS_POINT = Fraction(1, 10_000)

FLASH_PREMIUM = Fraction(5, 10_000)
"""`FLASHLOAN_PREMIUM_TOTAL` on mainnet, of which a premium is computed half up: rounded up it is no less."""


def model(venue: Venue, strategy: Strategy) -> VenueModel:
    """The model of one Aave v3 account of the vault. Positions are those that the strategy allocates.

    In a category of assets (eMode) the stated loan-to-value and threshold are the category's. Raises Unsupported for a
    category of which different ones are stated.
    """
    assert isinstance(venue.terms, AaveV3)
    _one_category(venue.terms)
    allocated = {allocation.position for allocation in strategy.allocations}
    collateral = {
        Held(Position(venue.name, "collateral", one.token), rounding=ROUNDING_UNITS): one
        for one in venue.terms.collateral
        if Position(venue.name, "collateral", one.token) in allocated
    }
    debts = tuple(
        Held(Position(venue.name, "debt", token), debt=True, rounding=ROUNDING_UNITS)
        for token in venue.terms.borrow
        if Position(venue.name, "debt", token) in allocated
    )
    if not debts:
        return VenueModel(venue.name, "aave_v3", tuple(collateral), flash_premium=FLASH_PREMIUM)
    thresholds: dict[Expr, Fraction] = {held.value: one.threshold or Fraction(0) for held, one in collateral.items()}
    ltvs: dict[Expr, Fraction] = {held.value: one.ltv or Fraction(0) for held, one in collateral.items()}
    owed: dict[Expr, Fraction] = {held.value: Fraction(1) for held in debts}
    healthy = _covers(_truncated(thresholds), owed)
    return VenueModel(
        venue.name,
        "aave_v3",
        (*collateral, *debts),
        never_liquidated=healthy,
        after_borrow=_covers(_truncated(ltvs), owed),
        after_withdraw=healthy,
        health=(thresholds, owed),
        flash_premium=FLASH_PREMIUM,
    )


def _one_category(terms: AaveV3) -> None:
    """The venue's contracts know one pair for a category; collateral outside of it is not supported beside it."""
    pairs = {(one.ltv, one.threshold) for one in terms.collateral}
    if terms.emode is not None and len(pairs) > 1:
        what = f"collateral of different risk in category {terms.emode.category}"
        raise Unsupported(what, "state the category's loan-to-value and threshold for each", terms.emode.span)


def _truncated(weights: dict[Expr, Fraction]) -> dict[Expr, Fraction]:
    """Weights that bound the account's average from below as Aave computes it.

    `calculateUserAccountData` truncates the value-weighted average threshold, and loan-to-value, to whole basis
    points, so with several collaterals the average falls short of the exact one by less than a basis point.
    """
    if len(weights) < 2:
        return weights
    return {value: max(weight - BASIS_POINT, Fraction(0)) for value, weight in weights.items()}


def _covers(weighted: dict[Expr, Fraction], owed: dict[Expr, Fraction]) -> Formula:
    """sum of weight * value >= debt; true of itself where nothing is owed."""
    one: dict[Expr, Fraction] = {ONE: Fraction(1)}
    nothing_owed = Cmp(total(tuple(owed), Plain.VALUE), Rel.LE, zero(Plain.VALUE))
    return Or((nothing_owed, compare(Quotient(weighted, owed), Relation.GE, Quotient(one, one), NOWHERE)))
