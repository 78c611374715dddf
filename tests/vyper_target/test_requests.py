"""Redemptions that wait in turn: who may ask, what is paid and when, and whose it is until it is claimed."""

from __future__ import annotations

import pytest

from lab.chain import Receipt, Reverted
from lab.world import World
from vyper_target.vaults import USDC, Deployed, deploy, example

WHOLE_SHARE = 10**18


@pytest.fixture
def settled(treasury: Deployed) -> Deployed:
    """Two thirds and one third, a fifth of it idle; a tenth may leave in the round."""
    alice, bob = treasury.world.users[:2]
    treasury.deposit(alice, 100_000 * USDC)
    treasury.deposit(bob, 50_000 * USDC)
    treasury.run("rebalance")
    return treasury


def ask(vault: Deployed, user: str, shares: int, controller: str | None = None) -> int:
    return int(vault.contract.send("requestRedeem", shares, controller or user, user, sender=user).value)


def serve(vault: Deployed, count: int = 64) -> Receipt:
    return vault.contract.send("serve", count, sender=vault.world.users[3])


def claim(vault: Deployed, number: int, user: str, receiver: str | None = None) -> int:
    return int(vault.contract.send("claim", number, receiver or user, sender=user).value)


def test_what_a_round_does_not_pay_is_paid_in_the_next(settled: Deployed) -> None:
    bob, world = settled.world.users[1], settled.world
    shares = settled.call("balanceOf", bob)
    number = ask(settled, bob, shares)
    assert (number, settled.call("balanceOf", bob), settled.call("balanceOf", settled.address)) == (1, 0, shares)
    first = serve(settled).value
    assert 14_999 * USDC < first <= 15_000 * USDC  # a tenth of what the round began with
    served = settled.call("claimableRedeemRequest", number, bob)
    assert served + settled.call("pendingRedeemRequest", number, bob) == shares
    assert claim(settled, number, bob) == first == world.usdc.balance(bob)
    settled.run("rebalance")
    assert serve(settled).value > 13_000 * USDC
    for _ in range(3):
        settled.run("rebalance")
        serve(settled)
    assert settled.call("pendingRedeemRequest", number, bob) == 0
    claim(settled, number, bob)
    assert 49_990 * USDC < world.usdc.balance(bob) <= 50_000 * USDC


