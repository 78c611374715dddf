"""The vault's other contract: made from the blueprint that its text names, for this vault alone."""

from __future__ import annotations

import json

import pytest

from lab.chain import Reverted
from lab.world import World
from stratc_compiler.certify import ProvedVault
from stratc_targets.vyper import constructor_layout
from vyper_target.probes import HERE
from vyper_target.vaults import blueprint, bound_to, deploy, example, files, proved

USDC = 10**6


def idle() -> ProvedVault:
    """The vault that only holds."""
    return proved((HERE / "idle.strat").read_text(encoding="utf-8"), "idle.strat")


@pytest.mark.parametrize("other", ["another vault's", "one that lets everybody in", "no code"])
def test_a_vault_is_not_made_with_other_actions(revm_world: World, other: str) -> None:
    """A single byte is enough: what is compared is the hash of all of it."""
    emitted = files(idle())
    creation = emitted["actions.blueprint.hex"].strip()
    match other:
        case "another vault's":
            actions: object = blueprint(revm_world.chain, files(example("treasury"))["actions.blueprint.hex"].strip())
        case "one that lets everybody in":
            reason = b"actions: the vault only".hex()
            assert creation.count(reason) == 1
            actions = blueprint(revm_world.chain, creation.replace(reason, b"actions: everybody's on".hex()))
        case _:
            actions = revm_world.users[0]
    arguments = [*(bound_to(revm_world, one) for one in constructor_layout(idle().vault)), actions]
    with pytest.raises(Reverted, match="actions: other code"):
        revm_world.chain.deploy(json.loads(emitted["abi.json"]), emitted["bytecode.hex"].strip(), arguments)


def test_two_vaults_of_one_blueprint_have_actions_of_their_own(revm_world: World) -> None:
    first, second = deploy(revm_world, idle()), deploy(revm_world, idle(), owner_=revm_world.users[2])
    assert first.call("ACTIONS") != second.call("ACTIONS")
    for vault in (first, second):
        user = revm_world.users[0]
        vault.deposit(user, 1_000 * USDC)
        vault.contract.send("redeem_in_kind", vault.call("balanceOf", user), user, user, 0, sender=user)
        assert vault.call("totalSupply") == 0
