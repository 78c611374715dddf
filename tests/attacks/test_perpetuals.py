"""Attacks on a short at Perp v2: its funding, its account and its market, in the hands of others."""

from __future__ import annotations

from fractions import Fraction

import pytest

from attacks.targets import NO_CONSERVATION, NO_TRY, shares, vault, without
from lab.chain import Reverted
from lab.perp import FULL_RANGE, ONE, TWAP
from lab.world import World, with_perp
from mutations.change import BOOK, Change
from vyper_target.vaults import USDC, Deployed

pytestmark = pytest.mark.long

NAME = "short_ether"
HOUR, DAY = 3_600, 86_400
THOUSAND = 1_000 * USDC
ROUNDING = 4

BOOKED_ONLY = (Change("contracts/perp_v2.vy", " + owed - funding\n", " + owed\n"),)
"""Funding counts once it is booked."""

ANY_FILL = tuple(
    Change("contracts/perp_v2.vy", f"max({bound} * at.scale, 1))", f"{most})")
    for bound, most in (("least", "1"), ("most", "max_value(uint256)"))
)
"""Trades at Perp at any price."""

EVER_OPEN = (Change("contracts/perp_v2.vy", " + convert(not staticcall BaseToken(at.base).isOpen(), uint256)\n", "\n"),)
"""A market counts as open, whether it is or not."""

NO_HEDGE = (
    Change(BOOK, "not self._in_band(s) or not self._hedged(s)", "not self._in_band(s)"),
    Change(BOOK, " and self._hedged(s) and not self._when_rebalance(s)", " and not self._when_rebalance(s)"),
)
"""A delta outside its band is no reason to do anything."""


@pytest.fixture
def world(roomy_world: World) -> World:
    """With Perp v2 in it."""
    return with_perp(roomy_world)


# ── what there is ──────────────────────────────────────────────────────────────────────────


def equity(target: Deployed) -> Fraction:
    """The account's worth by Perp's own books and the price of the feed, in smallest units of USDC; may be negative."""
    lab, me = target.world.perp, target.address
    position = lab.position(me)
    paid = Fraction(lab.owed(me) - lab.funding(me) + position.notional, 10**12) + lab.balance(me)
    return paid + position.size * target.world.price("WETH") / 10**12


def worth(target: Deployed) -> Fraction:
    """All that a vault has, in smallest units of USDC, by the books of tokens and Perp."""
    world, me = target.world, target.address
    return world.weth.balance(me) * world.price("WETH") / 10**12 + world.usdc.balance(me) + equity(target)


def delta(target: Deployed) -> Fraction:
    """Of nav."""
    world, me = target.world, target.address
    exposed = world.weth.balance(me) + world.perp.position(me).size
    return exposed * world.price("WETH") / 10**12 / worth(target)


def settled(target: Deployed) -> Deployed:
    """Two holders, allocated."""
    target.deposit(target.world.users[0], 100 * THOUSAND)
    target.deposit(target.world.users[1], 50 * THOUSAND)
    target.run("rebalance")
    target.world.arbitrage()
    assert target.call("settled")
    assert target.call("totalAssets") == pytest.approx(float(worth(target)), abs=ROUNDING)
    return target


def leaves_with(target: Deployed, left: Fraction) -> None:
    """The exit fetches all that is left, and both holders are paid their parts of it, to a hundredth."""
    one, other = target.world.users[:2]
    target.contract.send("emergency_exit", sender=target.guardian)
    assert target.call("mode") == 2
    paid = [target.contract.send("redeem", shares(target, who), who, who, sender=who).value for who in (one, other)]
    assert paid[0] == pytest.approx(2 * paid[1], abs=ROUNDING)
    assert sum(paid) >= left * 99 // 100


def moves(world: World, usd: int, seconds: int = 60) -> None:
    """Ether, with every pool after it."""
    world.warp(seconds, refresh=True)
    world.set_price("WETH", usd)


# ── funding ────────────────────────────────────────────────────────────────────────────────


def pushed_for_a_day(target: Deployed) -> Deployed:
    """The attacker holds Perp's pool 4% below its index, from where every short pays; nobody settles."""
    world = target.world
    for _ in range(8):
        world.perp.move_to(Fraction(1_920), world.arbitrageur)
        world.warp(3 * HOUR, refresh=True)
    assert world.perp.funding(target.address) > 0
    return target


