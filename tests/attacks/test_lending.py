"""Attacks and accidents at the lender: misread oracles, crashes, risk parameters that governance moves."""

from __future__ import annotations

from fractions import Fraction

import pytest

from attacks.targets import at_work, strategy, true_assets, vault
from lab.chain import Reverted
from lab.feed import deploy_feed
from lab.world import World
from vyper_target.vaults import EXAMPLES, USDC, Deployed, deploy, proved

MILLION = 10**6 * USDC
FLOOR = Fraction(135, 100)
"""`health(aave) >= 1.35`: the floor under the loan of examples/eth_carry.strat."""

TRIGGER = Fraction(150, 100)
"""Under it the keeper repays; above it the vault may stay as it is."""

MISREAD = Fraction(285, 10_000)
"""By how much Aave's own oracle under-read wstETH on 2026-03-10."""

DARING = (
    ("ltv=80%, threshold=82.5%", "ltv=94%, threshold=95%"),
    ("80% +- 5%", "100% +- 1%"),
    ("-32% +- 4%", "-92.8% +- 1%"),
    ("42% +- 5%", "82.8% +- 1%"),
    ("10% +- 4%, min 6%", "10% +- 1%, min 6%"),
    ("health(aave) >= 1.35", "health(aave) >= 1.001"),
    ("health(aave) < 1.50 do deleverage aave to health 1.80", "health(aave) < 1.01 do deleverage aave to health 1.02"),
)
"""The same carry with as much debt as Aave's correlated mode of that day (94/95) lets it have."""


def daring(world: World, **addresses: object) -> Deployed:
    """A vault that no proof would have let pass: taken as proved, to see what happens to it."""
    text = (EXAMPLES / "eth_carry.strat").read_text(encoding="utf-8")
    for old, new in DARING:
        assert text.count(old) == 1
        text = text.replace(old, new)
    world.aave.set_collateral(world.weth, 9_400, 9_500, 10_100)
    return deploy(world, proved(text, "daring.strat"), **addresses)


def to_health(target: Deployed, health: Fraction) -> None:
    """Let the price fall until the loan has this health, to a unit of the feed above it."""
    now = Fraction(target.world.aave.account(target.address).health, 10**18)
    price = target.world.price("WETH") * health / now
    target.world.set_price("WETH", price + Fraction(1, 10**6), arbitrage=False)


def liquidation(target: Deployed) -> str:
    """Why nobody can liquidate the vault at Aave now; empty where somebody can."""
    world, liquidator = target.world, target.world.users[4]
    world.usdc.provide(liquidator, world.aave.pool, MILLION)
    start = world.chain.snapshot()
    try:
        world.aave.liquidate(liquidator, target.address, world.weth, world.usdc)
    except Reverted as refused:
        return refused.reason
    finally:
        world.chain.revert(start)
    return ""


HEALTHY = "45"
"""Aave's code for: the health factor is not below the threshold."""


# ── the lender's oracle misreads ───────────────────────────────────────────────────────────


def own_feeds(world: World) -> dict[str, object]:
    """Feeds of the vault's own, so that Aave's can err alone."""
    return {"feed_weth": deploy_feed(world.chain, world.admin, "ETH / USD", 2_000)}


def test_lender_misreads(revm_world: World) -> None:
    """The floor is a margin: at 1.35 Aave may under-read by a quarter, nine times that of March 2026, and by
    1 - 1/1.35 at most."""
    target = at_work(vault(revm_world, "eth_carry", **own_feeds(revm_world)), MILLION)
    to_health(target, FLOOR)
    price = revm_world.price("WETH")
    for misread in (MISREAD, Fraction(25, 100)):
        assert misread < 1 - 1 / FLOOR
        revm_world.set_price("WETH", price * (1 - misread), arbitrage=False)
        assert liquidation(target) == HEALTHY
    revm_world.set_price("WETH", price * (1 / FLOOR) * Fraction(99, 100), arbitrage=False)
    assert liquidation(target) == ""


@pytest.mark.long
def test_lender_misreads_and_liquidates_a_daring_vault(revm_world: World) -> None:
    target = at_work(daring(revm_world, **own_feeds(revm_world)), MILLION)
    assert liquidation(target) == HEALTHY
    revm_world.set_price("WETH", 2_000 * (1 - MISREAD), arbitrage=False)
    assert liquidation(target) == ""


# ── a crash within the assumption ──────────────────────────────────────────────────────────


def test_crash(revm_world: World) -> None:
    """From the worst state that is left as it is, the whole fall that the strategy assumes of an hour, and an hour's
    interest: nobody can liquidate, and the keeper restores the loan."""
    target = at_work(vault(revm_world, "eth_carry"), MILLION)
    to_health(target, TRIGGER)
    revm_world.arbitrage()
    assert target.call("deleverage_aave_due") is False
    revm_world.warp(3_600, refresh=True)
    revm_world.set_price("WETH", revm_world.price("WETH") * Fraction(80, 100))
    assert liquidation(target) == HEALTHY
    target.run("deleverage_aave")
    assert revm_world.aave.account(target.address).health >= 179 * 10**16


def test_crash_liquidates_a_daring_vault(revm_world: World) -> None:
    target = at_work(daring(revm_world), MILLION)
    revm_world.set_price("WETH", 1_600)
    assert liquidation(target) == ""


