"""How an account in one market of Morpho Blue is printed: Morpho's address, the market's parameters, its id."""

from __future__ import annotations

from fractions import Fraction

from stratc_compiler.errors import Unsupported
from stratc_compiler.vault import Held
from stratc_dsl.strategy import MorphoBlue, Venue
from stratc_targets.venues.emitter import Callback, FlashText, Immutable, NameTable, PositionText, VenueText

WAD: int = 10**18

FURTHER = ("oracle", "irm")
"""Addresses that are part of the market's name beside the tokens: its oracle and its interest rate model."""

CALLBACK = Callback("onMorphoFlashLoan", ("assets: uint256", "data: Bytes[1]"), amount="assets", owed="assets")
"""Morpho calls who has asked, and names neither him nor the token."""


def emit(venue: Venue, positions: tuple[Held, ...], argument: str, names: NameTable) -> VenueText:
    """The account's text. Raises Unsupported for a threshold that Morpho cannot express."""
    assert isinstance(venue.terms, MorphoBlue)
    morpho, oracle, market, name = (
        names.constant(venue.name, *words) for words in ((), ("oracle",), ("market",), ("id",))
    )
    collateral, loan = venue.terms.collateral.token, venue.terms.loan
    params = ", ".join(
        (
            f"loan_token={names.token(loan)}",
            f"collateral_token={names.token(collateral)}",
            f"oracle={oracle}",
            f"irm={names.argument(venue, 'irm')}",
            f"lltv={_threshold(venue.terms)}",
        )
    )
    immutables = (
        Immutable(morpho, "address", argument),
        Immutable(oracle, "address", names.argument(venue, "oracle")),
        Immutable(market, "morpho_blue.MarketParams", f"morpho_blue.MarketParams({params})"),
        Immutable(name, "bytes32", f"morpho_blue.market_id({market})"),
    )
    prices = ", ".join(read(token) for token in (collateral, loan) for read in (names.price, names.unit))
    checks = [f"morpho_blue.check_market({morpho}, {name})"]
    if any(held.debt for held in positions):
        checks.append(f"morpho_blue.check_oracle({oracle}, {prices})")
    kinds = {"collateral": _collateral, "debt": _debt, "supply": _lent}
    texts = {held.name: kinds[held.position.kind](morpho, market, name) for held in positions}
    flash = FlashText(morpho, CALLBACK, lambda token, amount: f"morpho_blue.flash_loan({morpho}, {token}, {amount})")
    return VenueText("morpho_blue", immutables, tuple(checks), texts, flash=flash, account=name)


def _collateral(morpho: str, market: str, name: str) -> PositionText:
    held = f"morpho_blue.collateral({morpho}, {name})"
    return PositionText(
        read=held,
        enter=lambda amount: f"morpho_blue.supply_collateral({morpho}, {market}, {amount})",
        leave=lambda amount: f"morpho_blue.withdraw_collateral({morpho}, {market}, {amount})",
        liquidity=held,
    )


def _debt(morpho: str, market: str, name: str) -> PositionText:
    return PositionText(
        read=f"morpho_blue.owed({morpho}, {name}, {market})",
        enter=lambda amount: f"morpho_blue.borrow({morpho}, {market}, {amount})",
        leave=lambda amount: f"morpho_blue.repay({morpho}, {name}, {market}, {amount})",
    )


def _lent(morpho: str, market: str, name: str) -> PositionText:
    return PositionText(
        read=f"morpho_blue.lent({morpho}, {name}, {market})",
        enter=lambda amount: f"morpho_blue.supply({morpho}, {market}, {amount})",
        leave=lambda amount: f"morpho_blue.withdraw({morpho}, {name}, {market}, {amount})",
        liquidity=f"morpho_blue.not_borrowed({morpho}, {name})",
    )


def _threshold(terms: MorphoBlue) -> int:
    one = terms.collateral
    scaled = (one.threshold or Fraction(0)) * WAD
    if scaled.denominator != 1:
        raise Unsupported(f"an lltv of {one.token} finer than 10^-18", "round it", one.span)
    return scaled.numerator
