"""How a deposit in an ERC-4626 vault is printed: one address."""

from __future__ import annotations

from stratc_compiler.vault import Held
from stratc_dsl.strategy import Erc4626, Venue
from stratc_targets.venues.emitter import Immutable, NameTable, PositionText, VenueText


def emit(venue: Venue, positions: tuple[Held, ...], argument: str, names: NameTable) -> VenueText:
    """The deposit's text."""
    assert isinstance(venue.terms, Erc4626)
    vault = names.constant(venue.name, "vault")
    asset = names.token(venue.terms.asset)
    texts = {held.name: _deposit(vault, asset, held.rounding) for held in positions}
    return VenueText(
        "erc4626",
        (Immutable(vault, "address", argument),),
        (f"erc4626.check_asset({vault}, {asset})",),
        texts,
    )


def _deposit(vault: str, asset: str, rounding: int) -> PositionText:
    return PositionText(
        read=f"erc4626.held({vault})",
        enter=lambda amount: f"erc4626.deposit({vault}, {asset}, {amount}, {rounding})",
        leave=lambda amount: f"erc4626.withdraw({vault}, {asset}, {amount})",
        liquidity=f"erc4626.liquidity({vault})",
        receipt=vault,
    )
