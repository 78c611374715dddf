"""How an Aave v3 account is printed: one pool address, one aToken or debt token per position."""

from __future__ import annotations

from fractions import Fraction

from stratc_compiler.errors import Unsupported
from stratc_compiler.vault import Held
from stratc_dsl.strategy import AaveV3, Collateral, Venue
from stratc_targets.venues.aave_v3.model import BASIS_POINT, FLASH_PREMIUM
from stratc_targets.venues.emitter import FlashText, Immutable, NameTable, PositionText, VenueText


def emit(venue: Venue, positions: tuple[Held, ...], argument: str, names: NameTable) -> VenueText:
    """The account's text. Raises Unsupported for a risk parameter that Aave cannot express."""
    assert isinstance(venue.terms, AaveV3)
    pool = names.constant(venue.name, "pool")
    immutables = [Immutable(pool, "address", argument)]
    texts: dict[str, PositionText] = {}
    for held in positions:
        asset = names.token(held.token)
        receipt = names.constant(venue.name, held.position.kind, held.token)
        kind = "debt_token" if held.debt else "a_token"
        immutables.append(Immutable(receipt, "address", f"aave_v3.{kind}({pool}, {asset})"))
        texts[held.name] = _debt(pool, asset, receipt) if held.debt else _collateral(pool, asset, receipt)
    used = {held.token for held in positions if not held.debt}
    collateral = (one for one in venue.terms.collateral if one.token in used)
    checks = tuple(_risk_check(one, pool, names) for one in collateral if one.threshold is not None)
    flash = FlashText(
        pool,
        f"aave_v3.check_flash_premium({pool}, {int(FLASH_PREMIUM / BASIS_POINT)})",
        lambda token, amount: f"aave_v3.flash_loan({pool}, {token}, {amount})",
        lambda token: Immutable(
            names.constant(venue.name, "lends", token), "address", f"aave_v3.a_token({pool}, {names.token(token)})"
        ),
    )
    return VenueText("aave_v3", tuple(immutables), checks, texts, flash=flash)


def _collateral(pool: str, asset: str, receipt: str) -> PositionText:
    return PositionText(
        read=f"aave_v3.held({receipt})",
        enter=lambda amount: f"aave_v3.supply({pool}, {asset}, {amount})",
        leave=lambda amount: f"aave_v3.withdraw({pool}, {asset}, {amount})",
        liquidity=f"aave_v3.liquidity({pool}, {asset}, {receipt})",
        receipt=receipt,
    )


def _debt(pool: str, asset: str, receipt: str) -> PositionText:
    return PositionText(
        read=f"aave_v3.held({receipt})",
        enter=lambda amount: f"aave_v3.borrow({pool}, {asset}, {amount})",
        leave=lambda amount: f"aave_v3.repay({pool}, {asset}, {amount})",
    )


def _risk_check(one: Collateral, pool: str, names: NameTable) -> str:
    ltv, threshold = _basis_points(one.ltv, one), _basis_points(one.threshold, one)
    return f"aave_v3.check_risk({pool}, {names.token(one.token)}, {ltv}, {threshold})"


def _basis_points(ratio: Fraction | None, one: Collateral) -> int:
    scaled = (ratio or Fraction(0)) * 10_000
    if scaled.denominator != 1:
        raise Unsupported(f"a risk parameter of {one.token} finer than a basis point", "round it", one.span)
    return scaled.numerator
