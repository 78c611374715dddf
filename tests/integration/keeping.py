"""A keeper as an operator runs it: `stratc keeper run` in a process of its own, over RPC, with its own key."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from integration.command import STRATC, Built, stratc
from lab.chain import CHAIN_ID, KEYS, AnvilChain
from lab.tokens import Number
from lab.world import World
from stratc_targets.keeper.config import bind
from vyper_target.vaults import USDC, Deployed

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

    @contextmanager
    def between_two_looks(self) -> Iterator[None]:
        """It sees nothing of what happens meanwhile, as between two blocks."""
        self.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)

    def log(self) -> str:
        """All that it has said."""
        return self._log.read_text("utf-8")


@dataclass
class Diary:
    """What a vault's keeper has done on a chain, up to a block."""

    chain: AnvilChain
    vault: Deployed
    block: int

    def does(self, keeper: KeeperProcess, *calls: str) -> list[int]:
        """Wait until the keeper has made just these calls; the blocks of them."""
        deadline = time.monotonic() + PATIENCE
        while len(self._calls()) < len(calls) and time.monotonic() < deadline and keeper.process.poll() is None:
            time.sleep(0.1)
        made = self._calls()
        assert [name for name, _ in made] == list(calls), keeper.log()
        self.block = self.chain.block_number()
        return [number for _, number in made]

    def _calls(self) -> list[tuple[str, int]]:
        """Each function that it has called since, with its block."""
        selectors = {
            self.vault.contract.abi.function(one["name"], len(one["inputs"])).selector: one["name"]
            for one in self.vault.contract.abi.entries
            if one["type"] == "function"
        }
        made = []
        for number in range(self.block + 1, self.chain.block_number() + 1):
            for sent in self.chain.rpc("eth_getBlockByNumber", hex(number), True)["transactions"]:
                if (sent["to"], sent["from"]) == (self.vault.address, self.vault.keeper):
                    made.append((selectors[bytes.fromhex(sent["input"][2:10])], number))
        return made


@contextmanager
def kept(world: World, built: Built, folder: Path, status: str) -> Iterator[tuple[Deployed, Diary, KeeperProcess]]:
    """A vault in which two users have deposited, and its keeper.

    At the end `status` is part of what `stratc status` says, the keeper goes when it is told to, and `keeper audit`
    finds that all that ever happened was allowed.
    """
    chain = world.chain
    assert isinstance(chain, AnvilChain)
    vault = built.deploy(world)
    for user, assets in zip(world.users, (100_000 * USDC, 50_000 * USDC + 1), strict=False):
        vault.deposit(user, assets)
    diary = Diary(chain, vault, chain.block_number())
    asked = ("--config", folder / "keeper.json", "--rpc", chain.url)
    with KeeperProcess(folder, built.json("keeper.json"), vault, chain.url) as keeper:
        yield vault, diary, keeper
        assert status in stratc("status", *asked, status=0)
        assert keeper.terminate() == 0, keeper.log()
    past = stratc("keeper", "audit", *asked, "--from-block", "0", status=0)
    assert past.endswith(" 0 unclear, 0 not allowed\n")


def moved_within_a_round(vault: Deployed, keeper: KeeperProcess, usd: Number) -> None:
    """Ether, ten minutes before the round of an hour is over, and all pools after it: that of Perp takes a minute."""
    with keeper.between_two_looks():
        vault.world.warp(3_600 - 600, refresh=True)
        vault.world.set_price("WETH", usd)
