"""What the proofs assume of Aave v3.

Sources: aave-v3-core `GenericLogic.calculateUserAccountData` (health factor = sum of collateral value times
liquidation threshold, over debt value), `ValidationLogic.validateBorrow` (loan-to-value), `validateHFAndLtv`
(withdrawals), `WadRayMath.rayMul/rayDiv` (half-up rounding of scaled balances: one operation leaves a balance off
by at most one unit, reading it by another).
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from stratc_compiler.errors import Unsupported
from stratc_compiler.guardian import Guardian
from stratc_compiler.readings import Loan, exactly, off_by
from stratc_compiler.rooms import ample, stated_room
from stratc_compiler.text import percent
from stratc_compiler.vault import Assumed, Held, VenueModel
from stratc_dsl.strategy import AaveV3, Collateral, Position, Strategy, Venue

ROUNDING_UNITS = 2
BASIS_POINT = Fraction(1, 10_000)

FLASH_PREMIUM = Fraction(5, 10_000)
"""`FLASHLOAN_PREMIUM_TOTAL` on mainnet, of which a premium is computed half up: rounded up it is no less."""


def model(venue: Venue, strategy: Strategy) -> VenueModel:
    """The model of one Aave v3 account of the vault. Positions are those that the strategy allocates.

    In a category of assets (eMode) the stated loan-to-value and threshold are the category's. Raises Unsupported for a
    category of which different ones are stated, and for what Aave would not count as collateral.
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
        return VenueModel(
            venue.name,
            "aave_v3",
            tuple(collateral),
            room=stated_room(venue, strategy),
            flash_premium=FLASH_PREMIUM,
            assumes=tuple(_room(venue, strategy)),
        )
    for one in collateral.values():
        _counts(one)
    thresholds = {held: one.threshold or Fraction(0) for held, one in collateral.items()}
    ltvs = {held: one.ltv or Fraction(0) for held, one in collateral.items()}
    tokens = tuple(dict.fromkeys(held.token for held in (*collateral, *debts)))
    off = off_by(strategy, *tokens)
    healthy = Loan(_truncated(thresholds), debts, off).covered()
    return VenueModel(
        venue.name,
        "aave_v3",
        (*collateral, *debts),
        never_liquidated=healthy,
        after_borrow=Loan(_truncated(ltvs), debts, off).covered(),
        after_withdraw=healthy,
        health=Loan(thresholds, debts, off).read({}),
        off=off,
        short=BASIS_POINT,
        seized=_seized(tuple(thresholds.values()), off, tuple(collateral), debts),
        governed=True,
        room=stated_room(venue, strategy),
        flash_premium=FLASH_PREMIUM,
        assumes=(_parameters(venue), *_oracle(venue, exactly(strategy, *tokens)), *_room(venue, strategy)),
    )


def _parameters(venue: Venue) -> Assumed:
    assert isinstance(venue.terms, AaveV3)
    stated = [
        f"{one.token} ltv {percent(one.ltv)}, threshold {percent(one.threshold)}"
        for one in venue.terms.collateral
        if one.ltv is not None and one.threshold is not None
    ]
    if venue.terms.emode is not None:
        stated.append(f"category {venue.terms.emode.category} has no price of its own")
    how = "the vault compares them when it is deployed, the keeper at each look; what is lower puts the vault on guard"
    return Assumed("parameters", "; ".join(stated), Guardian.WATCHED, how)


def _oracle(venue: Venue, tokens: tuple[str, ...]) -> Iterator[Assumed]:
    """Of tokens of which no `oracle(T)` is stated."""
    if tokens:
        text = f"{venue.name} prices {' and '.join(tokens)} as the feeds of this strategy do, up to their last digits"
        yield Assumed("oracle", text, Guardian.WATCHED, "the keeper compares the two at each look")


def _seized(
    thresholds: tuple[Fraction, ...], off: dict[str, Fraction], collateral: tuple[Held, ...], debts: tuple[Held, ...]
) -> Fraction:
    """What a liquidator takes at most for each dollar that is repaid, at the vault's prices.

    `PoolConfigurator` sees to it that threshold * (1 + bonus) is at most 1, whatever governance says of the bonus; the
    protocol's fee is part of the bonus. Aave values both by its own oracle: what is read too low goes for less.
    """
    most = max((1 / threshold for threshold in thresholds if threshold), default=Fraction(1))
    low = min((1 - off[held.token] for held in collateral), default=Fraction(1))
    high = max(1 + off[held.token] for held in debts)
    return most * high / low


def _room(venue: Venue, strategy: Strategy) -> Iterator[Assumed]:
    """Where no `room(v)` is stated: that there is enough for all that rules do, if they do anything there."""
    if stated_room(venue, strategy) is None and ample(venue, strategy):
        text = f"{venue.name} takes all that rules supply and lends all that they borrow: caps leave room, no freeze"
        how = f"the keeper tells when there is room for less than {percent(ample(venue, strategy))} of nav"
        yield Assumed("room", text, Guardian.WATCHED, how)


def _one_category(terms: AaveV3) -> None:
    """The venue's contracts know one pair for a category; collateral outside of it is not supported beside it."""
    pairs = {(one.ltv, one.threshold) for one in terms.collateral}
    if terms.emode is not None and len(pairs) > 1:
        what = f"collateral of different risk in category {terms.emode.category}"
        raise Unsupported(what, "state the category's loan-to-value and threshold for each", terms.emode.span)


def _counts(one: Collateral) -> None:
    """What has no loan-to-value is not counted when it is supplied (`validateUseAsCollateral`)."""
    if one.threshold and not one.ltv:
        what = f"{one.token} with a loan-to-value of 0 as collateral, which Aave does not count"
        raise Unsupported(what, "hold it elsewhere, or idle: it secures nothing there", one.span)


def _truncated(weights: dict[Held, Fraction]) -> dict[Held, Fraction]:
    """Weights that bound the account's average from below as Aave computes it.

    `calculateUserAccountData` truncates the value-weighted average threshold, and loan-to-value, to whole basis
    points, so with several collaterals the average falls short of the exact one by less than a basis point. There may
    always be several: anybody can supply a cent of something else for the vault, and Aave counts that.
    """
    return {held: max(weight - BASIS_POINT, Fraction(0)) for held, weight in weights.items()}
