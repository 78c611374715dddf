"""What a keeper can do that nobody else can: the rules that are due, and nothing more."""

from __future__ import annotations

from typing import Any

import pytest

from lab.chain import Reverted
from lab.world import World
from vyper_target.vaults import USDC, Deployed, deploy, example

pytestmark = pytest.mark.long

BY_TYPE: dict[str, Any] = {"uint256": 1, "uint8": 27, "bytes32": bytes(32), "bool": True}


def tried(vault: Deployed, sender: str) -> set[str]:
    """Every function that somebody may call with some arguments or other; each is taken back."""
    chain, done = vault.world.chain, set()
    for entry in vault.contract.abi.entries:
        if entry["type"] != "function" or entry["stateMutability"] in ("view", "pure"):
            continue
        for address in (sender, vault.world.users[0]):
            arguments = [BY_TYPE.get(one["type"], address) for one in entry["inputs"]]
            before = chain.snapshot()
            try:
                vault.contract.send(entry["name"], *arguments, sender=sender)
                done.add(entry["name"])
            except Reverted:
                pass
            finally:
                chain.revert(before)
    return done


def test_the_keeper_can_only_do_what_is_due(revm_world: World) -> None:
    world = revm_world
    vault = deploy(world, example("eth_carry"))
    vault.deposit(world.users[0], 150_000 * USDC)
    nobody = world.chain.accounts[9]

    def alone() -> set[str]:
        return tried(vault, vault.keeper) - tried(vault, nobody)

    assert alone() == {"rebalance", "harvest_save"}
    for call in ("rebalance", "harvest_save"):
        vault.contract.send(call, sender=vault.keeper)
    assert alone() == set()
    world.set_price("WETH", 1_640)  # weights are out, health is not
    assert alone() == {"rebalance"}
    world.set_price("WETH", 1_380)  # guarded: beyond what is assumed of a round
    assert alone() == {"deleverage_aave"}
    owned = tried(vault, vault.owner) - tried(vault, vault.keeper)
    assert {"freeze", "set_keeper", "set_guardian", "transfer_ownership", "emergency_exit"} <= owned
