"""A watch without a keeper around it."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from keeper.rig import KEEPER
from lab.chain import CHAIN_ID, AnvilChain
from lab.world import World
from stratc_compiler.assumptions import guarded_assumptions
from stratc_compiler.certify import ProvedVault
from stratc_targets.keeper.chain import Chain
from stratc_targets.keeper.config import bind, parse_config
from stratc_targets.keeper.emit import emit_keeper
from stratc_targets.keeper.log import Log
from stratc_targets.keeper.nodes import Nodes
from stratc_targets.keeper.state import Identity, StateFile
from stratc_targets.keeper.watch import Measured, Watch
from stratc_targets.keeper.watchlist import PositionRead, View
from vyper_target.vaults import USDC, Deployed, deploy, files


class Watching:
    """A watch over a vault, and what it says at each look."""

    def __init__(self, folder: Path, rpc: str, document: dict[str, Any]) -> None:
        self.document, self.rpc, self.state = document, rpc, folder / "state.json"
        self.start()

    def start(self) -> None:
        """Begin, or begin anew from the state file, as after a restart."""
        self._config = config = parse_config(json.dumps(self.document), "keeper.json")
        vault = self.document["deployment"]["vault"]
        self._lines = io.StringIO()
        self._chain = Chain(Nodes([self.rpc]), config, vault)
        store = StateFile(self.state, Identity(CHAIN_ID, vault, KEEPER))
        self._watch = Watch(config, self._chain, store, Log(self._lines, as_json=True))

    def look(self) -> list[dict[str, Any]]:
        """The events of a look at the latest block."""
        self._lines.seek(0)
        self._lines.truncate()
        self._watch.look(self._chain.head())
        return [json.loads(line) for line in self._lines.getvalue().splitlines()]

    def says(self) -> list[tuple[str, str]]:
        """What a look says of which alarms."""
        return [(one["event"], one.get("id") or one.get("ids")) for one in self.look()]

    def measured(self, id_: str) -> Measured:
        """What the last look found of an assumption."""
        (found,) = (one for one in self._watch.latest if one.alarm.id == id_)
        return found

    @property
    def positions(self) -> tuple[PositionRead, ...]:
        """What it reads of positions."""
        return self._config.readings.positions

    def ask(self, view: View) -> int:
        """A venue's answer at the latest block."""
        return self._chain.ask(view, self._chain.head().number)


def watched_from_a_round(
    world: World, folder: Path, given: ProvedVault, *rules: str, built: ProvedVault | None = None, **addresses: object
) -> tuple[Deployed, Watching]:
    """A vault of 150,000 USDC that ran these rules and has just begun a round, and the watch over it.

    The contract is that of `built`, where what else the strategy says is watched alone, and nothing to the contract.
    """
    assert isinstance(world.chain, AnvilChain)
    given = replace(given, verification=replace(given.verification, assumptions=guarded_assumptions(given.vault)))
    emitted, vault = files(built or given), deploy(world, built or given, **addresses)
    codes = json.loads(emitted["abi.json"]), emitted["runtime.hex"].strip(), emitted["actions.runtime.hex"].strip()
    document = json.loads(emit_keeper(given, *codes).text)
    watching = Watching(folder, world.chain.url, bind(document, CHAIN_ID, vault.address))
    assert watching.says() == [("watching", None)]  # empty, and no alarm for that
    vault.deposit(world.users[0], 150_000 * USDC)
    for rule in rules:
        vault.run(rule)
    vault.contract.send("settle")
    assert watching.says() == []
    return vault, watching