def leaves_before_it_is_booked(target: Deployed) -> Fraction:
    """What a holder gets in dollars beyond his part of what the vault really has."""
    user, world = target.world.users[0], target.world
    most = target.call("maxRedeem", user)
    due = worth(target) * most / target.call("totalSupply")
    before = world.usdc.balance(user)
    target.contract.send("redeem", most, user, user, sender=user)
    return world.usdc.balance(user) - before - due


def test_funding_pushed(world: World) -> None:
    """What is pending counts at once: nobody leaves at the cost of those who will have paid it; and the account is as
    far from being liquidated as the day's tenth of the position, which Perp's cap leaves it."""
    target = settled(vault(world, NAME))
    before = worth(target)
    pushed_for_a_day(target)
    lost = before - worth(target)
    assert 0 < lost < before * 5 // 100
    assert leaves_before_it_is_booked(target) <= ROUNDING
    with pytest.raises(Reverted, match="CH_EAV"):
        world.perp.liquidate(world.users[3], target.address)


def test_funding_pushed_is_left_to_the_others_where_only_what_is_booked_counts(world: World) -> None:
    target = pushed_for_a_day(settled(without(world, NAME, BOOKED_ONLY)))
    assert leaves_before_it_is_booked(target) > 50 * USDC


# ── the short closed by somebody else ──────────────────────────────────────────────────────


def tipped(target: Deployed) -> Deployed:
    """A twenty-fifth of nav more ether is held than is short, as where somebody has closed as much of the short: no
    weight has left its band. Then ether falls by a fifth."""
    world = target.world
    world.weth.mint(target.address, int(worth(target) / 25 * 10**12 / world.price("WETH")))
    if target.call("rebalance_due"):
        target.run("rebalance")
        assert abs(delta(target)) <= Fraction(3, 100)
    moves(world, 1_600)
    return target


def test_short_that_lacks_a_part(world: World) -> None:
    """It is due at once, by nothing but the delta."""
    target = settled(vault(world, NAME))
    before = worth(target)
    assert worth(tipped(target)) >= before * Fraction(1_035, 1_000)


def test_short_that_lacks_a_part_leaves_a_vault_long_that_does_not_look_at_delta(world: World) -> None:
    target = settled(without(world, NAME, NO_HEDGE))
    before = worth(target)
    assert worth(tipped(target)) < before * Fraction(1_033, 1_000)


