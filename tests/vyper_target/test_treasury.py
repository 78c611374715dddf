"""Treasury: no debt, no swap, a venue that may not pay at once."""

from __future__ import annotations

import pytest

from lab.chain import Reverted
from vyper_target.vaults import USD, USDC, Deployed


@pytest.fixture
def settled(treasury: Deployed) -> Deployed:
    treasury.deposit(treasury.world.users[0], 60_000 * USDC)
    treasury.deposit(treasury.world.users[1], 40_000 * USDC)
    treasury.run("rebalance")
    return treasury


def test_every_dollar_goes_where_it_should(settled: Deployed) -> None:
    for position, target in {"aave_collateral_usdc": 0.55, "save": 0.25, "idle_usdc": 0.20}.items():
        assert settled.weight(position) == pytest.approx(target, abs=1e-6)
    assert settled.call("settled") is True
    assert settled.state()["nav"] == pytest.approx(100_000 * USD, abs=10 * 10**12)


def test_the_exit_needs_no_price_at_all(settled: Deployed) -> None:
    settled.world.warp(2 * 86_400)
    settled.contract.send("emergency_exit", sender=settled.guardian)
    assert settled.world.usdc.balance(settled.address) >= 100_000 * USDC - 5


def test_the_exit_takes_what_a_venue_can_pay_and_the_rest_later(settled: Deployed) -> None:
    world, (early, late) = settled.world, settled.world.users[:2]
    world.save.limit_liquidity(5_000 * USDC)
    settled.contract.send("emergency_exit", sender=settled.guardian)
    first = world.usdc.balance(settled.address)
    assert first == pytest.approx(80_000 * USDC, abs=10)
    shares = settled.call("balanceOf", early)
    assert settled.call("maxRedeem", early) == 0  # nobody gives up a part of the rest by mistake
    with pytest.raises(Reverted, match="mode: redeem in kind"):
        settled.contract.send("redeem", shares, early, early, sender=early)
    settled.contract.send("redeem_in_kind", shares, early, early, 0, sender=early)
    assert world.usdc.balance(early) == pytest.approx(48_000 * USDC, abs=10)
    assert world.save.value(early) == pytest.approx(12_000 * USDC, abs=10)
    world.save.limit_liquidity(None)
    settled.contract.send("emergency_exit", sender=settled.guardian)
    shares = settled.call("balanceOf", late)
    got = settled.contract.send("redeem", shares, late, late, sender=late).value
    assert got == pytest.approx(40_000 * USDC, abs=10)


def test_a_paused_reserve_does_not_hold_up_the_exit(settled: Deployed) -> None:
    world = settled.world
    world.aave.configurator.send("setReservePause", world.usdc, True)
    settled.contract.send("emergency_exit", sender=settled.guardian)
    assert world.usdc.balance(settled.address) == pytest.approx(45_000 * USDC, abs=10)


def test_a_rule_that_cannot_be_paid_reverts_whole(settled: Deployed) -> None:
    world = settled.world
    settled.world.save.gain(world.save.total_assets() // 2)
    assert settled.call("rebalance_due") is True
    world.save.limit_liquidity(0)
    before = settled.state()
    with pytest.raises(Reverted):
        settled.run("rebalance")
    assert settled.state() == before
