"""Perp v2 in the laboratory: its defaults, what was measured of it before, and where its own guards bite."""

from __future__ import annotations

import pytest

from lab.chain import Reverted
from lab.perp import HISTORY, ONE, STEP_TICKS, TWAP, PerpLab, deploy_perp
from lab.world import World, with_perp
from venues.perp_beside import prices_of

DOLLAR = 10**6


@pytest.fixture
def shallow(revm_world: World) -> PerpLab:
    """A market of 1,000 ether at 3,000 dollars each, with one fee of 0.3%, that nobody has traded in."""
    revm_world.set_price("WETH", 3_000)
    lab = deploy_perp(
        revm_world.chain, revm_world.admin, revm_world.usdc, revm_world.feeds["WETH"], revm_world.uniswap, fee=3_000
    )
    lab.deposit(revm_world.whale, 10**9 * DOLLAR)
    return lab


def short_of_three(world: World) -> tuple[PerpLab, str]:
    """Somebody with 10,000 dollars of margin is short three ether."""
    lab, user = world.perp, world.users[0]
    lab.deposit(user, 10_000 * DOLLAR)
    lab.short(user, 3 * ONE)
    return lab, user


def test_the_defaults_are_those_of_the_package(perp_world: World) -> None:
    config = perp_world.perp.config
    assert (config.call("getImRatio"), config.call("getMmRatio")) == (100_000, 62_500)
    assert (config.call("getMaxFundingRate"), config.call("getLiquidationPenaltyRatio")) == (100_000, 25_000)
    assert (config.call("getTwapInterval"), config.call("getMarkPriceConfig")) == (900, (1_800, 900))


def test_a_fill_is_not_the_mark(shallow: PerpLab, revm_world: World) -> None:
    user, whale = revm_world.users[0], revm_world.whale
    with pytest.raises(Reverted, match="OLD"):
        shallow.provide(whale, 1_000 * ONE, 3_000_000 * ONE)
    shallow.average()
    shallow.provide(whale, 1_000 * ONE, 3_000_000 * ONE)
    shallow.deposit(user, 10_000 * DOLLAR)
    with pytest.raises(Reverted, match="CH_TLRS"):
        shallow.short(user, 3 * ONE, least=9_000 * ONE)
    base, quote = shallow.short(user, 3 * ONE).value
    assert (base, quote) == (3 * ONE, shallow.position(user).notional)
    assert quote // 10**16 == 894_616  # at the mark of before it would be 9,000


def test_funding_follows_averages_and_not_time(perp_world: World) -> None:
    """An index 4% above the pool: a short pays for the average premium, over all the time since it was settled."""
    lab, user = short_of_three(perp_world)
    perp_world.warp(60)
    perp_world.set_price("WETH", 2_080, arbitrage=False)
    lab.settle_index()
    assert lab.funding(user) < ONE // 1_000
    paid = []
    for seconds in (420, 480, 2_640):
        perp_world.warp(seconds, refresh=True)
        paid.append(lab.funding(user))
    premium = 80 * 3 * ONE // 86_400  # a second
    assert 0 < paid[0] < 480 * premium // 2 + premium  # 420 of 900 seconds count, for all of them
    assert paid[1] == pytest.approx(960 * premium, rel=0.01)
    assert paid[2] == pytest.approx(3_600 * premium, rel=0.01)
    assert lab.value(user) < 10_000 * DOLLAR - paid[2] // 10**12


