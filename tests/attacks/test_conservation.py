"""A venue that takes more of the vault than was stated, in the middle of a rule: the rule does not happen."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from attacks.targets import NO_CONSERVATION, NO_SAME_SUPPLY, vault, without
from lab.artifacts import vyper_artifact
from lab.chain import Contract, Reverted
from lab.world import World
from mutations.change import ACTIONS, Change
from vyper_target.vaults import USDC, Deployed

HERE = Path(__file__).resolve().parent
FEE = 10_000  # millionths of what is withdrawn


def charged(world: World, make: Callable[[Contract], Deployed]) -> Deployed:
    """60% at the venue; then so much is withdrawn from idle that the keeper has to draw 6,000 USDC, for a fee of 60."""
    venue = world.chain.deploy_artifact(vyper_artifact(HERE / "exit_fee_venue.vy"), world.usdc)
    target, user = make(venue), world.users[0]
    target.deposit(user, 100_000 * USDC)
    target.run("rebalance")
    target.contract.send("withdraw", 10_000 * USDC, user, user, sender=user)
    venue.send("charge", FEE, sender=user)
    return target


def test_venue_takes_more_than_stated(revm_world: World) -> None:
    target = charged(revm_world, lambda venue: vault(revm_world, "inflow", venue_save=venue))
    before, supply = target.call("totalAssets"), target.call("totalSupply")
    assert target.call("rebalance_due")
    with pytest.raises(Reverted, match="rule: costs more than stated"):
        target.run("rebalance")
    assert (target.call("totalAssets"), target.call("totalSupply")) == (before, supply)
    # What the keeper may not lose for all, each holder may decide to: the ways out are held to no budget.
    user = revm_world.users[0]
    target.contract.send("redeem_in_kind", target.call("balanceOf", user) // 2, user, user, 1, sender=user)
    target.contract.send("emergency_exit", sender=target.guardian)
    assert target.call("mode") == 2


def test_venue_takes_more_from_a_vault_that_does_not_look(revm_world: World) -> None:
    target = charged(revm_world, lambda venue: without(revm_world, "inflow", NO_CONSERVATION, venue_save=venue))
    before, supply = target.call("totalAssets"), target.call("totalSupply")
    target.run("rebalance")
    assert before - target.call("totalAssets") == 6_000 * USDC * FEE // 10**6
    assert target.call("totalSupply") == supply


A_SHARE_FOR_THE_KEEPER = Change(
    ACTIONS,
    '    self._finish("rebalance", ',
    '    share_token._mint(msg.sender, 10 ** 18)\n    self._finish("rebalance", ',
)
"""A fault, or a fraud, in the code of a rule."""


def test_rule_that_makes_shares(revm_world: World) -> None:
    target = without(revm_world, "inflow", (A_SHARE_FOR_THE_KEEPER,))
    target.deposit(revm_world.users[0], 100_000 * USDC)
    with pytest.raises(Reverted, match="rule: moves the supply of shares"):
        target.run("rebalance")


@pytest.mark.long
def test_rule_that_makes_shares_and_does_not_look(revm_world: World) -> None:
    target = without(revm_world, "inflow", (A_SHARE_FOR_THE_KEEPER, *NO_SAME_SUPPLY))
    target.deposit(revm_world.users[0], 100_000 * USDC)
    supply = target.call("totalSupply")
    target.run("rebalance")
    assert target.call("totalSupply") == supply + 10**18 == supply + target.call("balanceOf", target.keeper)
