"""The venues behave as measured: the numbers that the models of the compiler are held to."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from lab.aave import ACCOUNT_USD, AaveAsset, AaveLab, deploy_aave
from lab.chain import Chain, Reverted
from lab.feed import Feed, deploy_feed
from lab.tokens import Token, deploy_usdc, deploy_weth
from lab.uniswap import deploy_uniswap
from lab.world import World

HEALTH = 10**18
DAY = 24 * 3_600


@pytest.fixture
def loan(chain: Chain) -> tuple[AaveLab, Token, Token, Feed]:
    """10 WETH at 3,000 USD against 20,000 USDC, at LTV 80.5% and threshold 83%."""
    admin, user, whale = chain.accounts[:3]
    usdc, weth = deploy_usdc(chain, admin), deploy_weth(chain, admin)
    eth_usd = deploy_feed(chain, admin, "ETH / USD", 3_000)
    usdc_usd = deploy_feed(chain, admin, "USDC / USD", 1)
    aave = deploy_aave(
        chain, admin, [AaveAsset(weth, eth_usd, 8_050, 8_300, True), AaveAsset(usdc, usdc_usd, 0, 0, True)]
    )
    aave.seed(whale, usdc, usdc.units(1_000_000))
    aave.seed(user, weth, weth.units(10))
    aave.borrow(user, usdc, usdc.units(20_000))
    return aave, weth, usdc, eth_usd


def test_aave_health_and_liquidation_as_measured(chain: Chain, loan: tuple[AaveLab, Token, Token, Feed]) -> None:
    aave, weth, usdc, eth_usd = loan
    user, liquidator = chain.accounts[1], chain.accounts[3]
    assert aave.account(user).health == HEALTH * 1_245 // 1_000
    eth_usd.set(2_400)
    assert aave.account(user).health == HEALTH * 996 // 1_000
    eth_usd.set(2_390)
    assert aave.account(user).health == HEALTH * 99_185 // 100_000

    usdc.provide(liquidator, aave.pool, usdc.units(20_000))
    aave.liquidate(liquidator, user, weth, usdc)
    assert usdc.balance(liquidator) == usdc.units(10_000)  # half the debt: health is above 0.95
    seized = weth.balance(liquidator)
    assert seized == pytest.approx(10_500 / 2_390 * 10**18, rel=1e-9)
    assert round(seized / 10**18, 4) == 4.3933
    assert round(aave.account(user).health / HEALTH, 4) == 1.1122


def test_aave_refuses_by_number(chain: Chain, loan: tuple[AaveLab, Token, Token, Feed]) -> None:
    aave, weth, usdc, _ = loan
    user = chain.accounts[1]
    with pytest.raises(Reverted) as borrowing:
        aave.borrow(user, usdc, usdc.units(4_151))  # 80.5% of 30,000 is 24,150
    assert borrowing.value.reason == "36"
    with pytest.raises(Reverted) as withdrawing:
        aave.withdraw(user, weth, weth.units(2))
    assert withdrawing.value.reason == "35"
    aave.freeze(usdc)
    with pytest.raises(Reverted) as frozen:
        aave.borrow(user, usdc, 1)
    assert frozen.value.reason == "28"
    aave.pause(weth)
    with pytest.raises(Reverted) as paused:
        aave.withdraw(user, weth, 1)
    assert paused.value.reason == "29"


def test_aave_caps_and_threshold_change_under_a_loan(chain: Chain, loan: tuple[AaveLab, Token, Token, Feed]) -> None:
    aave, weth, usdc, _ = loan
    user = chain.accounts[1]
    aave.set_caps(usdc, borrow=20_000)
    with pytest.raises(Reverted) as capped:
        aave.borrow(user, usdc, usdc.units(1))
    assert capped.value.reason == "50"
    aave.set_collateral(weth, 6_000, 6_500)
    assert aave.account(user).health == HEALTH * 975 // 1_000


def test_aave_interest_accrues_and_all_is_repaid(world: World) -> None:
    aave, usdc, weth, user = world.aave, world.usdc, world.weth, world.users[0]
    aave.seed(user, weth, weth.units(10))
    debt = usdc.units(10_000)
    aave.borrow(user, usdc, debt)
    # The rest of the market borrows too: interest depends on how much is lent out.
    aave.borrow(world.whale, usdc, usdc.units(400_000_000))
    world.warp(365 * DAY, refresh=True)
    owed = aave.owed(user, usdc)
    assert 1.02 < owed / debt < 1.021  # 4% at 80% lent out, so 2% at 40%, compounded
    usdc.provide(user, aave.pool, owed)
    assert aave.repay(user, usdc).value == owed
    assert aave.owed(user, usdc) == 0
    assert aave.withdraw(user, weth).event("Withdraw")["amount"] >= weth.units(10)
    assert aave.account(user).debt == 0


def test_uniswap_swap_is_what_the_quoter_says(world: World) -> None:
    pool, trader = world.pool, world.users[0]
    for token, amount in ((world.usdc, world.usdc.units(1_000_000)), (world.weth, world.weth.units(500))):
        quoted = pool.quote_in(token, amount)
        token.provide(trader, world.uniswap.router, 2 * amount)
        with pytest.raises(Reverted, match="Too little received"):
            pool.swap(trader, token, amount, quoted + 1)
        assert pool.swap(trader, token, amount, quoted).value == quoted
        world.arbitrage()


def test_a_million_dollars_slips_less_than_a_quarter_percent(world: World) -> None:
    for price in (500, 2_000, 8_000):
        world.set_price("WETH", price)
        into_usdc = world.pool.quote_in(world.weth, world.weth.units(Fraction(1_000_000, price)))
        assert into_usdc >= world.usdc.units(997_500)
        into_weth = world.pool.quote_in(world.usdc, world.usdc.units(1_000_000))
        assert Fraction(into_weth, 10**18) * price >= 997_500


def test_the_pool_follows_the_feeds(world: World) -> None:
    for weth, usdc in ((1_500, 1), (2_600, 1), ("2600.5", "0.985"), (2_000, 1)):
        world.set_price("WETH", weth, arbitrage=False)
        world.set_price("USDC", usdc)
        target = Fraction(weth) / Fraction(usdc)
        assert world.pool.price() == pytest.approx(target, rel=1e-12)
        assert world.aave.oracle.call("getAssetPrice", world.weth) == int(Fraction(weth) * ACCOUNT_USD)
    world.set_price("WETH", 1_000, arbitrage=False)
    assert world.pool.price() == pytest.approx(2_000, rel=1e-12)


def test_pool_prices_do_not_depend_on_token_order(chain: Chain) -> None:
    admin, trader = chain.accounts[:2]
    weth, usdc = deploy_weth(chain, admin), deploy_usdc(chain, admin)
    uniswap = deploy_uniswap(chain, admin, weth)
    for base, quote, fee, price in ((weth, usdc, 500, 2_000), (usdc, weth, 3_000, Fraction(1, 2_000))):
        pool = uniswap.create_pool(base, quote, fee, price)
        pool.add_liquidity(admin, base.units(1 / Fraction(price) * 10**6), quote.units(10**6))
        for target in (Fraction(price) * 2, Fraction(price) / 2):
            pool.move_to(target, trader)
            assert pool.price() == pytest.approx(target, rel=1e-12)


def test_twap_is_ready_after_its_window(world: World) -> None:
    world.set_price("WETH", 1_900)  # the first swap after the room for observations was made
    world.warp(1_800)
    cumulative, _ = world.pool.contract.call("observe", [1_800, 0])
    mean_tick = (cumulative[1] - cumulative[0]) // 1_800
    price = 1.0001**mean_tick
    quote_per_base = (price if world.pool.base_is_token0 else 1 / price) * 10**12
    assert quote_per_base == pytest.approx(1_900, rel=2e-4)


def test_savings_vault_deposit_gain_lose_withdraw(world: World) -> None:
    save, usdc, user = world.save, world.usdc, world.users[0]
    shares = save.seed(user, usdc.units(1_000_000)).value
    assert shares == usdc.units(1_000_000)
    save.gain(usdc.units(20_000))
    assert save.value(user) == pytest.approx(usdc.units(1_010_000), abs=2)
    save.lose(usdc.units(30_000))
    assert save.value(user) == pytest.approx(usdc.units(995_000), abs=2)
    with pytest.raises(Reverted, match=r"Panic\(0x11\)"):
        save.contract.call("convertToShares", 2**256 - 1)
    save.withdraw(user, usdc.units(500_000))
    assert usdc.balance(user) == usdc.units(500_000)


def test_savings_vault_short_of_liquidity(world: World) -> None:
    save, usdc, user = world.save, world.usdc, world.users[0]
    save.seed(user, usdc.units(1_000))
    save.limit_liquidity(usdc.units(100))
    assert save.contract.call("maxWithdraw", user) == usdc.units(100)
    with pytest.raises(Reverted, match="ERC4626ExceededMaxWithdraw"):
        save.withdraw(user, usdc.units(100) + 1)
    save.withdraw(user, usdc.units(60))
    assert save.contract.call("maxWithdraw", user) == usdc.units(40)
    save.limit_liquidity(None)
    assert save.contract.call("maxWithdraw", user) == usdc.units(940)


def test_feed_can_be_made_stale_and_odd(world: World) -> None:
    feed = world.feeds["WETH"]
    start = feed.updated_at()
    world.warp(2 * DAY)
    assert feed.updated_at() == start
    world.refresh_feeds()
    assert feed.updated_at() == start + 2 * DAY == world.chain.timestamp()
    assert feed.price() == 2_000
    feed.set_raw(answer=-1, updated_at=0, answered_in=0)
    round_id, answer, _, updated_at, answered_in = feed.contract.call("latestRoundData")
    assert (answer, updated_at) == (-1, 0)
    assert answered_in < round_id
    with pytest.raises(Reverted, match="not the owner"):
        feed.contract.send("set_answer", 1, sender=world.users[0])


def test_aave_needs_feeds_with_eight_decimals(revm_chain: Chain) -> None:
    admin = revm_chain.accounts[0]
    feed = deploy_feed(revm_chain, admin, "USDC / ETH", "0.0005", decimals=18)
    with pytest.raises(ValueError, match="8 decimals"):
        deploy_aave(revm_chain, admin, [AaveAsset(deploy_usdc(revm_chain, admin), feed, 0, 0, True)])


def _numbers(args: dict[str, Any]) -> dict[str, Any]:
    # Addresses differ: pyrevm counts no nonce for calls, so what is deployed after one lands elsewhere.
    return {name: value for name, value in args.items() if not isinstance(value, str)}


def _story(world: World) -> list[object]:
    """A year in which something happens at every venue; what it leaves behind, to the last unit."""
    user, usdc, weth, aave = world.users[0], world.usdc, world.weth, world.aave
    aave.seed(user, weth, weth.units(100))
    receipts = [aave.borrow(user, usdc, usdc.units(50_000))]
    aave.borrow(world.whale, usdc, usdc.units(300_000_000))
    usdc.approve(user, world.uniswap.router)
    receipts.append(world.pool.swap(user, usdc, usdc.units(20_000)))
    usdc.approve(user, world.save.contract)
    receipts.append(world.save.deposit(user, usdc.units(30_000)))
    world.set_price("WETH", "1650.55")
    world.warp(100 * DAY, refresh=True)
    world.save.lose(usdc.units(7))
    receipts.append(world.save.withdraw(user, usdc.units(12_345)))
    usdc.approve(user, aave.pool)
    receipts.append(aave.repay(user, usdc, usdc.units(12_345)))
    events = [(event.name, _numbers(event.args)) for receipt in receipts for event in receipt.events()]
    return [aave.account(user), aave.owed(user, usdc), world.save.value(user), world.pool.price(), events]


@pytest.mark.anvil
def test_both_backends_tell_the_same_story(revm_world: World, anvil_world: World) -> None:
    for here, there in zip(_story(revm_world), _story(anvil_world), strict=True):
        assert here == there
