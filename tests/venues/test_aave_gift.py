"""A gift to the aToken contract of a pool that has run dry: from 3.1 on Aave pays none of it."""

from __future__ import annotations

import pytest

from lab.aave import V32
from lab.chain import Reverted
from lab.revm import RevmChain
from lab.world import World, build_world
from venues.test_aave_v3 import Account

GIFT = 500 * 10**18


def dry(world: World) -> Account:
    """An account with 10 WETH, of which the pool has one left, and 500 more that were given to it."""
    account = Account(world)
    account.step(("supply", "WETH", 10**19))
    lab, weth = world.aave, world.weth
    there = weth.balance(lab.reserve(weth).a_token.address)
    lab.borrow(world.whale, weth, there - 10**18)
    weth.mint(lab.reserve(weth).a_token.address, GIFT)
    return account


def liquidity(account: Account) -> int:
    lab, weth = account.lab, account.world.weth
    return int(account.probe.call("aave_liquidity", lab.pool, weth, lab.reserve(weth).a_token))


def test_what_is_given_can_be_withdrawn_on_30(revm_world: World) -> None:
    account = dry(revm_world)
    assert liquidity(account) == GIFT + 10**18
    account.probe.send("aave_withdraw", account.lab.pool, revm_world.weth, 2 * 10**18)


def test_what_is_given_is_no_liquidity_on_32() -> None:
    world = build_world(RevmChain(), V32)
    account = dry(world)
    assert liquidity(account) == 10**18
    with pytest.raises(Reverted):
        account.probe.send("aave_withdraw", account.lab.pool, world.weth, 10**18 + 1)
    account.probe.send("aave_withdraw", account.lab.pool, world.weth, 10**18)
    assert liquidity(account) == 0
