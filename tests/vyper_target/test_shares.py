"""ERC-4626 and ERC-20: conversions, limits that tell the truth, allowances, floors."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lab.chain import Reverted
from lab.world import World
from vyper_target.vaults import USDC, Deployed, deploy, example

UNLIMITED = 2**256 - 1


def reason(deployed: Deployed, fn: str, *args: object, sender: str) -> str:
    with pytest.raises(Reverted) as caught:
        deployed.contract.send(fn, *args, sender=sender)
    return caught.value.reason


@pytest.fixture
def settled(carry: Deployed) -> Deployed:
    carry.deposit(carry.world.users[0], 100_000 * USDC)
    carry.deposit(carry.world.users[1], 50_000 * USDC)
    carry.run("rebalance")
    return carry


def test_what_the_token_says_of_itself(carry: Deployed) -> None:
    assert carry.call("name") == "EthCarry over USDC"
    assert carry.call("symbol") == "EthCarry"
    assert carry.call("decimals") == 18
    assert carry.call("asset") == carry.world.usdc.address
    assert carry.call("totalSupply") == 0
    assert carry.call("convertToShares", USDC) == 10**18
    assert carry.call("convertToAssets", 10**18) == USDC


def test_shares_move_and_are_allowed_like_any_token(settled: Deployed) -> None:
    alice, bob, carol = settled.world.users[:3]
    settled.contract.send("transfer", bob, 10**18, sender=alice)
    settled.contract.send("approve", carol, 2 * 10**18, sender=bob)
    settled.contract.send("transferFrom", bob, carol, 10**18, sender=carol)
    assert settled.call("balanceOf", carol) == settled.call("allowance", bob, carol) == 10**18
    assert reason(settled, "transferFrom", bob, carol, 2 * 10**18, sender=carol) == "shares: allowance too low"
    assert reason(settled, "transfer", alice, 2 * 10**18, sender=carol) == "shares: balance too low"
    assert reason(settled, "transfer", "0x" + "00" * 20, 1, sender=carol) == "shares: no receiver"


def test_previews_are_kept(settled: Deployed) -> None:
    user, usdc = settled.world.users[2], settled.world.usdc
    usdc.provide(user, settled.contract, 10**12)
    for preview, fn, amount in (
        ("previewDeposit", "deposit", 123_456_789),
        ("previewMint", "mint", 77 * 10**18 + 1),
    ):
        promised = settled.call(preview, amount)
        assert settled.contract.send(fn, amount, user, sender=user).value == promised
    for preview, fn, amount in (
        ("previewWithdraw", "withdraw", 33_333_333),
        ("previewRedeem", "redeem", 10**18 + 7),
    ):
        promised = settled.call(preview, amount)
        assert settled.contract.send(fn, amount, user, user, sender=user).value == promised


def test_the_events_of_both_standards(carry: Deployed) -> None:
    alice, bob = carry.world.users[:2]
    receipt = carry.deposit(alice, 1_000 * USDC)
    assert receipt.event("Deposit").args == {
        "sender": alice, "owner": alice, "assets": 1_000 * USDC, "shares": 1_000 * 10**18,
    }  # fmt: skip
    minted = receipt.event("Transfer", carry.contract).args.values()
    assert list(minted) == ["0x" + "00" * 20, alice, 1_000 * 10**18]
    carry.contract.send("approve", bob, 10**18, sender=alice)
    receipt = carry.contract.send("redeem", 10**18, bob, alice, sender=bob)
    assert receipt.event("Withdraw").args == {
        "sender": bob, "receiver": bob, "owner": alice, "assets": USDC, "shares": 10**18,
    }  # fmt: skip
    assert reason(carry, "redeem", 1, bob, alice, sender=bob) == "shares: allowance too low"


def test_nobody_pays_for_no_shares(carry: Deployed) -> None:
    user = carry.world.users[0]
    assert reason(carry, "deposit", 0, user, sender=user) == "deposit: no shares"
    assert reason(carry, "mint", 0, user, sender=user) == "deposit: no shares"


def test_a_donation_before_the_first_deposit_costs_more_than_it_takes(carry: Deployed) -> None:
    attacker, victim = carry.world.users[:2]
    carry.deposit(attacker, 1)
    carry.world.usdc.mint(carry.address, 10_000 * USDC)
    carry.deposit(victim, 1_000 * USDC)
    worth = carry.call("convertToAssets", carry.call("balanceOf", victim))
    assert worth >= 999 * USDC
    assert carry.call("convertToAssets", carry.call("balanceOf", attacker)) < 6_000 * USDC


# ── limits ─────────────────────────────────────────────────────────────────────────────────


def test_withdrawals_are_paid_out_of_what_is_idle(treasury: Deployed) -> None:
    user = treasury.world.users[0]
    treasury.deposit(user, 100_000 * USDC)
    treasury.run("rebalance")
    treasury.world.usdc.provide(user, treasury.contract, 1)
    assert reason(treasury, "withdraw", 30_000 * USDC, user, user, sender=user) == "withdraw: more than is idle"


def test_the_round_limits_withdrawals_and_says_so(settled: Deployed) -> None:
    alice, bob = settled.world.users[:2]
    allowance = settled.call("round_assets") // 20
    assert settled.call("round_allowance") == settled.call("maxWithdraw", alice) == allowance
    assert reason(settled, "withdraw", allowance + 1, alice, alice, sender=alice) == "withdraw: round limit"
    settled.contract.send("withdraw", allowance // 2, alice, alice, sender=alice)
    assert settled.call("maxWithdraw", bob) == allowance - allowance // 2
    settled.contract.send("withdraw", allowance - allowance // 2, bob, bob, sender=bob)
    assert settled.call("round_allowance") == settled.call("maxWithdraw", bob) == settled.call("maxRedeem", bob) == 0
    assert reason(settled, "withdraw", 1, bob, bob, sender=bob) == "withdraw: round limit"


def test_a_new_round_begins_only_settled_and_renews_the_allowance(settled: Deployed) -> None:
    alice, anyone = settled.world.users[0], settled.world.users[4]
    settled.contract.send("withdraw", settled.call("maxWithdraw", alice), alice, alice, sender=alice)
    assert settled.call("settled") is False  # idle is at 5%, its band ends at 6%
    assert reason(settled, "settle", sender=anyone) == "round: not settled"
    settled.run("rebalance")
    assert settled.call("round_withdrawn") == 0
    assert settled.call("round_allowance") == settled.call("totalAssets") // 20
    settled.contract.send("withdraw", USDC, alice, alice, sender=alice)
    receipt = settled.contract.send("settle", sender=anyone)
    assert receipt.event("RoundBegan")["assets"] == settled.call("totalAssets")
    assert settled.call("round_withdrawn") == 0


def test_floors_stop_a_withdrawal_before_the_round_does(settled: Deployed) -> None:
    """ETH eightfold makes idle a smaller part of nav: the floor is nearer than the round's limit."""
    alice = settled.world.users[0]
    settled.world.set_price("WETH", 16_000, arbitrage=False)
    settled.accept_prices()
    most = settled.call("maxWithdraw", alice)
    assert 0 < most < settled.call("round_allowance")
    assert reason(settled, "withdraw", most + 1, alice, alice, sender=alice) == "floor: idle(USDC) >= 1% of nav"
    settled.contract.send("withdraw", most, alice, alice, sender=alice)
    assert settled.call("maxWithdraw", alice) == 0


