"""Attacks on what the vault believes things are worth: spot prices, stale, clamped and misread feeds, constants."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest

from attacks.targets import (
    NO_GUARD,
    NO_ROUND_LIMIT,
    SPOT_PRICE,
    at_work,
    claim,
    shares,
    true_assets,
    true_claim,
    vault,
    without,
)
from lab.artifacts import vyper_artifact
from lab.chain import Reverted
from lab.feed import deploy_feed
from lab.world import World
from mutations.change import BOOK, VAULT, Change
from vyper_target.vaults import USDC, Deployed

HERE = Path(__file__).resolve().parent
MILLION = 10**6 * USDC
PAR = {"USDC": Fraction(1), "WETH": Fraction(2_000)}


# ── a pool's price, moved with a flash loan ────────────────────────────────────────────────

STAKE = 50 * MILLION


def flash_loan(target: Deployed) -> Fraction:
    """Real Aave lends, real Uniswap is moved by a fifth and back: the attacker's gain, everything at true prices."""
    world = target.world
    chain, router = world.chain, world.uniswap.router
    attacker = chain.deploy_artifact(
        vyper_artifact(HERE / "flash_loan.vy"), router, world.aave.pool, target.contract, world.usdc
    )
    purse = STAKE + 10 * MILLION
    world.usdc.mint(attacker.address, purse)
    attacker.send("attack", world.weth, world.weth.units(60_000), STAKE)
    world.arbitrage()
    return world.usdc.balance(attacker.address) + true_claim(target, attacker.address, PAR) - purse


