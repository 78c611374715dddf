"""The ways out that ask nobody: an exit that no venue holds up, and redemption in kind."""

from __future__ import annotations

import re

import pytest

from lab.anvil import AnvilChain
from lab.chain import Reverted
from lab.world import World
from vyper_target.probes import probe
from vyper_target.vaults import USDC, Deployed, deploy, example, files

AAVE = 2
"""Aave's bit in `forgone`: the carry's exit goes by the savings vault, then Aave, then the pool."""


LEAVE = {
    "type": "function",
    "name": "leave",
    "inputs": [{"name": "venue", "type": "uint256"}],
    "outputs": [{"name": "", "type": "bool"}],
    "stateMutability": "nonpayable",
}
"""A step of the exit, which only actions have."""


@pytest.fixture
def settled(carry: Deployed) -> Deployed:
    alice, bob = carry.world.users[:2]
    carry.deposit(alice, 100_000 * USDC)
    carry.deposit(bob, 50_000 * USDC)
    carry.run("rebalance")
    return carry


def provide_debt(vault: Deployed, user: str) -> None:
    """Enough USDC to pay any part of what is owed."""
    vault.world.usdc.provide(user, vault.contract, 100_000 * USDC)


def holdings(vault: Deployed, holder: str) -> dict[str, int]:
    """What somebody has of everything that the carry can hand over, and owes."""
    world = vault.world
    return {
        "USDC": world.usdc.balance(holder),
        "WETH": world.weth.balance(holder),
        "aWETH": world.aave.supplied(holder, world.weth),
        "debt": world.aave.owed(holder, world.usdc),
        "save": world.save.contract.call("balanceOf", holder),
    }


def leave(vault: Deployed, user: str, shares: int, forgone: int = 0) -> None:
    vault.contract.send("redeem_in_kind", shares, user, user, forgone, sender=user)


def test_a_third_of_the_shares_is_a_third_of_everything(settled: Deployed) -> None:
    bob = settled.world.users[1]
    provide_debt(settled, bob)
    before, own = holdings(settled, settled.address), holdings(settled, bob)
    health = settled.call("health_aave")
    leave(settled, bob, settled.call("balanceOf", bob))
    after, now = holdings(settled, settled.address), holdings(settled, bob)
    for name in ("WETH", "aWETH", "save"):
        assert now[name] - own[name] == pytest.approx(before[name] / 3, rel=1e-9, abs=2)
        assert before[name] == pytest.approx(after[name] + now[name] - own[name], abs=2)
    paid = before["debt"] - after["debt"]
    assert paid == pytest.approx(before["debt"] / 3, rel=1e-6)
    assert now["USDC"] - own["USDC"] == pytest.approx(before["USDC"] / 3 - paid, rel=1e-6)
    assert settled.call("health_aave") >= health
    assert settled.call("settled") is True


def test_those_who_stay_lose_nothing_by_it(settled: Deployed) -> None:
    alice, bob = settled.world.users[:2]
    provide_debt(settled, bob)
    worth = settled.call("convertToAssets", settled.call("balanceOf", alice))
    for part in (7, 10**12 + 1, 10**21 + 123_456_789):
        leave(settled, bob, part)
        assert settled.call("convertToAssets", settled.call("balanceOf", alice)) >= worth - 2  # units of five positions


def test_leaving_in_kind_is_no_better_than_what_was_deposited(settled: Deployed) -> None:
    """Into a vault whose shares have gained, and out in kind at once: rounding goes to those who stay."""
    world = settled.world
    world.save.gain(10**9)
    carol = world.users[2]
    before = settled.call("totalAssets")
    settled.deposit(carol, 10_000 * USDC)
    provide_debt(settled, carol)
    leave(settled, carol, settled.call("balanceOf", carol))
    assert settled.call("totalAssets") >= before


def test_what_is_forgone_stays_and_nothing_is_paid_for_it(settled: Deployed) -> None:
    bob = settled.world.users[1]
    before, own = holdings(settled, settled.address), holdings(settled, bob)
    leave(settled, bob, settled.call("balanceOf", bob), AAVE)
    after, now = holdings(settled, settled.address), holdings(settled, bob)
    assert (after["aWETH"], after["debt"]) == (before["aWETH"], before["debt"])
    assert now["aWETH"] == own["aWETH"]
    assert now["save"] > own["save"]
    assert now["USDC"] > own["USDC"]


def test_shares_of_somebody_else_need_his_allowance(settled: Deployed) -> None:
    alice, bob = settled.world.users[:2]
    provide_debt(settled, bob)
    with pytest.raises(Reverted, match="shares: allowance too low"):
        settled.contract.send("redeem_in_kind", 10**18, bob, alice, 0, sender=bob)
    settled.contract.send("approve", bob, 10**18, sender=alice)
    settled.contract.send("redeem_in_kind", 10**18, bob, alice, 0, sender=bob)
    assert settled.call("allowance", alice, bob) == 0
    with pytest.raises(Reverted, match="shares: balance too low"):
        leave(settled, bob, settled.call("balanceOf", bob) + 1)