def test_funding_is_capped(perp_world: World) -> None:
    """However far the pool is from the index, a day costs a tenth of the position at the index."""
    lab, user = short_of_three(perp_world)
    perp_world.warp(60)
    perp_world.set_price("WETH", 3_000, arbitrage=False)
    lab.settle_index()
    perp_world.warp(HISTORY, refresh=True)
    assert lab.funding(user) == pytest.approx(900 * ONE * (HISTORY + 60) // 86_400, rel=0.001)
    perp_world.warp(86_400, refresh=True)
    assert lab.funding(user) == pytest.approx(900 * ONE * (86_400 + HISTORY + 60) // 86_400, rel=0.001)


def test_funding_is_booked_late(perp_world: World) -> None:
    """The premium of a quarter of an hour counts for all the time in which nobody traded, be it a day."""
    lab, user = short_of_three(perp_world)
    perp_world.warp(86_400, refresh=True)
    assert abs(lab.funding(user)) < 2 * ONE
    perp_world.set_price("WETH", 2_200, arbitrage=False)
    lab.settle_index()
    perp_world.warp(900, refresh=True)
    assert lab.funding(user) > 500 * ONE  # a twelfth of the position, in a quarter of an hour


def test_the_mark_is_the_median_of_pool_average_and_index(perp_world: World) -> None:
    lab = perp_world.perp
    perp_world.warp(60)
    perp_world.set_price("WETH", 2_200, arbitrage=False)  # the index alone: pool and its average are two of three
    assert lab.mark() == prices_of(lab).mark()
    assert lab.mark() == pytest.approx(2_000 * ONE, rel=0.001)
    perp_world.arbitrage()  # the pool too: now the average of half an hour is the odd one out
    assert lab.mark() == pytest.approx(2_200 * ONE, rel=0.01)


def test_trades_too_far_from_the_index_are_refused(perp_world: World) -> None:
    lab, user = short_of_three(perp_world)
    perp_world.warp(60)
    perp_world.set_price("WETH", 1_780, arbitrage=False)
    with pytest.raises(Reverted, match="EX_OPB"):
        lab.close(user)  # buying, where the pool is 12% above the index already
    with pytest.raises(Reverted, match="EX_MTCLOOR"):
        lab.exchange.send("setMaxTickCrossedWithinBlock", lab.base, STEP_TICKS + 1, sender=lab.admin)


def test_a_short_without_margin_is_liquidated_and_cannot_be_closed(perp_world: World) -> None:
    lab, user, liquidator = perp_world.perp, perp_world.users[0], perp_world.users[1]
    lab.deposit(liquidator, 10**6 * DOLLAR)
    lab.deposit(user, 10_000 * DOLLAR)
    lab.short(user, 40 * ONE)
    with pytest.raises(Reverted, match="CH_EAV"):
        lab.liquidate(liquidator, user)
    for price in (2_075, 2_150):
        perp_world.warp(60)
        perp_world.set_price("WETH", price)
    assert lab.value(user) * 10**12 < lab.required(user)
    with pytest.raises(Reverted, match="CH_NEFCM"):
        lab.cover(user, ONE)
    penalty = lab.value(user)
    lab.liquidate(liquidator, user)
    assert lab.position(user).size == -20 * ONE  # half: the value was more than half of what is required
    assert penalty - lab.value(user) == pytest.approx(20 * 2_150 * DOLLAR * 0.025, rel=0.001)


@pytest.mark.anvil
def test_the_same_story_on_anvil(perp_world: World, anvil_world: World) -> None:
    """The same numbers, and gas."""
    gas = {}
    told = []
    for world in (perp_world, with_perp(anvil_world)):
        lab, user = world.perp, world.users[0]
        lab.deposit(user, 10_000 * DOLLAR)
        gas["short"] = lab.short(user, 2 * ONE).gas_used
        world.warp(60)
        world.set_price("WETH", 2_100)
        told.append((lab.value(user), lab.mark(), lab.position(user), lab.free(user)))
        gas["cover"] = lab.cover(user, 2 * ONE).gas_used
        lab.withdraw(user, lab.free(user))
        told.append((world.usdc.balance(user), lab.value(user)))
    assert told[:2] == told[2:]
    assert 500_000 < (gas["short"] or 0) < 900_000
    assert 400_000 < (gas["cover"] or 0) < 900_000


def test_a_fall_that_nobody_takes_into_the_averages_stops_what_reads_them(perp_world: World) -> None:
    """The feed's price is a tenth lower for more than ten times the interval, and nobody has told the index: what it
    would take off for the time before is more than all it has. Whoever acts on an account tells the index first.
    """
    lab, user = short_of_three(perp_world)
    world, feed = perp_world, perp_world.feeds["WETH"]
    world.warp(60)
    feed.set_raw(answer=feed.contract.call("latestAnswer") * 9 // 10, updated_at=world.chain.timestamp())
    world.warp(10 * TWAP + 60)
    for asked in (lambda: lab.index(TWAP), lambda: lab.value(user), lambda: lab.free(user)):
        with pytest.raises(Reverted, match="subtraction overflow"):
            asked()
    lab.withdraw(user, DOLLAR)
    assert lab.value(user) > 0
