"""A vault with a token that is priced in another one, in a pool of the two."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import pytest

from lab.chain import Reverted
from lab.world import World
from vyper_target.staked import RATIO, WHOLE, StakedToken, deposit_weth, staked_token
from vyper_target.vaults import Deployed, deploy, example

HOUR = 3_600


@dataclass(frozen=True)
class Staked:
    """The vault of staked.strat, and its staked token."""

    vault: Deployed
    market: StakedToken

    def deposit(self, user: str, assets: int) -> None:
        deposit_weth(self.vault, user, assets)


@pytest.fixture
def staked(revm_world: World) -> Staked:
    market = staked_token(revm_world)
    return Staked(deploy(revm_world, example("staked"), **market.addresses), market)


def test_the_price_is_what_the_two_feeds_say(staked: Staked) -> None:
    staked.vault.world.set_price("WETH", "2000.00000001", arbitrage=False)
    state = staked.vault.state()
    told, weth = int(RATIO * WHOLE), 200_000_000_001 * 10**10
    assert state["price_weth"] == weth
    assert state["price_wsteth"] == told * weth // WHOLE
    assert told * weth % WHOLE != 0


def test_it_lives_with_the_peg_and_without(staked: Staked) -> None:
    user = staked.vault.world.users[0]
    staked.deposit(user, 100 * WHOLE)
    staked.vault.run("rebalance")
    assert staked.vault.call("settled")
    assert staked.vault.weight("idle_wsteth") == pytest.approx(0.8, abs=0.002)
    before = staked.vault.call("totalAssets")
    staked.market.tell(RATIO * Fraction("0.96"))
    # 4% of the four fifths; the strategy promises no more than 4% in all.
    assert staked.vault.call("totalAssets") / before == pytest.approx(0.968, abs=0.0005)
    assert staked.vault.call("settled")
    paid = staked.vault.contract.send("redeem", staked.vault.call("maxRedeem", user), user, user, sender=user).value
    assert paid == staked.vault.world.weth.balance(user) > 0


@pytest.mark.parametrize("stale", ["WETH", "wstETH"])
def test_a_price_is_as_old_as_the_older_of_its_feeds(staked: Staked, stale: str) -> None:
    world = staked.vault.world
    user = world.users[0]
    staked.deposit(user, 100 * WHOLE)
    world.warp((1 if stale == "WETH" else 24) * HOUR)
    if stale == "wstETH":
        world.refresh_feeds()
    else:
        staked.market.feed.refresh()
    assert staked.vault.call("oracle_age", staked.market.token) == (1 if stale == "WETH" else 24) * HOUR
    assert not staked.vault.call("freeze_when_due_due")
    world.warp(1)
    with pytest.raises(Reverted, match="oracle: stale price"):
        staked.vault.call("totalAssets")
    assert staked.vault.call("maxDeposit", user) == staked.vault.call("maxWithdraw", user) == 0
    assert staked.vault.call("freeze_when_due_due")
    staked.vault.run("freeze_when_due")
    assert staked.vault.call("mode") == 1


def test_the_exit_sells_it_all(staked: Staked) -> None:
    user = staked.vault.world.users[0]
    staked.deposit(user, 100 * WHOLE)
    staked.vault.run("rebalance")
    before = staked.vault.call("totalAssets")
    staked.vault.contract.send("emergency_exit", sender=staked.vault.guardian)
    assert staked.market.token.balance(staked.vault.address) == 0
    assert staked.vault.world.weth.balance(staked.vault.address) >= before * 98 // 100


def test_no_way_out_sells_for_less_than_both_feeds_say(staked: Staked) -> None:
    """The least that a sale brings is told by the token's own feed and by that of the token it is told in."""
    user, vault = staked.vault.world.users[0], staked.vault
    staked.deposit(user, 100 * WHOLE)
    vault.run("rebalance")
    held = staked.market.token.balance(vault.address)
    staked.market.pool.move_to(RATIO * Fraction("0.97"), vault.world.arbitrageur)
    with pytest.raises(Reverted, match="Too little received"):
        vault.contract.send("redeem_unwound", vault.call("balanceOf", user) // 2, user, user, 0, sender=user)
    vault.contract.send("emergency_exit", sender=vault.guardian)
    assert staked.market.token.balance(vault.address) == held
    assert vault.call("mode") == 3
