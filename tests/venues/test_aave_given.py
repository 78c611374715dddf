"""What a stranger supplies for the vault counts as its collateral: a cent of it takes a basis point off the average."""

from __future__ import annotations

from fractions import Fraction

from msgspec.structs import replace

from lab.world import World
from stratc_compiler.readings import loan_at
from stratc_targets.venues.aave_v3.exact import WAD
from venues.test_aave_v3 import MODEL, loan
from venues.test_misread import liquidated, price

EXACTLY = replace(MODEL, never_liquidated=loan_at(MODEL).covered())
"""As if the vault's own collateral were all that counts."""


def test_a_stranger_has_a_loan_liquidated_that_its_own_collateral_covers(revm_world: World) -> None:
    account, lab, usdc = loan(revm_world), revm_world.aave, revm_world.usdc
    collateral, owed = account.reserve("WETH"), account.reserve("USDC")
    assert owed.threshold < collateral.threshold  # dollars count for less
    needed = Fraction(owed.owed * owed.price * 10**12 * 10_000, collateral.supplied * collateral.threshold)
    price(account, int(needed * Fraction(100_005, 100_000)))
    assert lab.account(account.me).health > WAD
    assert not liquidated(account)

    usdc.provide(revm_world.arbitrageur, lab.pool, 10**4)
    lab.pool.send("supply", usdc, 10**4, account.me, 0, sender=revm_world.arbitrageur)

    found = lab.account(account.me)
    assert found.threshold_bps == collateral.threshold - 1
    assert found.health < WAD
    assert account.model.holds(EXACTLY.never_liquidated)
    assert not account.model.holds(MODEL.never_liquidated)
    assert liquidated(account)
