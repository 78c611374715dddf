"""The watch over the room that Aave's reserves have: measured to what Aave itself then takes, on 3.0 and 3.2."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import pytest

from keeper.watching import Watching, watched_from_a_round
from lab.aave import V30, V32, Generation
from lab.chain import AnvilChain, Reverted
from lab.world import World, build_world
from vyper_target.vaults import EXAMPLES, USDC, Deployed, example, proved

pytestmark = pytest.mark.anvil

ALARM, OVER = [("alarm", "room(aave)")], [("alarm_over", "room(aave)")]


@pytest.fixture(params=[V30, V32], ids=["3.0", "3.2"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    generation: Generation = request.param
    with AnvilChain() as chain:
        yield build_world(chain, generation)


def watched(world: World, folder: Path) -> tuple[Deployed, Watching]:
    """The watch over a carry of 150,000 USDC that states room for 10% of nav, at the beginning of a round."""
    text, loss = (EXAMPLES / "eth_carry.strat").read_text("utf-8"), "loss(save) <= 0.05%"
    given = proved(text.replace(loss, f"{loss}\n        room(aave) >= 10% of nav"))
    return watched_from_a_round(world, folder, given, "rebalance", "harvest_save", built=example("eth_carry"))


def measured(watching: Watching, vault: Deployed) -> Fraction:
    """Worth of the room, in dollars: nav is 150,000 and a little."""
    (alarm,) = (one for one in watching.look() if one.get("id") == "room(aave)")
    return Fraction(alarm["measured"]) * vault.state()["nav"] / 10**18


def test_a_cap_is_measured_to_what_aave_takes_then(world: World, tmp_path: Path) -> None:
    vault, watching = watched(world, tmp_path)
    lab, weth, whale = world.aave, world.weth, world.whale
    there = lab.reserve(weth).a_token.call("totalSupply")
    lab.set_caps(weth, supply=there // 10**18 + 10)  # less than ten: 20,000 USD is more than 10% of nav
    assert watching.says() == []
    lab.set_caps(weth, supply=there // 10**18 + 5)
    room = measured(watching, vault)
    assert 8_000 < room < 10_000
    amount = int(room / 2_000 * 10**18)
    weth.provide(whale, lab.pool, 10**19)
    with pytest.raises(Reverted, match="51"):
        lab.supply(whale, weth, amount + 10**12)
    lab.supply(whale, weth, amount - 10**12)  # a second's interest for the treasury is less
    lab.set_caps(weth)
    assert watching.says() == OVER


def test_a_borrow_cap_and_an_empty_reserve_are_measured_too(world: World, tmp_path: Path) -> None:
    vault, watching = watched(world, tmp_path)
    lab, usdc, whale = world.aave, world.usdc, world.whale
    owed = lab.reserve(usdc).debt_token.call("totalSupply")
    lab.set_caps(usdc, borrow=owed // USDC + 14_000)
    room = measured(watching, vault)
    assert 13_990 < room <= 14_001
    with pytest.raises(Reverted, match="50"):
        lab.borrow(whale, usdc, int(room * USDC) + USDC)
    lab.borrow(whale, usdc, int(room * USDC) - USDC)
    lab.set_caps(usdc)
    assert watching.says() == OVER
    stock = usdc.balance(lab.reserve(usdc).a_token.address)
    lab.withdraw(whale, usdc, stock - 14_000 * USDC)
    assert ("alarm", "room(aave)") in watching.says()


def test_what_is_frozen_or_paused_has_no_room(world: World, tmp_path: Path) -> None:
    _, watching = watched(world, tmp_path)
    lab = world.aave
    for turn in (lab.freeze, lab.pause):
        for token in (world.weth, world.usdc):
            turn(token)
            assert ("alarm", "room(aave)") in watching.says()
            turn(token, False)
            assert ("alarm_over", "room(aave)") in watching.says()
