"""The keeper of a vault that is guarded: it pays the loan down, tries nothing that would revert, and says so once.

The real process, over the emitted EthCarry vault beside the protocols' own contracts.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from keeper.rig import KEEPER, KeeperProcess, until
from lab.chain import CHAIN_ID, AnvilChain
from lab.world import World
from stratc_compiler.assumptions import guarded_assumptions
from stratc_targets.keeper.config import bind
from stratc_targets.keeper.emit import emit_keeper
from vyper_target.vaults import USDC, Deployed, deploy, example, files

pytestmark = [pytest.mark.anvil, pytest.mark.timeout(240)]

LOOKS = 5
"""So many looks with nothing to do show that it does nothing."""


def document_of(name: str) -> dict[str, Any]:
    """The keeper.json of an example, with all of its alarms, not bound."""
    given = example(name)
    given = replace(given, verification=replace(given.verification, assumptions=guarded_assumptions(given.vault)))
    emitted = files(example(name))
    codes = emitted["runtime.hex"].strip(), emitted["actions.runtime.hex"].strip()
    document: dict[str, Any] = json.loads(emit_keeper(given, json.loads(emitted["abi.json"]), *codes).text)
    return document


@contextmanager
def kept(world: World, folder: Path) -> Iterator[tuple[Deployed, KeeperProcess]]:
    """A vault of 150,000 USDC with its keeper, which has just begun a round."""
    vault = deploy(world, example("eth_carry"), keeper_=KEEPER)
    document = document_of("eth_carry")
    vault.deposit(world.users[0], 150_000 * USDC)
    assert isinstance(world.chain, AnvilChain)
    with KeeperProcess(folder, bind(document, CHAIN_ID, vault.address), world.chain.url) as keeper:
        keeper.wait_for("mined", call="settle")
        yield vault, keeper


def sent(world: World) -> int:
    """How many transactions of the keeper are on the chain."""
    assert isinstance(world.chain, AnvilChain)
    return int(world.chain.rpc("eth_getTransactionCount", KEEPER, "latest"), 16)


def done(keeper: KeeperProcess) -> list[str]:
    """The calls that it has made, in order."""
    return [event["call"] for event in keeper.events() if event["event"] == "mined"]


def said(keeper: KeeperProcess, event: str) -> list[str]:
    """What alarms it has told of."""
    return [one["id"] for one in keeper.events() if one["event"] == event]


def nothing_more_is_done(world: World, keeper: KeeperProcess) -> None:
    """While looks go on it sends nothing."""
    before, calls = sent(world), done(keeper)
    time.sleep(0.2 * LOOKS + 0.5)
    assert keeper.process.poll() is None
    assert (sent(world), done(keeper)) == (before, calls)


def test_it_reduces_risk_waits_for_the_owner_and_goes_on(anvil_world: World, tmp_path: Path) -> None:
    with kept(anvil_world, tmp_path) as (vault, keeper):
        assert done(keeper) == ["rebalance", "harvest_save", "settle"]
        anvil_world.set_price("WETH", 1_380)  # 31% below: 20% are assumed of a round
        until(lambda: "deleverage_aave" in done(keeper), "the loan paid down")
        assert vault.call("guarded") is True
        until(lambda: said(keeper, "alarm") == ["moves(WETH)"], "the alarm")
        nothing_more_is_done(anvil_world, keeper)
        assert done(keeper)[3:] == ["deleverage_aave"]
        vault.accept_prices()
        until(lambda: done(keeper)[4:5] == ["rebalance"], "the weights put right")
        anvil_world.warp(3_600, refresh=True)
        until(lambda: done(keeper)[5:] == ["settle"], "the next round")
        until(lambda: said(keeper, "alarm_over") == ["moves(WETH)"], "the end of the alarm")
        nothing_more_is_done(anvil_world, keeper)
        assert said(keeper, "alarm") == ["moves(WETH)"]
        assert not [one for one in keeper.events() if one["event"] in ("would_revert", "reverted", "unreadable")]
        assert keeper.terminate() == 0


def test_it_goes_on_by_itself_where_the_price_comes_back(anvil_world: World, tmp_path: Path) -> None:
    """A feed that erred for some minutes: a rise of a quarter. Nothing is traded at it, in either direction."""
    with kept(anvil_world, tmp_path) as (vault, keeper):
        anvil_world.set_price("WETH", 2_500)
        until(lambda: said(keeper, "alarm") == ["moves(WETH)"], "the alarm")
        assert vault.call("guarded") is True
        nothing_more_is_done(anvil_world, keeper)
        assert done(keeper) == ["rebalance", "harvest_save", "settle"]
        anvil_world.warp(3_600, refresh=True)  # the round is old, and no other one begins at such a price
        nothing_more_is_done(anvil_world, keeper)
        anvil_world.set_price("WETH", 2_010)
        until(lambda: done(keeper)[3:] == ["settle"], "the next round")
        until(lambda: said(keeper, "alarm_over") == ["moves(WETH)"], "the end of the alarm")
        assert said(keeper, "alarm") == ["moves(WETH)"]
        assert not [one for one in keeper.events() if one["event"] in ("would_revert", "reverted", "unreadable")]
        assert keeper.terminate() == 0
