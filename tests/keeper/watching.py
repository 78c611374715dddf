"""A watch without a keeper around it."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

from keeper.rig import KEEPER
from lab.chain import CHAIN_ID
from stratc_targets.keeper.chain import Chain
from stratc_targets.keeper.config import parse_config
from stratc_targets.keeper.log import Log
from stratc_targets.keeper.nodes import Nodes
from stratc_targets.keeper.state import Identity, StateFile
from stratc_targets.keeper.watch import Watch
from stratc_targets.keeper.watchlist import PositionRead, View


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

    @property
    def positions(self) -> tuple[PositionRead, ...]:
        """What it reads of positions."""
        return self._config.readings.positions

    def ask(self, view: View) -> int:
        """A venue's answer at the latest block."""
        return self._chain.ask(view, self._chain.head().number)