# ── a debt that becomes dear ───────────────────────────────────────────────────────────────


def lend_out(world: World) -> None:
    """All dollars are borrowed, at 4,000% a year: the carry assumes 60%."""
    world.aave.set_rate(world.usdc, 4_000)
    world.aave.borrow(world.whale, world.usdc, world.usdc.balance(world.aave.reserve(world.usdc).a_token.address))


def test_rate_shock(revm_world: World) -> None:
    """From the worst state that is left as it is, an hour at sixty times the assumed rate and the whole assumed fall:
    nobody can liquidate, the keeper repays though nothing is left to borrow, and who made it so has paid the same."""
    target = at_work(vault(revm_world, "eth_carry"), MILLION)
    to_health(target, TRIGGER)
    revm_world.arbitrage()
    lend_out(revm_world)
    debtors = target.address, revm_world.whale
    before = [revm_world.aave.owed(one, revm_world.usdc) for one in debtors]
    revm_world.warp(3_600, refresh=True)
    dearer = [
        Fraction(revm_world.aave.owed(one, revm_world.usdc), owed) for one, owed in zip(debtors, before, strict=True)
    ]
    assert dearer[0] == pytest.approx(dearer[1], rel=1e-9)
    assert dearer[0] > 1 + Fraction(4_000, 100 * 366 * 24)
    revm_world.set_price("WETH", revm_world.price("WETH") * Fraction(80, 100))
    assert liquidation(target) == HEALTHY
    target.run("deleverage_aave")
    assert revm_world.aave.account(target.address).health >= 179 * 10**16


def test_rate_shock_liquidates_a_daring_vault(revm_world: World) -> None:
    target = at_work(daring(revm_world), MILLION)
    to_health(target, Fraction(1_001, 1_000))  # its floor
    lend_out(revm_world)
    assert liquidation(target) == HEALTHY
    revm_world.warp(3_600, refresh=True)
    assert liquidation(target) == ""


# ── governance moves the parameters ────────────────────────────────────────────────────────


def test_governance_takes_the_loan_to_value(revm_world: World) -> None:
    """LTV 0 with the threshold unchanged, as Aave did in January 2026: nobody can liquidate, the keeper repays all the
    same, and the exit sells everything. Nothing was proved of such terms: the vault is guarded, whoever accepts prices,
    so that nobody is priced in or out of it, and users leave with their part of everything."""
    target = at_work(vault(revm_world, "eth_carry"), MILLION)
    revm_world.aave.set_collateral(revm_world.weth, 0, 8_250)
    assert liquidation(target) == HEALTHY
    revm_world.set_price("WETH", 1_400)
    target.run("deleverage_aave")
    assert revm_world.aave.account(target.address).health >= 179 * 10**16
    user = revm_world.users[0]
    target.accept_prices()
    for call in (("deposit", 10**6, user), ("redeem", 10**18, user, user)):
        with pytest.raises(Reverted, match="mode: guarded"):
            target.contract.send(*call, sender=user)
    assert target.contract.send("redeem_unwound", 10**18, user, user, 0, sender=user).value > 0
    revm_world.set_price("WETH", 2_600)
    target.accept_prices()
    before = target.state()
    with pytest.raises(Reverted, match="mode: guarded"):
        target.run("rebalance")
    assert target.state() == before
    target.contract.send("emergency_exit", sender=target.guardian)
    assert revm_world.aave.owed(target.address, revm_world.usdc) == 0


def test_governance_lowers_the_threshold(revm_world: World) -> None:
    """At the floor the loan bears a threshold of 82.5% / 1.35, and no less."""
    target = at_work(vault(revm_world, "eth_carry"), MILLION)
    to_health(target, FLOOR)
    least = Fraction(8_250) / FLOOR
    revm_world.aave.set_collateral(revm_world.weth, 5_000, int(least) + 1)
    assert liquidation(target) == HEALTHY
    revm_world.aave.set_collateral(revm_world.weth, 5_000, int(least) - 1)
    assert liquidation(target) == ""


def test_governance_lowers_the_threshold_and_liquidates_a_daring_vault(revm_world: World) -> None:
    target = at_work(daring(revm_world), MILLION)
    revm_world.aave.set_collateral(revm_world.weth, 9_000, 9_200, 10_100)
    assert liquidation(target) == ""


def test_governance_cannot_be_moved_into(revm_world: World) -> None:
    """A vault is not deployed beside parameters that differ from what was proved."""
    revm_world.aave.set_collateral(revm_world.weth, 0, 8_250)
    with pytest.raises(Reverted, match="aave_v3: loan-to-value differs"):
        deploy(revm_world, strategy("eth_carry"))


def test_a_liquidation_is_not_hidden(revm_world: World) -> None:
    """What a liquidator took is out of the price of a share at once."""
    target = at_work(vault(revm_world, "eth_carry"), MILLION)
    to_health(target, Fraction(98, 100))
    world, liquidator = revm_world, revm_world.users[4]
    prices = {"USDC": Fraction(1), "WETH": world.price("WETH")}
    before = true_assets(target, prices)
    world.usdc.provide(liquidator, world.aave.pool, MILLION)
    world.aave.liquidate(liquidator, target.address, world.weth, world.usdc)
    assert true_assets(target, prices) < before
    assert target.call("totalAssets") == pytest.approx(true_assets(target, prices), abs=4)
