"""The printed Silverback bot, run by Silverback itself before a real anvil."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from keeper.rig import KEEPER
from keeper.stub import CHAIN_ID, DELEVERAGE, REBALANCE, SERVED, bound_document, calls
from lab.chain import AnvilChain, Contract
from stratc_targets.backends.silverback import SILVERBACK, silverback_bot
from stratc_targets.keeper.config import parse_config

pytestmark = [pytest.mark.long, pytest.mark.anvil, pytest.mark.timeout(240)]

BIN = Path(sys.executable).parents[1] / "silverback" / "bin"
PATIENCE = 120.0
TEST_ACCOUNT = "TEST::1"
"""What Ape calls the account that the stub obeys: its test accounts are anvil's."""


def network(chain: AnvilChain) -> str:
    """Ape's configuration of a chain of one-second blocks that is no chain of its own."""
    custom = {"name": "anvil", "chain_id": CHAIN_ID, "ecosystem": "ethereum", "base_ecosystem_plugin": "ethereum"}
    return json.dumps(
        {
            "networks": {"custom": [custom | {"default_provider": "node"}]},
            "node": {"ethereum": {"anvil": {"uri": chain.url}}},
            "ethereum": {"anvil": {"block_time": 1, "required_confirmations": 0}},
        }
    )


def test_the_pinned_version_is_the_one_that_is_printed() -> None:
    pins = (Path(__file__).parents[1] / "silverback.txt").read_text("utf-8").splitlines()
    assert SILVERBACK in pins


def test_silverback_loads_the_bot_and_what_is_due_is_done(tmp_path: Path, chain: AnvilChain, vault: Contract) -> None:
    """A duty that would fail rests, and those after it are done; then a round is begun, then requests are served."""
    config = parse_config(json.dumps(bound_document(vault)), "keeper.json")
    for artifact in silverback_bot(config, CHAIN_ID, vault.address):
        (tmp_path / artifact.path).write_text(artifact.text, "utf-8")
    (tmp_path / "ape-config.yaml").write_text(network(chain))  # JSON is YAML
    for rule in (DELEVERAGE, REBALANCE):
        vault.send("set_due", rule, True, False)
    vault.send("set_failure", DELEVERAGE, "pool is dry")
    vault.send("set_requests", 1, True)
    assert vault.call("keeper").lower() == KEEPER
    words = [BIN / "silverback", "run", "bot:bot", "--network", "ethereum:anvil:node"]
    log = tmp_path / "log"
    with log.open("w") as output:
        process = subprocess.Popen(
            words,
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=os.environ | {"SILVERBACK_SIGNER_ALIAS": TEST_ACCOUNT, "HOME": str(tmp_path)},
            preexec_fn=lambda: ctypes.CDLL(None).prctl(1, signal.SIGKILL),  # ends with the test run
        )
        try:
            deadline = time.monotonic() + PATIENCE
            while process.poll() is None and len(calls(vault)) < 2 and time.monotonic() < deadline:
                chain.rpc("evm_mine")  # it looks at each block
                time.sleep(1)
        finally:
            process.kill()
            process.wait()
    said = log.read_text("utf-8")
    assert (calls(vault), vault.call("rounds")) == ([REBALANCE, SERVED], 1), said
    assert "deleverage_aave: " in said
    assert "Loaded Silverback Bot" in said
