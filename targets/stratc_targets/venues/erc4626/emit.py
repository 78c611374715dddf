"""How a deposit in an ERC-4626 vault is printed: one address."""

from __future__ import annotations

from stratc_compiler.vault import Held
from stratc_dsl.strategy import Erc4626, Venue
from stratc_targets.venues.emitter import (
    ACTIONS_CODE,
    INNER_CODE,
    VAULT_CODE,
    Immutable,
    NameTable,
    PositionText,
    VenueText,
    inner_constants,
)


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


def _check_code(venue: str, vault: str) -> tuple[str, ...]:
    """A vault of ours, of two contracts whose code was compiled: immutables stand behind it, and are not compared.

    Its rules are in its actions. Their hash is in its constructor, of which nothing is on chain: it is asked for them.
    """
    actions = f"{vault.lower()}_actions"
    return (
        *_same_code(vault, venue, VAULT_CODE),
        f"{actions}: address = erc4626.actions_of({vault})",
        *_same_code(actions, venue, ACTIONS_CODE),
    )


def _same_code(contract: str, venue: str, which: str) -> tuple[str, str]:
    size, code = (f"{INNER_CODE}.{one}" for one in inner_constants(venue, which))
    return (
        f'assert {contract}.codesize >= {size}, "erc4626: other code"',
        f'assert keccak256(slice({contract}.code, 0, {size})) == {code}, "erc4626: other code"',
    )


def _deposit(vault: str, asset: str, rounding: int) -> PositionText:
    return PositionText(
        read=f"erc4626.held({vault})",
        enter=lambda amount: f"erc4626.deposit({vault}, {asset}, {amount}, {rounding})",
        leave=lambda amount: f"erc4626.withdraw({vault}, {asset}, {amount})",
        liquidity=f"erc4626.liquidity({vault})",
        receipt=vault,
    )
