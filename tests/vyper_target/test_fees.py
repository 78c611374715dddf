"""Vaults with one fee or the other, and who is paid; the differential tests have both to the wei."""

from __future__ import annotations

import pytest

from lab.chain import Reverted
from lab.world import World
from stratc_compiler.certify import ProvedVault
from vyper_target.vaults import USDC, deploy, example, proved

NOBODY = "0x" + "00" * 20
YEAR = 365 * 86_400


def idle(fees: str) -> ProvedVault:
    """The vault that only holds, with fees."""
    text = example("idle").verification.source.text.rstrip()
    return proved(f"{text.removesuffix('}')}    fees {{ {fees} }}\n}}\n", f"{fees}.strat")


@pytest.mark.long
def test_time_alone_is_charged(revm_world: World) -> None:
    vault = deploy(revm_world, idle("management: 2% per 1y"))
    user, recipient = revm_world.users[0], vault.fee_recipient
    vault.deposit(user, 98_000 * USDC)
    start = revm_world.chain.timestamp()
    revm_world.chain.warp(YEAR)
    for feed in revm_world.feeds.values():
        feed.set_raw(answer=10**8, updated_at=revm_world.chain.timestamp())
    elapsed = revm_world.chain.timestamp() - start
    assert elapsed >= YEAR
    most = vault.call("maxRedeem", user)
    assert most == vault.call("balanceOf", user)
    worth = vault.call("previewRedeem", most)
    vault.contract.send("redeem", most, user, user, sender=user)
    assert vault.call("balanceOf", recipient) == vault.call("totalSupply") == 98_000 * 10**18 * 2 // 98
    assert revm_world.usdc.balance(user) == worth == 98_000 * USDC * 98 // 100
    assert not any(entry.get("name") == "high_water_mark" for entry in vault.contract.abi.entries)


def test_gains_alone_are_charged(revm_world: World) -> None:
    vault = deploy(revm_world, idle("performance: 10%"))
    user, recipient = revm_world.users[0], vault.fee_recipient
    vault.deposit(user, 100_000 * USDC)
    revm_world.usdc.mint(vault.address, 10_000 * USDC)
    worth = vault.call("previewRedeem", vault.call("balanceOf", user))
    assert abs(worth - 109_000 * USDC) <= 1
    vault.contract.send("redeem", vault.call("balanceOf", user), user, user, sender=user)
    assert revm_world.usdc.balance(user) == worth
    paid = vault.contract.send("redeem", vault.call("balanceOf", recipient), recipient, recipient, sender=recipient)
    assert abs(int(paid.value) - 1_000 * USDC) <= 1
    assert vault.call("totalSupply") == 0
    assert not any(entry.get("name") == "charged_at" for entry in vault.contract.abi.entries)


def test_somebody_is_to_be_paid(revm_world: World) -> None:
    with pytest.raises(Reverted, match="fees: no recipient"):
        deploy(revm_world, idle("performance: 10%"), fee_recipient_=NOBODY)
