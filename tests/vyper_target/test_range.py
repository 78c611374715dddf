"""FeeRange beside Uniswap's own pool and position manager: where it lies, what it is worth, how it is left."""

from __future__ import annotations

from fractions import Fraction

import pytest

from lab.chain import Reverted
from lab.uniswap import NEVER
from lab.world import World
from stratc_targets.venues.uniswap_v3_lp.places import around, ends_in_base
from vyper_target.vaults import USD, USDC, Deployed, deploy, example

pytestmark = pytest.mark.long  # it takes longer to compile than to ask


@pytest.fixture
def settled(revm_world: World) -> Deployed:
    """Two users in, allocated."""
    vault = deploy(revm_world, example("fee_range"))
    vault.deposit(revm_world.users[0], 1_000_000 * USDC)
    vault.deposit(revm_world.users[1], 500_000 * USDC)
    vault.run("rebalance")
    return vault


def position(vault: Deployed) -> tuple[int, int, int]:
    """Its ticks and its liquidity, as the manager has them."""
    lower, upper, liquidity = vault.world.uniswap.positions.call("positions", vault.call("position_pool"))[5:8]
    return lower, upper, liquidity


def both(world: World, holder: object) -> tuple[int, int]:
    return world.weth.balance(str(holder)), world.usdc.balance(str(holder))


def test_it_lies_around_the_price_of_the_day_and_stays_there(settled: Deployed) -> None:
    world = settled.world
    first = world.pool.base_is_token0
    ticks = around(2_000 * USD * 10**6, USD * 10**18, Fraction(1, 2), Fraction(2), 10, first)
    assert position(settled)[:2] == ticks
    assert settled.call("range_pool") == (*ticks, *ends_in_base(*ticks, first))
    low, high = (root * root * 10**12 / 2**192 for root in ends_in_base(*ticks, first))
    assert 998 < low <= 1_000
    assert 4_000 <= high < 4_005
    world.set_price("WETH", 2_200)
    settled.run("harvest_pool")
    assert position(settled)[:2] == ticks


def test_tokens_without_a_pool_are_refused(revm_world: World) -> None:
    with pytest.raises(Reverted, match="no pool"):
        deploy(revm_world, example("fee_range"), token_weth=revm_world.save)


def test_a_rebalance_brings_the_range_to_its_target(settled: Deployed) -> None:
    assert settled.weight("pool") == pytest.approx(0.5, abs=0.001)
    assert settled.call("settled") is True
    assert settled.world.weth.balance(settled.address) == 0
    for token in (settled.world.usdc, settled.world.weth):
        for spender in (settled.world.uniswap.positions, settled.world.uniswap.router):
            assert token.contract.call("allowance", settled, spender) == 0


def test_nav_knows_nothing_of_the_price_in_the_pool(settled: Deployed) -> None:
    """Whoever moves it can make nobody pay too much or too little, and rules wait until it is back."""
    world, nav = settled.world, settled.state()["nav"]
    settled.deposit(world.users[2], 500_000 * USDC)  # so that something is to be done
    nav += 500_000 * USD
    for price in (1_000, 1_984, 2_016, 3_000):
        world.pool.move_to(price, world.arbitrageur)
        assert settled.state()["nav"] == nav
        with pytest.raises(Reverted, match="pool off its oracle"):
            settled.run("harvest_pool")
    for price, why in ((1_000, "pool off its oracle"), (3_000, "Too little received")):
        world.pool.move_to(price, world.arbitrageur)
        with pytest.raises(Reverted, match=why):
            settled.run("rebalance")
    world.arbitrage()
    settled.run("harvest_pool")
    settled.run("rebalance")


def test_fees_are_no_part_of_nav_until_they_are_fetched(settled: Deployed) -> None:
    world, nav = settled.world, settled.state()["nav"]
    for token, whole in ((world.weth, 25_000), (world.usdc, 50_000_000)):
        token.provide(world.arbitrageur, world.uniswap.router, token.units(whole))
        world.pool.swap(world.arbitrageur, token, token.units(whole))
    world.arbitrage()
    assert settled.state()["nav"] == nav
    before = settled.state()["idle_usdc"]
    settled.run("harvest_pool")
    earned = settled.state()["idle_usdc"] - before
    # Of 50,000 dollars in fees the range's part is its share of all liquidity at the price.
    share = position(settled)[2] / world.pool.contract.call("liquidity")
    assert earned / USDC == pytest.approx(50_000 * share, rel=0.05)
    assert settled.state()["nav"] - nav == pytest.approx(earned * 10**12, rel=1e-3)


def test_a_part_in_kind_is_that_of_the_liquidity_and_no_fees(settled: Deployed) -> None:
    world, user = settled.world, settled.world.users[0]
    usdc = world.usdc
    usdc.provide(world.arbitrageur, world.uniswap.router, usdc.units(50_000_000))
    world.pool.swap(world.arbitrageur, usdc, usdc.units(50_000_000))
    liquidity, held = position(settled)[2], both(world, settled.address)
    shares = settled.call("balanceOf", user)
    part = Fraction(shares, settled.call("totalSupply") + 10**12)
    settled.contract.send("redeem_in_kind", shares, user, user, 0, sender=user)
    assert liquidity - position(settled)[2] == int(liquidity * part)
    weth, dollars = both(world, user)
    assert weth > 0
    assert both(world, settled.address) == (held[0], held[1] - int(held[1] * part))
    # What is left behind: the rest of the liquidity, and all fees.
    settled.contract.send("emergency_exit", sender=settled.guardian)
    assert position(settled)[2] == 0
    worth = weth * 2_000 // 10**12 + dollars
    assert worth == pytest.approx(1_000_000 * USDC, rel=0.01)


def test_a_pool_that_is_off_holds_up_no_exit(settled: Deployed) -> None:
    world = settled.world
    world.pool.move_to(world.pool.price() * Fraction(98, 100), world.arbitrageur)
    # All comes out of the pool, and then nothing is sold in it: 2% is less than the feeds say by more than is allowed.
    settled.contract.send("emergency_exit", sender=settled.guardian)
    assert settled.call("mode") == 3
    assert position(settled)[2] == 0
    world.arbitrage()
    settled.contract.send("emergency_exit", sender=settled.guardian)
    assert settled.call("mode") == 2


def test_a_position_that_was_emptied_is_filled_again(settled: Deployed) -> None:
    world, number, manager = settled.world, settled.call("position_pool"), settled.world.uniswap.positions
    present = world.usdc.units(500_000), world.weth.units(250)
    for token, amount in zip((world.usdc, world.weth), present, strict=True):
        token.provide(world.whale, manager, amount)
    ordered = present[::-1] if world.pool.base_is_token0 else present
    manager.send("increaseLiquidity", (number, *ordered, 0, 0, NEVER), sender=world.whale)
    settled.run("unwind_pool")
    assert position(settled)[2] == 0
    settled.run("rebalance")
    assert settled.call("position_pool") == number
    assert manager.call("ownerOf", number) == settled.address
    assert settled.weight("pool") == pytest.approx(0.5, abs=0.001)
