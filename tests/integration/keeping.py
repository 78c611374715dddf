"""A keeper as an operator runs it: `stratc keeper run` in a process of its own, over RPC, with its own key."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Any

from integration.command import STRATC
from lab.chain import CHAIN_ID, KEYS
from stratc_targets.keeper.config import bind
from vyper_target.vaults import Deployed

PATIENCE = 40.0
"""Seconds that a test waits for what must happen: for slow machines, never spent where it works."""


class KeeperProcess:
    """Keeps one vault until the end of the `with`; is killed whatever happens, with the test run at the latest."""

    def __init__(self, folder: Path, document: dict[str, Any], vault: Deployed, rpc: str) -> None:
        config, self._log = folder / "keeper.json", folder / "keeper.log"
        config.write_text(json.dumps(bind(document, CHAIN_ID, vault.address)), "utf-8")
        words = ["--config", config, "--state", folder / "state.json", "--rpc", rpc, "--poll", "0.1"]
        with self._log.open("w") as stderr:
            self.process = subprocess.Popen(
                [STRATC, "keeper", "run", *words],
                stdin=subprocess.DEVNULL,
                stderr=stderr,
                env=os.environ | {"STRATC_KEEPER_KEY": KEYS[vault.keeper]},
                preexec_fn=lambda: ctypes.CDLL(None).prctl(1, signal.SIGKILL),  # a killed pytest runs no `finally`
            )

    def __enter__(self) -> KeeperProcess:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.kill()
        self.process.wait()

    def terminate(self) -> int:
        """SIGTERM; the exit status."""
        self.process.terminate()
        return self.process.wait(PATIENCE)

    def log(self) -> str:
        """All that it has said."""
        return self._log.read_text("utf-8")