def unkept_rally(target: Deployed, to: int) -> None:
    """Far beyond what is assumed, and nobody keeps the vault."""
    world, price = target.world, 2_000
    while price < to:
        price = min(price * 107 // 100, to)
        moves(world, price)


def test_short_liquidated_in_part(world: World) -> None:
    """The penalty is in the price of a share at once; nobody comes in or leaves at it until the owner has looked."""
    target, lab, liquidator = settled(vault(world, NAME)), world.perp, world.users[3]
    lab.deposit(liquidator, 10**6 * USDC)
    unkept_rally(target, 3_200)
    short = lab.position(target.address).size
    with pytest.raises(Reverted, match="CH_EAV"):
        lab.liquidate(liquidator, target.address)
    unkept_rally(target, 3_400)
    before = worth(target)
    lab.liquidate(liquidator, target.address)
    assert short < lab.position(target.address).size < 0
    assert before * Fraction(95, 100) < worth(target) < before
    assert target.call("totalAssets") == pytest.approx(float(worth(target)), abs=ROUNDING)
    assert target.call("guarded")
    world.usdc.provide(liquidator, target.contract, USDC)
    with pytest.raises(Reverted, match="guarded"):
        target.contract.send("deposit", USDC, liquidator, sender=liquidator)
    assert target.call("maxRedeem", world.users[0]) == 0
    world.arbitrage()
    target.contract.send("accept_prices", sender=target.owner)
    target.run("rebalance")
    assert abs(delta(target)) <= Fraction(3, 100)
    assert target.call("settled")


def test_short_with_bad_debt(world: World) -> None:
    """The account is worth less than nothing, and then it is closed by others: what is idle pays all, in proportion."""
    target, lab, liquidator = settled(vault(world, NAME)), world.perp, world.users[3]
    one, other = world.users[:2]
    lab.deposit(liquidator, 10**8 * USDC)
    world.usdc.mint(lab.insurance.address, 10**8 * USDC)  # what is lost beyond the margin is the fund's
    unkept_rally(target, 4_200)
    assert equity(target) < 0
    idle = both(target)
    half = shares(target, one) // 2
    with pytest.raises(Reverted):  # his part of the cash does not buy back his part of the short
        target.contract.send("redeem_in_kind", half, one, one, 0, sender=one)
    for _ in range(6):
        if not lab.position(target.address).size:
            break
        lab.liquidate(liquidator, target.address)
        world.warp(60, refresh=True)
    assert lab.position(target.address).size == 0
    assert target.state()["perp_margin"] == 0
    assert target.state()["nav"] == pytest.approx(float(idle) * 10**12, rel=1e-6)
    target.contract.send("emergency_exit", sender=target.guardian)
    world.arbitrage()
    target.contract.send("emergency_exit", sender=target.guardian)
    assert target.call("mode") == 2
    paid = [
        target.contract.send("redeem", shares(target, user), user, user, sender=user).value for user in (one, other)
    ]
    assert paid[0] == pytest.approx(2 * paid[1], abs=ROUNDING)
    assert sum(paid) >= idle * 99 // 100


def both(target: Deployed) -> Fraction:
    """What is idle, in smallest units of USDC."""
    world, me = target.world, target.address
    return world.weth.balance(me) * world.price("WETH") / 10**12 + world.usdc.balance(me)


# ── the account, by strangers ──────────────────────────────────────────────────────────────


def test_account_is_nobody_elses(world: World) -> None:
    """Nobody trades or withdraws for the vault, liquidates what is safe, or closes what is open; margin that somebody
    puts in is a present."""
    target, lab, stranger = settled(vault(world, NAME)), world.perp, world.users[3]
    lab.deposit(stranger, 10**6 * USDC)
    before, position = worth(target), lab.position(target.address)
    params = (lab.base, False, False, ONE, 0, 2**63, 0, b"\0" * 32)
    for fn, args in (
        ("openPositionFor", (target.address, params)),
        ("closePosition", ((lab.base, 0, 0, 2**63, b"\0" * 32),)),
        ("liquidate(address,address)", (target.address, lab.base)),
        ("quitMarket", (target.address, lab.base)),
        ("settleAllFunding(address)", (target.address,)),
    ):
        with pytest.raises(Reverted):
            lab.house.send(fn, *args, sender=stranger)
    assert lab.position(target.address)[:2] == position[:2]
    assert worth(target) == pytest.approx(float(before), rel=1e-6)
    before = worth(target)
    world.usdc.provide(stranger, lab.vault, THOUSAND)
    lab.vault.send("depositFor", target.address, world.usdc, THOUSAND, sender=stranger)
    assert worth(target) == before + THOUSAND
    assert target.call("totalAssets") == pytest.approx(float(worth(target)), abs=ROUNDING)


# ── the market pushed while the vault trades ───────────────────────────────────────────────


def sandwich(target: Deployed, permille: int) -> Fraction:
    """The attacker pushes Perp's pool, the keeper allocates, the attacker lets it back: what the vault has lost."""
    world = target.world
    target.deposit(world.users[0], 100 * THOUSAND)
    before = worth(target)
    world.perp.move_to(world.price("WETH") * Fraction(permille, 1_000), world.arbitrageur)
    target.run("rebalance")
    world.perp.move_to(world.price("WETH"), world.arbitrageur)
    return before - worth(target)


def test_sandwich_of_a_short(world: World) -> None:
    """The fill is as far off as was proved at most, or there is none."""
    lost = sandwich(vault(world, NAME), 999)
    assert lost <= 100 * THOUSAND // 2 * (Fraction(3, 1_000) + Fraction(3, 1_000))


@pytest.mark.parametrize("permille", [990, 950])
def test_sandwich_of_a_short_that_takes_more(world: World, permille: int) -> None:
    with pytest.raises(Reverted, match="CH_TLRS"):
        sandwich(vault(world, NAME), permille)


def test_sandwich_of_a_short_robs_a_vault_that_takes_any_fill(world: World) -> None:
    lost = sandwich(without(world, NAME, (*ANY_FILL, *NO_CONSERVATION)), 950)
    assert lost > 100 * THOUSAND * 2 // 100


def test_leaver_pays_the_pool_himself(world: World) -> None:
    """Who leaves in kind while the pool is pushed buys back his part dearly, out of his own part of the cash."""
    target, user = settled(vault(world, NAME)), world.users[1]
    before, mine, supply = worth(target), shares(target, user), target.call("totalSupply")
    world.perp.move_to(Fraction(2_100), world.arbitrageur)
    had = world.usdc.balance(user)
    target.contract.send("redeem_in_kind", mine, user, user, 0, sender=user)
    got = world.usdc.balance(user) - had + world.weth.balance(user) * Fraction(2_000, 10**12)
    assert got < before * mine / supply * Fraction(99, 100)
    assert worth(target) >= before * (supply - mine) / supply - ROUNDING


# ── a market that stops ────────────────────────────────────────────────────────────────────


def test_market_that_stops(world: World) -> None:
    """The house is paused: the exit sells what is idle and leaves the account out; in kind all get their part of the
    rest, and who forgoes nothing is refused. Once it goes on the exit fetches the account, and all are paid alike."""
    target, lab = settled(vault(world, NAME)), world.perp
    one, other = world.users[:2]
    total = worth(target)
    lab.house.send("pause", sender=lab.admin)
    mine, supply = shares(target, one), target.call("totalSupply")
    with pytest.raises(Reverted):
        target.contract.send("redeem_in_kind", mine // 2, one, one, 0, sender=one)
    idle = both(target)
    target.contract.send("redeem_in_kind", mine // 2, one, one, 1, sender=one)
    got = world.usdc.balance(one) + world.weth.balance(one) * Fraction(2_000, 10**12)
    assert got == pytest.approx(float(idle * (mine // 2) / supply), abs=ROUNDING)
    target.contract.send("emergency_exit", sender=target.guardian)
    assert target.call("mode") == 3
    with pytest.raises(Reverted, match="redeem in kind"):
        target.contract.send("redeem", mine // 4, one, one, sender=one)
    lab.house.send("unpause", sender=lab.admin)
    target.contract.send("emergency_exit", sender=target.guardian)
    assert target.call("mode") == 2
    paid = [
        target.contract.send("redeem", shares(target, user), user, user, sender=user).value for user in (one, other)
    ]
    assert sum(paid) + got >= total * 99 // 100


def test_market_that_stops_holds_up_an_exit_that_waits_for_it(world: World) -> None:
    target, lab = settled(without(world, NAME, NO_TRY)), world.perp
    lab.house.send("pause", sender=lab.admin)
    with pytest.raises(Reverted):
        target.contract.send("emergency_exit", sender=target.guardian)


def falls_where_the_market_is_paused(target: Deployed) -> Deployed:
    """Perp's owner pauses the market, and ether falls, which the short no longer follows: it will be settled at the
    average of the moment at which the market was paused, or at a price that the owner names."""
    target.contract.send("settle")
    target.world.perp.base.contract.send("pause", sender=target.world.perp.admin)
    target.world.warp(60, refresh=True)
    target.world.feeds["WETH"].set(1_700)
    target.world.pool.move_to(1_700, target.world.arbitrageur)
    return target


def test_market_that_is_paused(world: World) -> None:
    """Nobody comes in or leaves at a price. Once it is closed anybody has the short settled, and all leave alike."""
    target, lab = falls_where_the_market_is_paused(settled(vault(world, NAME))), world.perp
    one = world.users[0]
    assert target.call("guarded")
    world.usdc.provide(one, target.contract, USDC)
    for fn, args in (("deposit", (USDC, one)), ("redeem", (USDC, one, one))):
        with pytest.raises(Reverted, match="guarded"):
            target.contract.send(fn, *args, sender=one)
    lab.base.contract.send("close(uint256)", 2_000 * ONE, sender=lab.admin)
    target.contract.send("emergency_exit", sender=target.guardian)
    assert target.call("mode") == 3
    lab.house.send("quitMarket", target.address, lab.base, sender=world.users[3])
    left = worth(target)
    leaves_with(target, left)


def test_market_that_is_paused_overpays_those_who_leave_a_vault_that_does_not_ask(world: World) -> None:
    """At the feed's price of a short that is settled at another."""
    target, lab, user = settled(without(world, NAME, EVER_OPEN)), world.perp, world.users[0]
    before = falls_where_the_market_is_paused(target).call("totalSupply")
    mine, held = target.call("maxRedeem", user), world.usdc.balance(user)
    target.contract.send("redeem", mine, user, user, sender=user)
    lab.base.contract.send("close(uint256)", 2_000 * ONE, sender=lab.admin)
    lab.house.send("quitMarket", target.address, lab.base, sender=user)
    got = world.usdc.balance(user) - held
    assert got * (before - mine) / mine > worth(target) * Fraction(105, 100)


def leave_it_short_of_money(target: Deployed) -> None:
    """Makers take liquidity and margin away, and the market is closed at a dollar: who is short has won more than those
    who have lost can pay. Somebody else withdraws before the vault does, and leaves ten thousand dollars there."""
    world, lab, other = target.world, target.world.perp, target.world.users[3]
    lab.deposit(other, 1_000 * THOUSAND)
    lab.short(other, 400 * ONE)
    ticks = (-FULL_RANGE, FULL_RANGE, lab.pool.contract.call("liquidity"))
    lab.house.send("removeLiquidity", (lab.base, *ticks, 0, 0, 2**63), sender=world.whale)
    for maker in (world.whale, world.arbitrageur):
        lab.withdraw(maker, lab.free(maker))
    lab.base.contract.send("pause", sender=lab.admin)
    lab.base.contract.send("close(uint256)", ONE, sender=lab.admin)
    for trader in (other, target.address):
        lab.house.send("quitMarket", trader, lab.base, sender=other)
    lab.withdraw(other, world.usdc.balance(lab.vault.address) - 10 * THOUSAND)
    assert min(lab.free(other), lab.free(target.address)) > 100 * THOUSAND


def test_house_that_cannot_pay(world: World) -> None:
    """The exit takes what is there, who leaves in kind his part of what lies idle, and what is owed is fetched as soon
    as it can be paid; then all are paid alike."""
    target, lab = settled(vault(world, NAME)), world.perp
    leave_it_short_of_money(target)
    one = world.users[0]
    mine, total = shares(target, one), worth(target)
    with pytest.raises(Reverted):  # his part of the margin is more than there is
        target.contract.send("redeem_in_kind", mine // 2, one, one, 0, sender=one)
    target.contract.send("emergency_exit", sender=target.guardian)
    assert target.call("mode") == 3
    assert world.usdc.balance(lab.vault.address) == 0
    assert worth(target) >= total * 99 // 100
    with pytest.raises(Reverted, match="redeem in kind"):
        target.contract.send("redeem", mine, one, one, sender=one)
    lab.deposit(world.whale, 1_000 * THOUSAND)
    leaves_with(target, total)


def test_index_that_nobody_tells(world: World) -> None:
    """Ether halves, and nobody tells Perp's index for half an hour: no view of the account answers, so nobody comes in
    or leaves at a price, and the exit leaves the account out. Anybody can tell it; then the exit fetches all."""
    target, user = settled(vault(world, NAME)), world.users[0]
    before = worth(target)
    world.warp(60, refresh=True)
    world.feeds["WETH"].set(1_000)
    world.pool.move_to(1_000, world.arbitrageur)
    world.warp(2 * TWAP + 60)
    for view in ("totalAssets", "state"):
        with pytest.raises(Reverted, match="subtraction overflow"):
            target.call(view)
    world.usdc.provide(user, target.contract, USDC)
    with pytest.raises(Reverted, match="subtraction overflow"):
        target.contract.send("deposit", USDC, user, sender=user)
    start = world.chain.snapshot()
    target.contract.send("emergency_exit", sender=target.guardian)
    assert target.call("mode") == 3
    world.chain.revert(start)
    world.perp.index_feed.send("cacheTwap", TWAP, sender=user)
    assert target.call("totalAssets") == pytest.approx(float(worth(target)), abs=ROUNDING)
    world.feeds["WETH"].refresh()
    world.arbitrage()
    target.contract.send("emergency_exit", sender=target.guardian)
    assert target.call("mode") == 2
    assert worth(target) >= before * Fraction(98, 100)
