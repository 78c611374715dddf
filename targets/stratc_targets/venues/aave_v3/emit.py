"""How an Aave v3 account is printed: one pool address, one aToken or debt token per position."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from stratc_compiler.errors import Unsupported
from stratc_compiler.vault import Held
from stratc_dsl.strategy import AaveV3, Collateral, Venue
from stratc_targets.venues.aave_v3.model import BASIS_POINT, FLASH_PREMIUM
from stratc_targets.venues.emitter import Callback, FlashText, Immutable, NameTable, PositionText, VenueText

CALLBACK = Callback(
    "executeOperation",
    ("asset: address", "amount: uint256", "premium: uint256", "initiator: address", "params: Bytes[1]"),
    amount="amount",
    owed="amount + premium",
    token="asset",
    initiator="initiator",
    answers=True,
)
"""`IFlashLoanSimpleReceiver` of Aave: whoever asks may name another receiver, so it says who has asked."""


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
        enter = "supply" if venue.terms.emode is None else "pledge"
        texts[held.name] = _debt(pool, asset, receipt) if held.debt else _collateral(pool, asset, receipt, enter)
    checks = tuple(_setup(venue.terms, positions, pool, names))
    flash = FlashText(
        pool,
        CALLBACK,
        lambda token, amount: f"aave_v3.flash_loan({pool}, {token}, {amount})",
        f"aave_v3.check_flash_premium({pool}, {int(FLASH_PREMIUM / BASIS_POINT)})",
        lambda token: Immutable(
            names.constant(venue.name, "lends", token), "address", f"aave_v3.a_token({pool}, {names.token(token)})"
        ),
    )
    terms = tuple(_terms(venue.terms, positions, pool, names))
    short = " + ".join(f"aave_v3.{word}shortfall({at})" for word, at in terms)
    owes = any(held.debt for held in positions)
    return VenueText("aave_v3", tuple(immutables), checks, texts, flash=flash, shortfall=short if owes else None)


def _collateral(pool: str, asset: str, receipt: str, enter: str) -> PositionText:
    return PositionText(
        read=f"aave_v3.held({receipt})",
        enter=lambda amount: f"aave_v3.{enter}({pool}, {asset}, {amount})",
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


def _setup(terms: AaveV3, positions: tuple[Held, ...], pool: str, names: NameTable) -> Iterator[str]:
    """Entering the category, and checks that the pool's risk parameters are those of the proof."""
    category = None if terms.emode is None else terms.emode.category
    if category is not None:
        yield f"aave_v3.enter_category({pool}, {category})"
    yield from (f"aave_v3.check_{word}risk({at})" for word, at in _terms(terms, positions, pool, names))
    if any(held.debt for held in positions):
        secures = (held for held in positions if not held.debt)
        yield from (f"aave_v3.check_not_isolated({pool}, {names.token(held.token)})" for held in secures)
    if category is not None:
        loans = (held for held in positions if held.debt)
        yield from (f"aave_v3.check_category_loan({pool}, {category}, {names.token(held.token)})" for held in loans)


def _terms(terms: AaveV3, positions: tuple[Held, ...], pool: str, names: NameTable) -> Iterator[tuple[str, str]]:
    """Of each collateral: whether its terms are a category's, and where they stand and what they were when proved."""
    category = None if terms.emode is None else terms.emode.category
    word, at = ("", pool) if category is None else ("category_", f"{pool}, {category}")
    used = {held.token for held in positions if not held.debt}
    for one in terms.collateral:
        if one.token in used and one.threshold is not None:
            risk = f"{_basis_points(one.ltv, one)}, {_basis_points(one.threshold, one)}"
            yield word, f"{at}, {names.token(one.token)}, {risk}"


def _basis_points(ratio: Fraction | None, one: Collateral) -> int:
    scaled = (ratio or Fraction(0)) * 10_000
    if scaled.denominator != 1:
        raise Unsupported(f"a risk parameter of {one.token} finer than a basis point", "round it", one.span)
    return scaled.numerator