def test_the_event_tells_all_of_it(settled: Deployed) -> None:
    bob, carol = settled.world.users[1:3]
    receipt = settled.contract.send("redeem_in_kind", 10**18, carol, bob, AAVE, sender=bob)
    assert receipt.event("RedeemedInKind").args == {
        "sender": bob, "receiver": carol, "owner": bob, "shares": 10**18, "forgone": AAVE,
    }  # fmt: skip


def test_a_round_goes_on_with_what_stays(settled: Deployed) -> None:
    """A third leaves: the round's limit is two thirds of what it was, and what was withdrawn still counts."""
    alice, bob = settled.world.users[:2]
    settled.contract.send("withdraw", 1_000 * USDC, alice, alice, sender=alice)
    allowance, begun = settled.call("round_allowance"), settled.call("round_assets")
    provide_debt(settled, bob)
    leave(settled, bob, settled.call("balanceOf", bob))
    rest = settled.call("round_assets")
    assert rest == pytest.approx(begun * 2 / 3, rel=1e-2)
    assert settled.call("round_allowance") == rest // 20 - 1_000 * USDC < allowance


# ── the exit ───────────────────────────────────────────────────────────────────────────────


def test_nobody_but_the_vault_acts(settled: Deployed) -> None:
    """Actions are code for the vault: called where they stand they do nothing, and the vault has no call for a step."""
    chain, user = settled.world.chain, settled.world.users[0]
    known = [*settled.contract.abi.entries, LEAVE]
    actions = chain.at(known, settled.call("ACTIONS"))
    calls: dict[str, tuple[object, ...]] = {rule.name: () for rule in settled.model.rules}
    calls |= {"leave": (0,), "redeem_in_kind": (1, user, user, 0), "redeem_unwound": (1, user, user, 0)}
    source = files(example("eth_carry"))["contracts/Actions.vy"]
    assert set(re.findall(r"@external\ndef (\w+)", source)) == set(calls)
    for function, arguments in calls.items():
        for caller in (settled.owner, settled.guardian, settled.keeper, user):
            with pytest.raises(Reverted, match="actions: the vault only"):
                actions.send(function, *arguments, sender=caller)
    assert "leave" not in {entry.get("name") for entry in settled.contract.abi.entries}


def test_what_is_left_out_is_said_and_can_be_left_later(settled: Deployed) -> None:
    world = settled.world
    world.aave.pause(world.usdc, True)  # no debt can be repaid
    receipt = settled.contract.send("emergency_exit", sender=settled.guardian)
    assert [event.args["venue"] for event in receipt.events("LeftOut")] == [1]
    assert world.aave.supplied(settled.address, world.weth) > 0
    assert world.save.value(settled.address) == 0
    world.aave.pause(world.usdc, False)
    receipt = settled.contract.send("emergency_exit", sender=settled.guardian)
    assert receipt.events("LeftOut") == []
    assert world.aave.supplied(settled.address, world.weth) == 0


def test_a_venue_that_burns_all_gas_holds_nothing_up(revm_world: World) -> None:
    venue = probe(revm_world.chain, "burning_venue", revm_world.usdc)
    target = deploy(revm_world, example("treasury"), venue_save=venue)
    user = revm_world.users[0]
    target.deposit(user, 100_000 * USDC)
    target.run("rebalance")
    stuck = venue.call("balanceOf", target.address)
    assert stuck > 0
    receipt = target.contract.send("emergency_exit", sender=target.guardian)
    assert len(receipt.events("LeftOut")) == 1
    assert target.call("mode") == 3
    shares = target.call("balanceOf", user)
    target.contract.send("redeem_in_kind", shares, user, user, 0, sender=user)
    assert venue.call("balanceOf", user) == pytest.approx(stuck, abs=1)


@pytest.mark.anvil
def test_no_venue_is_left_out_for_want_of_gas(anvil_world: World) -> None:
    """Whatever gas is sent, either every venue is left or nothing happens."""
    chain = anvil_world.chain
    assert isinstance(chain, AnvilChain)
    target = deploy(anvil_world, example("treasury"))
    target.deposit(anvil_world.users[0], 100_000 * USDC)
    target.run("rebalance")
    data = target.contract.abi.function("emergency_exit", 0).encode(())
    call = {"from": target.guardian, "to": target.address, "data": "0x" + data.hex()}
    outcomes = set()
    for gas in range(200_000, 12_000_000, 350_000):
        status = chain.mined({**call, "gas": hex(gas), "gasPrice": "0x0"})["status"]
        left = anvil_world.save.value(target.address) == 0
        assert (int(status, 16) == 1) == left, gas
        outcomes.add(left)
        if left:  # until here nothing has happened: no state has to be put back, after which anvil may forget to mine
            break
    assert outcomes == {True, False}