def test_flash_loan(revm_world: World) -> None:
    """What the pool says enters no value: the attacker gets shares at the feeds' prices, and has paid for the loan."""
    target = at_work(vault(revm_world, "eth_carry"), 3 * MILLION // 2, times=2)
    per_share = true_assets(target, PAR) / target.call("totalSupply")
    earned = flash_loan(target)
    fees = Fraction(60_000 * 2_000 * USDC) * (Fraction(9, 10_000) + Fraction(5, 10_000))  # Aave's, and one of Uniswap's
    assert earned < -fees
    assert true_assets(target, PAR) / target.call("totalSupply") >= per_share


@pytest.mark.long
def test_flash_loan_robs_a_vault_that_values_at_the_pool(revm_world: World) -> None:
    target = at_work(without(revm_world, "eth_carry", (*SPOT_PRICE, *NO_GUARD)), 3 * MILLION // 2, times=2)
    per_share = true_assets(target, PAR) / target.call("totalSupply")
    assert flash_loan(target) > 100_000 * USDC
    assert true_assets(target, PAR) / target.call("totalSupply") < per_share * 95 / 100


def test_no_view_moves_with_the_pool(revm_world: World) -> None:
    target = at_work(vault(revm_world, "eth_carry"), MILLION)
    views = ["totalAssets", "state", "health_aave", "settled", "rebalance_due", "deleverage_aave_due"]
    users = ["maxDeposit", "maxMint", "maxWithdraw", "maxRedeem"]
    amounts = [
        "convertToShares",
        "convertToAssets",
        "previewDeposit",
        "previewMint",
        "previewWithdraw",
        "previewRedeem",
    ]

    def seen() -> list[object]:
        told = [target.call(view) for view in views] + [target.call(view, revm_world.users[0]) for view in users]
        return told + [target.call(view, 123_456_789) for view in amounts]

    before = seen()
    for price in (200, 20_000):
        revm_world.pool.move_to(price, revm_world.arbitrageur)
        assert seen() == before


# ── feeds that no longer tell ──────────────────────────────────────────────────────────────

ANY_AGE = (
    Change(
        "contracts/oracle.vy",
        '    assert unsafe_sub(block.timestamp, updated_at) <= feed.heartbeat + GRACE, "oracle: stale price"\n',
        "",
    ),
    Change(
        "contracts/oracle.vy",
        " or block.timestamp - updated_at > feed.heartbeat + GRACE",
        "",
    ),
)


NO_ROUND = (*NO_ROUND_LIMIT, Change(VAULT, "    most = min(most, self._round_allowance())\n", ""))


def leave_before_the_fall(target: Deployed, seconds: int) -> tuple[int, Fraction]:
    """The market is at half, the feed still says 2,000: the attacker takes what he can. (paid, what it was worth)."""
    world, attacker = target.world, target.world.users[0]
    world.warp(seconds)
    world.feeds["USDC"].refresh()
    half = {"USDC": Fraction(1), "WETH": Fraction(1_500)}
    world.pool.move_to(1_500, world.arbitrageur)
    assets, supply = true_assets(target, half), target.call("totalSupply")
    paid = burnt = 0
    try:
        burnt = target.call("maxRedeem", attacker)
        if burnt:
            paid = target.contract.send("redeem", burnt, attacker, attacker, sender=attacker).value
    except Reverted:
        return 0, Fraction(0)
    return paid, assets * burnt / supply


def filled(target: Deployed) -> Deployed:
    target.deposit(target.world.users[1], MILLION // 2)
    return at_work(target, MILLION // 2)


def test_stale_feed(revm_world: World) -> None:
    """A second past the heartbeat nobody leaves, enters or trades at the old price; the limits say so."""
    target = filled(vault(revm_world, "eth_carry"))
    attacker = revm_world.users[0]
    paid, _ = leave_before_the_fall(target, 3_601)
    assert paid == 0
    revm_world.usdc.provide(attacker, target.contract, USDC)
    for fn, args, sender in (
        ("redeem", (10**18, attacker, attacker), attacker),
        ("withdraw", (1, attacker, attacker), attacker),
        ("deposit", (USDC, attacker), attacker),
        ("mint", (10**12, attacker), attacker),
        ("rebalance", (), target.keeper),
        ("deleverage_aave", (), target.keeper),
    ):
        with pytest.raises(Reverted, match="oracle: stale price"):
            target.contract.send(fn, *args, sender=sender)


@pytest.mark.long
def test_stale_feed_overpays_those_who_leave_a_vault_that_takes_any_age(revm_world: World) -> None:
    paid, worth = leave_before_the_fall(filled(without(revm_world, "eth_carry", (*ANY_AGE, *NO_ROUND))), 3_601)
    assert paid > worth * 110 / 100


NO_SEQUENCER = (
    Change("contracts/oracle.vy", "    if SEQUENCER_FEED == empty(address):\n", "    if SEQUENCER_FEED != self:\n"),
)


def leave_before_the_chain_is_back(target: Deployed) -> tuple[int, Fraction]:
    """The sequencer is down, its feed says so, and the attacker comes in by way of L1: prices are of before."""
    target.world.sequencer.report(1, target.world.chain.timestamp())
    return leave_before_the_fall(target, 60)


def test_sequencer_outage(revm_world: World) -> None:
    """Neither while it is down nor in the hour after is anything paid at a price of before."""
    world = revm_world
    target = filled(vault(world, "eth_carry", sequencer_feed_=world.sequencer))
    attacker = world.users[0]
    paid, _ = leave_before_the_chain_is_back(target)
    assert paid == 0
    world.sequencer.report(0, world.chain.timestamp())
    assert target.call("maxRedeem", attacker) == 0
    with pytest.raises(Reverted, match="oracle: sequencer not up for an hour"):
        target.contract.send("redeem", 10**18, attacker, attacker, sender=attacker)
    world.set_price("WETH", 1_650)
    world.warp(3_601, refresh=True)
    assert target.call("maxRedeem", attacker) > 0


@pytest.mark.long
def test_sequencer_outage_overpays_those_who_come_by_way_of_l1(revm_world: World) -> None:
    changes = (*NO_SEQUENCER, *NO_ROUND)
    target = filled(without(revm_world, "eth_carry", changes, sequencer_feed_=revm_world.sequencer))
    paid, worth = leave_before_the_chain_is_back(target)
    assert paid > worth * 110 / 100


def enter_at_a_jump(target: Deployed) -> Fraction:
    """The feed says 1,500 for a moment, the market 2,000: what a deposit in that moment earns."""
    world, attacker = target.world, target.world.users[0]
    world.set_price("WETH", 1_500, arbitrage=False)
    target.deposit(attacker, MILLION)
    world.set_price("WETH", 2_000, arbitrage=False)
    return true_claim(target, attacker, PAR) - MILLION


def leave_at_a_jump(target: Deployed) -> Fraction:
    """The feed says 2,600 for a moment: what a holder of half is paid more than it was worth."""
    world, holder = target.world, target.world.users[1]
    assets, supply = true_assets(target, PAR), target.call("totalSupply")
    world.set_price("WETH", 2_600, arbitrage=False)
    burnt = target.call("maxRedeem", holder) or 10**18
    paid = target.contract.send("redeem", burnt, holder, holder, sender=holder).value
    world.set_price("WETH", 2_000, arbitrage=False)
    return paid - assets * burnt / supply


@pytest.mark.parametrize("take", [enter_at_a_jump, leave_at_a_jump])
def test_oracle_that_jumps(revm_world: World, take: Callable[[Deployed], Fraction]) -> None:
    """Beyond the assumed move nobody enters or leaves at the feed's price, nor does the vault trade at it; who wants to
    leave takes a part of everything."""
    target = filled(vault(revm_world, "eth_carry"))
    holder = revm_world.users[1]
    with pytest.raises(Reverted, match="mode: guarded"):
        take(target)
    assert target.call("guarded") is True
    for limit in ("maxDeposit", "maxMint", "maxWithdraw", "maxRedeem"):
        assert target.call(limit, holder) == 0
    with pytest.raises(Reverted, match="mode: guarded"):
        target.run("rebalance")
    revm_world.usdc.provide(holder, target.contract, MILLION)
    part = target.call("balanceOf", holder) // 3
    target.contract.send("redeem_in_kind", part, holder, holder, 0, sender=holder)
    revm_world.set_price("WETH", 2_000, arbitrage=False)
    assert target.call("guarded") is False
    assert target.call("maxRedeem", holder) > 0


@pytest.mark.long
@pytest.mark.parametrize(("take", "least"), [(enter_at_a_jump, 50_000 * USDC), (leave_at_a_jump, 5_000 * USDC)])
def test_oracle_that_jumps_robs_a_vault_without_a_guard(
    revm_world: World, take: Callable[[Deployed], Fraction], least: int
) -> None:
    assert take(filled(without(revm_world, "eth_carry", NO_GUARD))) > least


def test_clamped_feed(revm_world: World) -> None:
    """A feed that stops at its least answer and goes on reporting looks alive. What leaves at the wrong price is held
    to the round: the others lose at most the overpaid part of 5% of the assets, and the keeper's sales are refused."""
    target = filled(vault(revm_world, "eth_carry"))
    allowance = target.call("round_assets") // 20
    paid, worth = leave_before_the_fall(target, 60)
    assert paid <= allowance
    assert paid - worth <= allowance - allowance * worth / max(paid, 1) + 1
    revm_world.set_price("WETH", 2_300, arbitrage=False)  # the clamp is above the market: collateral would be sold
    assert target.call("rebalance_due") is True
    with pytest.raises(Reverted, match="Too little received"):
        target.run("rebalance")


@pytest.mark.long
def test_clamped_feed_empties_the_idle_of_a_vault_without_rounds(revm_world: World) -> None:
    target = filled(without(revm_world, "eth_carry", (*ANY_AGE, *NO_ROUND)))
    allowance = target.call("round_assets") // 20
    paid, worth = leave_before_the_fall(target, 60)
    assert paid > allowance
    assert paid - worth > allowance - allowance * worth / paid


# ── units ──────────────────────────────────────────────────────────────────────────────────

EIGHT_DECIMALS = (
    Change(
        "contracts/oracle.vy",
        "decimals: uint256 = convert(staticcall Aggregator(source).decimals(), uint256)",
        "decimals: uint256 = 8",
    ),
)


def gift_in_wrong_units(target: Deployed) -> int:
    """A speck of WETH is supplied to Aave for the vault, which a feed in other units makes a fortune: what a holder of
    a hundredth takes out."""
    world, (attacker, holder) = target.world, target.world.users[:2]
    target.deposit(holder, 100_000 * USDC)
    target.deposit(attacker, 1_000 * USDC)
    world.weth.provide(attacker, world.aave.pool, 10**18)
    world.aave.pool.send("supply", world.weth, 147_500_000_000, target.address, 0, sender=attacker)
    most = target.call("maxRedeem", attacker)
    return int(target.contract.send("redeem", most, attacker, attacker, sender=attacker).value)


def test_decimals_of_a_feed(revm_world: World) -> None:
    """The feed is asked for its decimals: 18 of them give the same price, to the wei."""
    feed = deploy_feed(revm_world.chain, revm_world.admin, "ETH / USD", 2_000, decimals=18)
    target = vault(revm_world, "eth_carry", feed_weth=feed)
    usual = vault(revm_world, "eth_carry")
    for one in (target, usual):
        one.deposit(revm_world.users[2], USDC)
    assert target.state() == usual.state()
    assert gift_in_wrong_units(target) <= 1_000 * USDC + 3  # a hundredth of the speck, which is 295 units


@pytest.mark.long
def test_decimals_of_a_feed_rob_a_vault_that_takes_eight_for_granted(revm_world: World) -> None:
    feed = deploy_feed(revm_world.chain, revm_world.admin, "ETH / USD", 2_000, decimals=18)
    target = without(revm_world, "eth_carry", EIGHT_DECIMALS, feed_weth=feed)
    assert gift_in_wrong_units(target) > 20_000 * USDC


def test_feed_of_another_pair(revm_world: World) -> None:
    """cbETH/ETH bound as a price in dollars: such a vault takes deposits and pays them back, but never trades at the
    wrong price, since the pool does not sell at it."""
    feed = deploy_feed(revm_world.chain, revm_world.admin, "CBETH / ETH", "1.06")
    target = vault(revm_world, "eth_carry", feed_weth=feed)
    user = revm_world.users[0]
    target.deposit(user, MILLION)
    with pytest.raises(Reverted, match="Too little received"):
        target.run("rebalance")
    most = target.call("maxRedeem", user)
    assert target.contract.send("redeem", most, user, user, sender=user).value >= MILLION * 98 // 100


# ── prices that are written down ───────────────────────────────────────────────────────────

DOLLAR_IS_DOLLAR = (Change(BOOK, "    s.price_usdc = oracle.price_of(USDC_FEED)\n", "    s.price_usdc = 10**18\n"),)
SHARE_IS_ASSET = (
    Change(
        "contracts/erc4626.vy",
        "return staticcall IERC4626(venue).convertToAssets(staticcall IERC20(venue).balanceOf(self))",
        "return staticcall IERC20(venue).balanceOf(self)",
    ),
)


def enter_a_depeg(target: Deployed) -> Fraction:
    """USDC is at 88 cents everywhere: what a deposit of half the vault's size earns at true prices."""
    world, attacker = target.world, target.world.users[1]
    world.set_price("USDC", "0.88")
    prices = {"USDC": Fraction(88, 100), "WETH": Fraction(2_000)}
    target.deposit(attacker, MILLION)
    return true_claim(target, attacker, prices) - MILLION


def test_stable_depeg(revm_world: World) -> None:
    """A dollar token is worth what its feed says: the deposit earns nothing but what each of four positions rounds."""
    assert enter_a_depeg(at_work(vault(revm_world, "eth_carry"), MILLION)) <= 4


@pytest.mark.long
def test_stable_depeg_robs_a_vault_that_takes_a_dollar_for_a_dollar(revm_world: World) -> None:
    target = at_work(without(revm_world, "eth_carry", DOLLAR_IS_DOLLAR), MILLION)
    assert enter_a_depeg(target) > MILLION * 4 // 100


def leave_a_loss(target: Deployed) -> tuple[int, int, list[int]]:
    """A venue loses two fifths; two holders of a tenth leave one after the other. (fair, left per share, paid)."""
    world, (holder, *leavers) = target.world, target.world.users[:3]
    for user, assets in ((holder, 800_000), *((one, 100_000) for one in leavers)):
        target.deposit(user, assets * USDC)
    target.run("rebalance")
    world.save.lose(world.save.total_assets() * 2 // 5)
    assets = int(true_assets(target, PAR))
    paid = []
    for user in leavers:
        part = shares(target, user) // 2
        paid.append(target.contract.send("redeem", part, user, user, sender=user).value)
    return assets // 20, int(true_assets(target, PAR)) * 20 // 18, paid


def test_hard_coded_price(revm_world: World) -> None:
    """A loss of a venue is in the price of the very next withdrawal: nobody leaves at yesterday's value."""
    fair, left, paid = leave_a_loss(vault(revm_world, "treasury"))
    assert all(0 <= fair - one <= 1 for one in paid)
    assert left >= fair * 20


@pytest.mark.long
def test_hard_coded_price_lets_the_first_leave_at_the_cost_of_the_rest(revm_world: World) -> None:
    fair, left, paid = leave_a_loss(without(revm_world, "treasury", SHARE_IS_ASSET))
    assert all(one > fair * 110 // 100 for one in paid)
    assert left < fair * 20 * 99 // 100


def test_first_exit_has_no_advantage(revm_world: World) -> None:
    """Bad debt is everybody's in proportion: who leaves first after it gets no more than who leaves second."""
    fair, _, (first, second) = leave_a_loss(vault(revm_world, "treasury"))
    assert first <= second <= fair + 1


def test_first_exit_after_bad_debt_is_recognised_at_once(revm_world: World) -> None:
    """The claim of every holder falls with the loss itself, before anyone has called the vault."""
    target = filled(vault(revm_world, "eth_carry"))
    before = [claim(target, user) for user in revm_world.users[:2]]
    lost = revm_world.save.value(target.address)
    revm_world.save.lose(revm_world.save.total_assets() // 2)
    lost -= revm_world.save.value(target.address)
    after = [claim(target, user) for user in revm_world.users[:2]]
    assert sum(before) - sum(after) == pytest.approx(lost, abs=3)
    assert before[0] - after[0] == pytest.approx(before[1] - after[1], rel=0.01)
