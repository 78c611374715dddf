"""A redemption that is paid out of the positions themselves: what it pays, what it leaves, who may, and when not."""

from __future__ import annotations

import pytest

from lab.chain import Reverted
from lab.world import World
from vyper_target.test_leaving import holdings
from vyper_target.vaults import USDC, Deployed, deploy, example


@pytest.fixture
def settled(carry: Deployed) -> Deployed:
    alice, bob = carry.world.users[:2]
    carry.deposit(alice, 100_000 * USDC)
    carry.deposit(bob, 50_000 * USDC)
    carry.run("rebalance")
    return carry


def unwind(vault: Deployed, user: str, shares: int, least: int = 0) -> int:
    return int(vault.contract.send("redeem_unwound", shares, user, user, least, sender=user).value)


def test_a_third_of_the_shares_brings_a_third_of_everything_in_base(settled: Deployed) -> None:
    """But for what selling its part of the ether costs, which stands beside the oracle by no more than the slippage."""
    bob = settled.world.users[1]
    shares, own = settled.call("balanceOf", bob), holdings(settled, bob)
    due, before = settled.call("convertToAssets", shares), holdings(settled, settled.address)
    health = settled.call("health_aave")
    paid = unwind(settled, bob, shares)
    after, now = holdings(settled, settled.address), holdings(settled, bob)
    assert due * 996 // 1_000 < paid < due
    assert now == {**own, "USDC": own["USDC"] + paid}
    for name in ("aWETH", "save", "debt", "USDC"):
        assert after[name] == pytest.approx(before[name] * 2 / 3, rel=1e-6)
    assert settled.call("health_aave") == pytest.approx(health, rel=1e-6)
    assert settled.call("settled") is True


@pytest.mark.parametrize("part", [10**15 + 7, 10**18 + 10**12 + 1, 10**21 + 123_456_789])
def test_those_who_stay_lose_not_a_unit_by_it(settled: Deployed, part: int) -> None:
    """Of any token, debts deducted: `fair` says it of the model, here the venues' own books do."""
    bob, world = settled.world.users[1], settled.world
    world.save.gain(7_777_777)
    world.warp(3_600)

    def nets() -> tuple[int, int, int]:
        held = holdings(settled, settled.address)
        saved = world.save.value(settled.address)
        return held["USDC"] + saved - held["debt"], held["WETH"] + held["aWETH"], settled.call("totalSupply") + 10**12

    usdc, weth, whole = nets()
    unwind(settled, bob, part)
    usdc_left, weth_left, rest = nets()
    assert rest == whole - part
    assert usdc_left * whole >= usdc * rest
    assert weth_left * whole >= weth * rest


def test_coming_and_leaving_at_once_pays_no_more_than_was_brought(settled: Deployed) -> None:
    settled.world.save.gain(10**9)
    carol = settled.world.users[2]
    before = settled.call("totalAssets")
    settled.deposit(carol, 10_000 * USDC)
    assert unwind(settled, carol, settled.call("balanceOf", carol)) <= 10_000 * USDC
    assert settled.call("totalAssets") >= before - 2


def test_the_leaver_says_for_how_little(settled: Deployed) -> None:
    bob = settled.world.users[1]
    start = settled.world.chain.snapshot()
    paid = unwind(settled, bob, 10**22)
    settled.world.chain.revert(start)
    with pytest.raises(Reverted, match="unwind: less than asked for"):
        unwind(settled, bob, 10**22, paid + 1)
    assert unwind(settled, bob, 10**22, paid) == paid


def test_shares_of_somebody_else_need_his_allowance(settled: Deployed) -> None:
    alice, bob, carol = settled.world.users[:3]
    with pytest.raises(Reverted, match="shares: allowance too low"):
        settled.contract.send("redeem_unwound", 10**18, bob, alice, 0, sender=bob)
    settled.contract.send("approve", bob, 10**18, sender=alice)
    receipt = settled.contract.send("redeem_unwound", 10**18, carol, alice, 0, sender=bob)
    assert settled.call("allowance", alice, bob) == 0
    assert settled.world.usdc.balance(carol) == receipt.value > 0
    (told,) = (event.args for event in receipt.events("Withdraw") if event.args.get("receiver") == carol)
    assert told == {
        "sender": bob, "receiver": carol, "owner": alice, "assets": receipt.value, "shares": 10**18,
    }  # fmt: skip
    with pytest.raises(Reverted, match="shares: balance too low"):
        unwind(settled, bob, settled.call("balanceOf", bob) + 1)


def test_it_counts_against_no_allowance_and_shrinks_the_round(settled: Deployed) -> None:
    alice, bob = settled.world.users[:2]
    settled.contract.send("withdraw", 1_000 * USDC, alice, alice, sender=alice)
    begun = settled.call("round_assets")
    unwind(settled, bob, settled.call("balanceOf", bob))
    rest = settled.call("round_assets")
    assert rest == pytest.approx(begun * 2 / 3, rel=1e-2)
    assert settled.call("round_allowance") == rest // 20 - 1_000 * USDC


def test_everybody_can_leave_so(settled: Deployed) -> None:
    """The last one too: no unit of a debt stays that nobody is there to pay."""
    for user in settled.world.users[:2]:
        unwind(settled, user, settled.call("balanceOf", user))
    assert settled.call("totalSupply") == 0
    assert settled.call("totalAssets") <= 2


def test_a_venue_that_cannot_pay_reverts_it(settled: Deployed) -> None:
    """Nothing is forgone unasked; there is `redeem_in_kind`."""
    settled.world.save.limit_liquidity(0)
    with pytest.raises(Reverted):
        unwind(settled, settled.world.users[1], 10**22)


def test_a_debt_is_repaid_by_its_own_part_or_not_at_all(settled: Deployed) -> None:
    """Most of the savings are lost, and what is idle would do for one leaver: it is not his."""
    world, bob = settled.world, settled.world.users[1]
    world.save.lose(world.save.total_assets() * 6 // 10)
    shares = settled.call("balanceOf", bob) // 10
    owed = world.aave.owed(settled.address, world.usdc) // 30
    assert world.usdc.balance(settled.address) > owed
    with pytest.raises(Reverted, match="unwind: a debt is more than its part brings"):
        unwind(settled, bob, shares)


def test_a_frozen_vault_is_left_so_and_an_exited_one_is_not(settled: Deployed) -> None:
    bob = settled.world.users[1]
    settled.contract.send("freeze", sender=settled.guardian)
    assert unwind(settled, bob, 10**21) > 0
    settled.contract.send("emergency_exit", sender=settled.guardian)
    with pytest.raises(Reverted, match="mode: exited"):
        unwind(settled, bob, 10**21)


def test_a_vault_that_only_holds_has_no_such_call(revm_world: World) -> None:
    vault = deploy(revm_world, example("idle"))
    assert all(entry.get("name") != "redeem_unwound" for entry in vault.contract.abi.entries)
