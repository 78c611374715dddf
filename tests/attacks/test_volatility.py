"""Attacks on what a vault has observed of prices: observations in a flood, and one just before the fall."""

from __future__ import annotations

from fractions import Fraction

import pytest

from attacks.targets import vault, without
from lab.chain import Reverted
from lab.world import World
from mutations.change import Change
from vyper_target.vaults import USDC, Deployed

pytestmark = pytest.mark.long

NAME, HOUR, DAY = "watchful", 3_600, 86_400
PERCENT = 10**16
LENGTH = 32
"""So many moves are kept of a day, with a keeper every hour."""

AS_OFTEN_AS_ANYONE_LIKES = (Change("contracts/ring.vy", "block.timestamp >= self.rings[number].time + gap", "gap > 0"),)
ONLY_WHAT_IS_NOTED = (Change("contracts/ring.vy", " + self._squared(ring.price, price)\n", "\n"),)


def watched(target: Deployed) -> Deployed:
    """With deposits, a price that was noted, and the hour over."""
    target.deposit(target.world.users[0], 100_000 * USDC)
    target.contract.send("settle", sender=target.keeper)
    target.world.chain.warp(HOUR)
    price(target, "1")
    return target


def price(target: Deployed, usd: str) -> None:
    target.world.set_price("USDC", Fraction(usd), arbitrage=False)


def said(target: Deployed) -> int:
    return int(target.state()["volatility_usdc_1d"])


def observe(target: Deployed) -> bool:
    """By a stranger; whether the vault let him."""
    stranger = target.world.users[2]
    if not target.call("observation_due"):
        with pytest.raises(Reverted, match="ring: not due"):
            target.contract.send("observe", sender=stranger)
        return False
    target.contract.send("observe", sender=stranger)
    return True


def flood(target: Deployed) -> int:
    """The price falls by 1.5%, and somebody has it noted in every block of the next ten minutes; how often he could."""
    price(target, "0.985")
    noted = 0
    for _ in range(50):
        noted += observe(target)
        target.world.chain.warp(12)
    return noted


def test_flood_of_observations(revm_world: World) -> None:
    """Whoever notes prices in a hurry is let once: the ring keeps its day, the vault stops, and goes on a day later."""
    target = watched(vault(revm_world, NAME))
    assert flood(target) == 1
    assert said(target) == 15 * PERCENT // 10
    target.run("freeze_when_due")
    target.world.chain.warp(DAY)
    price(target, "0.985")
    assert said(target) == 0
    target.contract.send("unfreeze", sender=target.owner)
    assert target.call("freeze_when_due_due") is False


def test_flood_of_observations_stops_a_vault_for_good_that_takes_them_all(revm_world: World) -> None:
    target = watched(without(revm_world, NAME, AS_OFTEN_AS_ANYONE_LIKES))
    assert flood(target) > LENGTH
    target.run("freeze_when_due")
    for _ in range(3):
        target.world.chain.warp(DAY)
        price(target, "0.985")
    # The fall was overwritten before it had left: nobody knows any more that it is to be taken off.
    assert said(target) == 15 * PERCENT // 10
    target.contract.send("unfreeze", sender=target.owner)
    assert target.call("freeze_when_due_due") is True


def seen_at_once(target: Deployed) -> bool:
    """Somebody has the price noted just before it falls, so that nobody can for three quarters of an hour."""
    before = said(target)
    assert observe(target)
    assert said(target) == before
    price(target, "0.985")
    assert not observe(target)
    return bool(target.call("freeze_when_due_due"))


def test_observation_just_before_the_fall(revm_world: World) -> None:
    """What has moved since the last observation counts as it stands: nobody is kept from seeing it."""
    target = watched(vault(revm_world, NAME))
    assert seen_at_once(target)
    target.run("freeze_when_due")
    assert target.call("mode") == 1


def test_observation_just_before_the_fall_blinds_a_vault_that_counts_only_what_is_noted(revm_world: World) -> None:
    target = watched(without(revm_world, NAME, ONLY_WHAT_IS_NOTED))
    assert not seen_at_once(target)
    with pytest.raises(Reverted, match="rule: not due"):
        target.run("freeze_when_due")