def test_it_is_paid_as_a_redemption_at_that_moment(settled: Deployed) -> None:
    """Not at the price of the request: those who wait share in what is gained and lost till then."""
    bob, chain = settled.world.users[1], settled.world.chain
    shares = 5_000 * WHOLE_SHARE
    number = ask(settled, bob, shares)
    settled.world.save.lose(settled.world.save.total_assets() // 50)
    start = chain.snapshot()
    settled.contract.send("take_back", number, sender=bob)
    paid = settled.contract.send("redeem", shares, bob, bob, sender=bob).value
    chain.revert(start)
    assert serve(settled).value == paid == claim(settled, number, bob) < 5_000 * USDC


def test_the_events_tell_all_of_it(settled: Deployed) -> None:
    alice, bob, carol = settled.world.users[:3]
    asked = settled.contract.send("requestRedeem", 20 * WHOLE_SHARE, carol, bob, sender=bob)
    assert asked.event("RedeemRequest").args == {
        "controller": carol, "owner": bob, "requestId": 1, "sender": bob, "shares": 20 * WHOLE_SHARE,
    }  # fmt: skip
    served = serve(settled).event("RequestServed").args
    assert served == {"requestId": 1, "shares": 20 * WHOLE_SHARE, "assets": 20 * USDC}
    paid = settled.contract.send("claim", 1, alice, sender=carol).event("Withdraw").args
    assert paid == {
        "sender": carol, "receiver": alice, "owner": carol, "assets": 20 * USDC, "shares": 20 * WHOLE_SHARE,
    }  # fmt: skip
    number = ask(settled, bob, 20 * WHOLE_SHARE)
    back = settled.contract.send("take_back", number, sender=bob).event("RequestReturned").args
    assert back == {"requestId": number, "owner": bob, "shares": 20 * WHOLE_SHARE}


def test_shares_of_somebody_else_need_his_allowance(settled: Deployed) -> None:
    alice, bob = settled.world.users[:2]
    call = ("requestRedeem", 20 * WHOLE_SHARE, bob, alice)
    with pytest.raises(Reverted, match="shares: allowance too low"):
        settled.contract.send(*call, sender=bob)
    settled.contract.send("approve", bob, 20 * WHOLE_SHARE, sender=alice)
    settled.contract.send(*call, sender=bob)
    assert settled.call("allowance", alice, bob) == 0


def test_only_the_controller_takes_back_and_claims(settled: Deployed) -> None:
    alice, bob, carol = settled.world.users[:3]
    number = ask(settled, bob, 20 * WHOLE_SHARE, controller=carol)
    for fn, args in (("take_back", (number,)), ("claim", (number, alice))):
        for caller in (alice, bob, settled.owner):
            with pytest.raises(Reverted, match="request: controller only"):
                settled.contract.send(fn, *args, sender=caller)
    serve(settled)
    assert claim(settled, number, carol, alice) == 20 * USDC
    assert claim(settled, number, carol) == 0  # once is all
    with pytest.raises(Reverted, match="request: controller only"):
        claim(settled, number + 1, carol)


def test_small_ones_are_refused(settled: Deployed) -> None:
    alice, bob, _ = settled.world.users[:3]
    least = settled.call("totalSupply") // 10_000
    for shares in (0, least - 1):
        with pytest.raises(Reverted, match="request: too small"):
            ask(settled, bob, shares)
    with pytest.raises(Reverted, match="request: no controller"):
        settled.contract.send("requestRedeem", least, "0x" + "00" * 20, alice, sender=alice)
    ask(settled, bob, least)


def test_what_is_claimable_is_paid_without_a_price_and_in_every_mode(settled: Deployed) -> None:
    bob, world = settled.world.users[1], settled.world
    number = ask(settled, bob, 100 * WHOLE_SHARE)
    serve(settled)
    for feed in world.feeds.values():
        feed.set_raw(answer=0)
    start = world.chain.snapshot()
    assert claim(settled, number, bob) == 100 * USDC
    world.chain.revert(start)
    world.save.limit_liquidity(0)
    settled.contract.send("emergency_exit", sender=settled.guardian)
    assert settled.call("mode") == 3
    assert claim(settled, number, bob) == 100 * USDC


def test_nobody_else_is_paid_out_of_what_is_set_aside(settled: Deployed) -> None:
    """Not in kind, not unwound, not by the exit; and what is given to the vault is not the claimant's."""
    alice, bob = settled.world.users[:2]
    usdc = settled.world.usdc
    number = ask(settled, bob, 10_000 * WHOLE_SHARE)
    aside = serve(settled).value
    assert settled.call("reserved") == aside
    assert settled.state()["idle_usdc"] == usdc.balance(settled.address) - aside
    idle = settled.state()["idle_usdc"]
    half = settled.call("balanceOf", alice) // 2
    part = half * idle // (settled.call("totalSupply") + 10**12)
    before = usdc.balance(alice)
    settled.contract.send("redeem_in_kind", half, alice, alice, 0, sender=alice)
    assert usdc.balance(alice) == before + part
    settled.contract.send("redeem_unwound", half, alice, alice, 0, sender=alice)
    usdc.mint(settled.address, 7 * USDC)
    assert settled.call("reserved") == aside
    settled.contract.send("emergency_exit", sender=settled.guardian)
    left = settled.call("balanceOf", bob)
    settled.contract.send("redeem", left, bob, bob, sender=bob)
    assert usdc.balance(settled.address) >= aside
    assert claim(settled, number, bob) == aside


def test_deposits_come_in_beside_what_is_set_aside(settled: Deployed) -> None:
    bob, carol = settled.world.users[1:3]
    ask(settled, bob, 10_000 * WHOLE_SHARE)
    serve(settled)
    before = settled.state()["idle_usdc"]
    settled.deposit(carol, 1_000 * USDC)
    assert settled.state()["idle_usdc"] == before + 1_000 * USDC


def test_those_who_wait_are_served_before_those_who_come(settled: Deployed) -> None:
    """What requests would be paid now is nobody else's to withdraw; limits say so, and what is over is paid."""
    alice, bob = settled.world.users[:2]
    most = settled.call("maxWithdraw", alice)
    ask(settled, bob, 10_000 * WHOLE_SHARE)
    rest = settled.call("maxWithdraw", alice)
    assert rest == most - 10_000 * USDC
    with pytest.raises(Reverted, match="withdraw: round limit"):
        settled.contract.send("withdraw", rest + 1, alice, alice, sender=alice)
    settled.contract.send("withdraw", rest, alice, alice, sender=alice)
    assert settled.call("maxRedeem", alice) == 0
    assert serve(settled).value == 10_000 * USDC


def test_one_call_looks_at_so_many_and_goes_on_in_the_next(settled: Deployed) -> None:
    bob = settled.world.users[1]
    least = settled.call("totalSupply") // 10_000
    for _ in range(66):
        ask(settled, bob, least)
    serve(settled, 2**256 - 1)
    assert settled.call("requests_done") == 64
    serve(settled, 1)
    assert settled.call("requests_done") == 65
    serve(settled)
    assert settled.call("requests_done") == settled.call("requests_made") == 66
    assert settled.call("shares_requested") == 0


def test_requests_end_with_the_exit_and_are_paid_by_it(settled: Deployed) -> None:
    alice, bob = settled.world.users[:2]
    number = ask(settled, bob, settled.call("balanceOf", bob))
    settled.contract.send("emergency_exit", sender=settled.guardian)
    with pytest.raises(Reverted, match="mode: exited"):
        ask(settled, alice, 100 * WHOLE_SHARE)
    settled.contract.send("redeem", settled.call("balanceOf", alice), alice, alice, sender=alice)
    assert serve(settled).value >= 49_999 * USDC
    assert claim(settled, number, bob) >= 49_999 * USDC


def test_who_may_hold_no_shares_any_more_gets_his_own_back(revm_world: World) -> None:
    """And nobody gets any that way who never might: shares go back to whose they were."""
    vault = deploy(revm_world, example("members"))
    alice, bob = revm_world.users[:2]
    eas = vault.eas
    uid = eas.attest(vault.attester, vault.call("SCHEMA"), alice)
    vault.contract.send("admit", uid, sender=alice)
    vault.deposit(alice, 1_000 * USDC)
    shares = vault.call("balanceOf", alice)
    number = ask(vault, alice, shares, controller=bob)
    eas.revoke(vault.attester, vault.call("SCHEMA"), uid)
    vault.contract.send("take_back", number, sender=bob)
    assert (vault.call("balanceOf", alice), vault.call("balanceOf", bob)) == (shares, 0)


def test_a_vault_that_pays_everything_at_once_has_no_such_calls(revm_world: World) -> None:
    vault = deploy(revm_world, example("idle"))
    names = {entry.get("name") for entry in vault.contract.abi.entries}
    assert not names & {"requestRedeem", "serve", "claim", "take_back", "reserved", "RedeemRequest"}
