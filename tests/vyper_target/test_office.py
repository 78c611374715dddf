"""An owner who has to wait, whoever keeps in a silent keeper's place, and deposits up to a limit: call by call.

That the owner opens a frozen vault only after the delay, and the rest of what the exact machine knows, is told in the
stories of `tests/differential`.
"""

from __future__ import annotations

import pytest
from eth_abi.abi import encode
from eth_utils.abi import function_signature_to_4byte_selector

from lab.chain import Reverted
from lab.world import World
from vyper_target.vaults import USDC, Deployed, deploy, example, proved

DELAY, SILENCE = 2 * 86_400, 8 * 3_600
APPOINTMENTS = ["transfer_ownership", "set_guardian", "set_keeper"]


@pytest.fixture
def office(revm_world: World) -> Deployed:
    return deploy(revm_world, example("office"))


def refused(vault: Deployed, fn: str, *args: object, sender: str) -> str:
    with pytest.raises(Reverted) as caught:
        vault.contract.send(fn, *args, sender=sender)
    return caught.value.reason


def calldata(fn: str, who: str) -> bytes:
    return bytes(function_signature_to_4byte_selector(f"{fn}(address)")) + encode(["address"], [who])


@pytest.mark.parametrize("fn", APPOINTMENTS)
def test_an_appointment_waits_and_is_made_once(office: Deployed, fn: str) -> None:
    one = office.world.users[3]
    assert refused(office, fn, one, sender=office.owner) == "roles: not scheduled"
    office.contract.send("schedule", calldata(fn, one), sender=office.owner)
    office.world.chain.warp(DELAY - 1)
    assert refused(office, fn, one, sender=office.owner) == "roles: too early"
    office.world.chain.warp(1)
    office.contract.send(fn, one, sender=office.owner)
    shown = {"transfer_ownership": "pending_owner", "set_guardian": "guardian", "set_keeper": "keeper"}[fn]
    assert office.call(shown) == one
    assert refused(office, fn, one, sender=office.owner) == "roles: not scheduled"


@pytest.mark.parametrize("fn", APPOINTMENTS)
def test_what_was_scheduled_is_that_call_and_no_other(office: Deployed, fn: str) -> None:
    one, other = office.world.users[2:4]
    office.contract.send("schedule", calldata(fn, one), sender=office.owner)
    office.world.chain.warp(DELAY)
    assert refused(office, fn, other, sender=office.owner) == "roles: not scheduled"
    for another in APPOINTMENTS:
        if another != fn:
            assert refused(office, another, one, sender=office.owner) == "roles: not scheduled"
    assert refused(office, fn, one, sender=one) == "roles: owner only"


def test_the_guardian_may_take_back_what_the_owner_scheduled(office: Deployed) -> None:
    call = calldata("set_keeper", office.world.users[3])
    assert refused(office, "cancel", call, sender=office.guardian) == "roles: not scheduled"
    office.contract.send("schedule", call, sender=office.owner)
    office.world.chain.warp(DELAY)
    assert refused(office, "cancel", call, sender=office.keeper) == "roles: guardian only"
    office.contract.send("cancel", call, sender=office.guardian)
    assert refused(office, "set_keeper", office.world.users[3], sender=office.owner) == "roles: not scheduled"


def test_what_makes_the_vault_safer_never_waits(office: Deployed) -> None:
    office.contract.send("freeze", sender=office.owner)
    office.contract.send("emergency_exit", sender=office.owner)
    assert office.call("mode") == 2


def test_a_vault_without_a_delay_has_nothing_to_schedule(revm_world: World) -> None:
    functions = {one.get("name") for one in deploy(revm_world, example("treasury")).contract.abi.entries}
    assert functions.isdisjoint({"schedule", "cancel", "OWNER_DELAY", "KEEPER_SILENCE", "keeper_seen"})


def test_whoever_comes_keeps_the_vault_of_a_silent_keeper_but_only_what_is_due(office: Deployed) -> None:
    user = office.world.users[0]
    office.deposit(user, 100_000 * USDC)
    assert refused(office, "rebalance", sender=user) == "roles: keeper only"
    office.world.chain.warp(SILENCE)
    office.world.refresh_feeds()
    assert refused(office, "rebalance", sender=user) == "roles: keeper only"
    office.world.chain.warp(1)
    office.contract.send("rebalance", sender=user)
    assert refused(office, "rebalance", sender=user) == "rule: not due"
    assert refused(office, "emergency_exit", sender=user) == "roles: guardian only"


@pytest.mark.long
@pytest.mark.parametrize("limit", ["1_000 USDC", "1_000 USD"])
def test_deposits_stop_at_the_limit_to_the_unit(revm_world: World, limit: str) -> None:
    text = example("office").verification.source.text.replace("250_000 USDC", limit)
    vault = deploy(revm_world, proved(text, "limit.strat"))
    user, most = revm_world.users[0], 1_000 * USDC
    assert vault.call("maxDeposit", user) == most
    assert vault.call("maxMint", user) == vault.call("previewDeposit", most)
    revm_world.usdc.provide(user, vault.contract, 2 * most)
    assert refused(vault, "deposit", most + 1, user, sender=user) == "deposit: above the limit"
    assert refused(vault, "mint", vault.call("maxMint", user) + 1, user, sender=user) == "deposit: above the limit"
    vault.contract.send("mint", vault.call("maxMint", user) // 2, user, sender=user)
    vault.contract.send("deposit", vault.call("maxDeposit", user), user, sender=user)
    assert vault.call("maxDeposit", user) == vault.call("maxMint", user) == 0
    assert refused(vault, "deposit", 1, user, sender=user) == "deposit: above the limit"
    revm_world.usdc.mint(vault.address, USDC)  # a gift fills the limit as deposits do, and keeps nobody in
    assert vault.call("maxDeposit", user) == 0
    vault.contract.send("withdraw", 10 * USDC, user, user, sender=user)
    assert vault.call("maxDeposit", user) == 9 * USDC
