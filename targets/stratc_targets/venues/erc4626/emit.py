"""How a deposit in an ERC-4626 vault is printed: one address."""

from __future__ import annotations

from stratc_compiler.vault import Held
from stratc_dsl.strategy import Erc4626, Venue
from stratc_targets.venues.emitter import INNER_CODE, Immutable, NameTable, PositionText, VenueText, inner_constants


def emit(venue: Venue, positions: tuple[Held, ...], argument: str, names: NameTable) -> VenueText:
    """The deposit's text."""
    assert isinstance(venue.terms, Erc4626)
    vault = names.constant(venue.name, "vault")
    asset = names.token(venue.terms.asset)
    ours = _check_code(venue.name, vault) if venue.terms.inner is not None else ()
    texts = {held.name: _deposit(vault, asset, held.rounding) for held in positions}
    return VenueText(
        "erc4626",
        (Immutable(vault, "address", argument),),
        (*ours, f"erc4626.check_asset({vault}, {asset})"),
        texts,
    )


def _check_code(venue: str, vault: str) -> tuple[str, str]:
    """A vault of ours, whose code was compiled: immutables stand behind it, and are not compared."""
    size, code = (f"{INNER_CODE}.{one}" for one in inner_constants(venue))
    return (
        f'assert {vault}.codesize >= {size}, "erc4626: other code"',
        f'assert keccak256(slice({vault}.code, 0, {size})) == {code}, "erc4626: other code"',
    )


def _deposit(vault: str, asset: str, rounding: int) -> PositionText:
    return PositionText(
        read=f"erc4626.held({vault})",
        enter=lambda amount: f"erc4626.deposit({vault}, {asset}, {amount}, {rounding})",
        leave=lambda amount: f"erc4626.withdraw({vault}, {asset}, {amount})",
        liquidity=f"erc4626.liquidity({vault})",
        receipt=vault,
    )
