"""A vault of ours that is to be held: what is asked of it before the one that holds it is deployed."""

from __future__ import annotations

import json
from argparse import Namespace
from pathlib import Path

import pytest

from deploying.market import tables, toml, url_of
from keeper.test_guarded import document_of
from lab.chain import KEYS, AnvilChain
from lab.world import World
from stratc_dsl.paint import plain
from stratc_targets.deploy import inner
from stratc_targets.deploy.command import KEY_VARIABLE, Deployable, main
from stratc_targets.deploy.findings import Finding, Level
from stratc_targets.deploy.manifest import parse_manifest
from stratc_targets.deploy.node import Node
from stratc_targets.deploy.package import Code, Package
from vyper_target.vaults import deploy, example, files

pytestmark = pytest.mark.anvil


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> None:
    """The treasury as this run has compiled it already."""
    emitted = files(example("treasury"))
    code = Code(emitted["bytecode.hex"], emitted["actions.blueprint.hex"])
    monkeypatch.setattr(inner, "_compiled", lambda *_: code)


def found(world: World, address: str) -> list[Finding]:
    proved = example("vault_of_vaults")
    given = tables(world)
    given["venues"]["inner"] = address
    package = Package(proved.vault, proved.verification.source, Code("", ""), "", "", "")
    manifest = parse_manifest(toml(given), "m.toml", proved.vault)
    return list(inner.check_inner(package, manifest, Node(url_of(world))))


def said(findings: list[Finding]) -> list[tuple[str, str]]:
    return [(one.place, one.said.partition(": ")[2] or one.said) for one in findings if one.level is Level.WRONG]


def swapped(world: World, address: str, old: bytes, new: bytes) -> None:
    """Put other bytes into the code at an address."""
    assert isinstance(world.chain, AnvilChain)
    code = world.chain.code(address)
    assert old in code
    world.chain.rpc("anvil_setCode", address, f"0x{code.replace(old, new).hex()}")


@pytest.mark.usefixtures("built")
def test_what_differs_in_a_vault_that_is_held_is_said(anvil_world: World) -> None:
    world = anvil_world
    treasury = deploy(world, example("treasury")).address
    assert [one.level for one in found(world, treasury)] == [Level.OK, Level.OK]
    compiled = files(example("treasury"))["runtime.hex"].strip()
    size = (len(compiled) - 2) // 2
    (of_code, of_actions) = said(found(world, world.save.address))
    assert of_code[0] == "venues.inner"
    assert "bytes stand there, and" in of_code[1]
    assert of_actions == ("venues.inner", "it is no Treasury")

    before = world.chain.snapshot()
    first = bytes.fromhex(compiled[2:66])
    swapped(world, treasury, first, first[:-1] + bytes([first[-1] ^ 1]))
    assert said(found(world, treasury))[0] == ("venues.inner", "its code is not what Treasury compiles to")
    world.chain.revert(before)

    before = world.chain.snapshot()
    actions = Node(url_of(world)).address(treasury, "ACTIONS()", block=Node(url_of(world)).head().number)
    first = world.chain.code(actions)[:32]
    swapped(world, actions, first, first[:-1] + bytes([first[-1] ^ 1]))
    assert said(found(world, treasury)) == [("venues.inner, actions", "its code is not what Treasury compiles to")]
    world.chain.revert(before)

    before = world.chain.snapshot()
    code = world.chain.code(treasury)
    usdc, weth = (bytes.fromhex(one.address[2:]) for one in (world.usdc, world.weth))
    assert usdc in code[size:]
    swapped(world, treasury, usdc, weth)
    ((place, what),) = said(found(world, treasury))
    assert place == "venues.inner"
    assert what.lower() == f"its usdc is {world.weth.address}, and tokens.usdc is {world.usdc.address}"
    world.chain.revert(before)
    assert said(found(world, treasury)) == []


@pytest.mark.long
@pytest.mark.timeout(600)
def test_nothing_is_sent_over_a_vault_of_other_code(
    anvil_world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Compiled and compared by the command itself, of a vault that is taken as proved."""
    world, proved, emitted = anvil_world, example("vault_of_vaults"), files(example("vault_of_vaults"))
    code = Code(emitted["bytecode.hex"], emitted["actions.blueprint.hex"])
    keeper = json.dumps(document_of("vault_of_vaults"))
    package = Package(proved.vault, proved.verification.source, code, "{}", keeper, keeper)
    treasury = deploy(world, example("treasury")).address
    given = tables(world)
    given["venues"]["inner"] = treasury
    manifest, record = tmp_path / "m.toml", tmp_path / "record.json"
    manifest.write_text(toml(given), "utf-8")
    monkeypatch.setenv(KEY_VARIABLE, KEYS[world.chain.accounts[1]])

    def run(**more: bool) -> int:
        options = {"dry_run": False, "yes": True, "keystore": None, "manifest": str(manifest), "record": str(record)}
        arguments = Namespace(rpc=url_of(world), **(options | more))
        return main(arguments, Deployable(package.vault, package.source, lambda: package), plain)

    assert run(dry_run=True) == 0
    assert "vaults that are held\n  ok " in capsys.readouterr().out
    code_there = world.chain.code(treasury)
    swapped(world, treasury, code_there[:32], code_there[:31] + bytes([code_there[31] ^ 1]))
    assert run() == 1
    told = capsys.readouterr()
    assert "its code is not what Treasury compiles to" in told.out
    assert "nothing was deployed" in told.err
    assert not record.exists()
