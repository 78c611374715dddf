"""What would be sent: the constructors of vaults of every kind, tried out on anvil beside the real venues."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import pytest
from pyrevm import EVM, AccountInfo

from deploying.market import Tables, tables, toml, url_of
from lab.chain import AnvilChain
from lab.eas import deploy_eas
from lab.world import World, build_world, with_morpho
from stratc_targets.deploy.manifest import Manifest, parse_manifest
from stratc_targets.deploy.node import Node
from stratc_targets.deploy.package import Code, Package
from stratc_targets.deploy.plan import CreationRefused, Plan, created, plan
from stratc_targets.deploy.record import schema
from stratc_targets.vyper.arguments import BindingKind
from vyper_target.vaults import MEMBERSHIP, example, files


def test_the_record_knows_every_kind_of_argument() -> None:
    kinds = schema()["properties"]["arguments"]["items"]["properties"]["kind"]["enum"]
    assert set(kinds) == {kind.value for kind in BindingKind}


@pytest.mark.parametrize("nonce", [0, 1, 127, 128, 255, 256, 65_536])
def test_addresses_of_what_an_account_creates(nonce: int) -> None:
    """As the EVM creates them; lengths of numbers change at 128 and at 256."""
    sender = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
    evm = EVM()
    evm.insert_account_info(sender, AccountInfo(nonce=nonce))
    assert created(sender, nonce).lower() == evm.deploy(sender, b"\x00")


# ── every kind of vault ────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def blue() -> Iterator[World]:
    """The market with Morpho in it, on anvil."""
    with AnvilChain() as chain:
        yield with_morpho(build_world(chain))


def everything(world: World) -> Tables:
    """A manifest for all of the examples."""
    eas = deploy_eas(world.chain, world.admin)
    eas.register(MEMBERSHIP)
    given = tables(world)
    given["roles"]["fee_recipient"] = world.chain.accounts[4]
    given["depositors"] = {"service": eas.service.address, "attester": world.admin, "resolver": "none"}
    morpho = world.morpho
    given["venues"]["blue"] = {"address": morpho.address, "oracle": morpho.oracle.address, "irm": morpho.irm.address}
    return given


def planned(world: World, strategy: str, given: Tables) -> tuple[Plan, Package, Manifest]:
    proved = example(strategy)
    emitted = files(proved)
    code = Code(emitted["bytecode.hex"], emitted["actions.blueprint.hex"])
    package = Package(proved.vault, proved.verification.source, code, "", "", "")
    manifest = parse_manifest(toml(given), "m.toml", proved.vault)
    node = Node(url_of(world))
    addresses = [one.address for one in manifest.arguments]
    return plan(package, addresses, node, node.head(), world.chain.accounts[1], None), package, manifest


@pytest.mark.long
@pytest.mark.anvil
@pytest.mark.parametrize("strategy", ["eth_carry", "blue_carry", "eth_loop", "members", "fund", "category"])
def test_a_plan_is_what_the_chain_does(strategy: str, blue: World) -> None:
    """Gas and code as foretold, for both transactions."""
    chain = blue.chain
    assert isinstance(chain, AnvilChain)
    snapshot = chain.snapshot()
    try:
        found, package, _ = planned(blue, strategy, everything(blue))
        for step in found.steps:
            call = {"from": found.sender, "data": step.data, "gas": hex(step.gas), "gasPrice": "0x0"}
            receipt = chain.mined(call)
            assert receipt["status"] == "0x1"
            assert receipt["contractAddress"] == step.address.lower()
            assert int(receipt["gasUsed"], 16) <= step.estimate
        assert chain.code(found.vault.address) == package.code.vault.code + found.immutables
    finally:
        chain.revert(snapshot)


@pytest.mark.long
@pytest.mark.anvil
def test_the_constructor_has_the_last_word(blue: World) -> None:
    given = everything(blue)
    blue.morpho.misprice(Fraction(2))
    with pytest.raises(CreationRefused, match="morpho_blue: the oracle differs from the feeds"):
        planned(blue, "blue_carry", given)
    blue.morpho.misprice(Fraction(1))