def test_a_broken_floor_closes_the_vault_to_users(settled: Deployed) -> None:
    """health(aave) < 1.35: nobody enters or leaves until the keeper has repaid."""
    user = settled.world.users[0]
    settled.world.set_price("WETH", 1_300)
    settled.accept_prices()
    settled.world.usdc.provide(user, settled.contract, 10**9)
    for limit in ("maxDeposit", "maxMint", "maxWithdraw", "maxRedeem"):
        assert settled.call(limit, user) == 0
    assert reason(settled, "deposit", 10**9, user, sender=user) == "floor: health(aave) >= 1.35"
    assert reason(settled, "withdraw", 1, user, user, sender=user) == "floor: health(aave) >= 1.35"
    settled.run("deleverage_aave")
    assert settled.call("maxWithdraw", user) > 0
    assert settled.call("maxDeposit", user) == UNLIMITED


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    deposits=st.lists(st.integers(1, 10**12), min_size=1, max_size=3),
    allocate=st.booleans(),
    frozen=st.booleans(),
    price=st.integers(1_600, 2_400),
    donation=st.sampled_from([0, 1, 10**9]),
)
def test_the_limits_are_what_a_call_accepts(
    revm_world: World, deposits: list[int], allocate: bool, frozen: bool, price: int, donation: int
) -> None:
    chain = revm_world.chain
    start = chain.snapshot()
    try:
        vault = deploy(revm_world, example("eth_carry"))
        for user, assets in zip(revm_world.users, deposits, strict=False):
            vault.deposit(user, assets)
        if allocate and vault.state()["idle_usdc"] > 10 * USDC:
            vault.run("rebalance")
        revm_world.set_price("WETH", price)
        if frozen:
            vault.contract.send("freeze", sender=vault.guardian)
        if donation:
            revm_world.usdc.mint(vault.address, donation)
        for user in revm_world.users[: len(deposits)]:
            for limit, fn in (("maxWithdraw", "withdraw"), ("maxRedeem", "redeem")):
                most = vault.call(limit, user)
                before = chain.snapshot()
                vault.contract.send(fn, most, user, user, sender=user)
                chain.revert(before)
    finally:
        chain.revert(start)
