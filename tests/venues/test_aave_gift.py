"""A gift to the aToken contract of a pool that has run dry: from 3.1 on Aave pays none of it."""

from __future__ import annotations

import pytest

from lab.aave import V32
from lab.chain import Reverted
from lab.revm import RevmChain
from lab.world import World, build_world
from stratc_targets.keeper.alarms import readings
from stratc_targets.keeper.measures import paid
from stratc_targets.keeper.watchlist import View, parse_readings
from venues.test_aave_v3 import Account
from vyper_target.vaults import example

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


def measured(account: Account) -> int:
    """The same as the keeper of a vault measures it, to the unit."""
    watched = parse_readings({"readings": readings(example("eth_carry").vault)})
    (held,) = watched.held("aave.collateral(WETH)")
    lab, weth = account.lab, account.world.weth
    known = {"WETH": weth.address, "AAVE_POOL": lab.pool.address}
    known["AAVE_COLLATERAL_WETH"] = lab.reserve(weth).a_token.address

    def ask(view: View) -> int:
        assert view.argument is not None
        name, kinds = view.function.removesuffix(")").split("(")
        out = [{"name": "", "type": "uint256"}]
        entry = {"type": "function", "name": name, "inputs": [{"name": "", "type": kinds}], "outputs": out}
        contract = account.world.chain.at([entry | {"stateMutability": "view"}], known[view.contract])
        return int(contract.call(name, known[view.argument]))

    assert held.payable is not None
    return paid(ask(held.payable), held.booked, ask)


def test_what_is_given_can_be_withdrawn_on_30(revm_world: World) -> None:
    account = dry(revm_world)
    assert measured(account) == liquidity(account) == GIFT + 10**18
    account.probe.send("aave_withdraw", account.lab.pool, revm_world.weth, 2 * 10**18)


def test_what_is_given_is_no_liquidity_on_32() -> None:
    world = build_world(RevmChain(), V32)
    account = dry(world)
    assert measured(account) == liquidity(account) == 10**18
    with pytest.raises(Reverted):
        account.probe.send("aave_withdraw", account.lab.pool, world.weth, 10**18 + 1)
    account.probe.send("aave_withdraw", account.lab.pool, world.weth, 10**18)
    assert measured(account) == liquidity(account) == 0


def test_what_is_paused_pays_nothing(revm_world: World) -> None:
    account = dry(revm_world)
    revm_world.aave.pause(revm_world.weth)
    assert measured(account) == liquidity(account) == 0
