"""What every printed keeper has: the observations of a vault whose rules ask for a volatility."""

from __future__ import annotations

import ast
import json
from contextlib import suppress
from typing import Any

from eth_utils.crypto import keccak

from keeper.stub import TEXT, document
from stratc_targets.backends.cre import receiver_source
from stratc_targets.backends.openzeppelin import openzeppelin_files
from stratc_targets.backends.silverback import silverback_bot
from stratc_targets.keeper.config import KeeperConfig, parse_config

VAULT = "0x" + "ab" * 20
VOLATILE = TEXT.replace("when stale(price(WETH)) do freeze", "when volatility(WETH, 1d) > 8% do freeze")


def config() -> KeeperConfig:
    return parse_config(json.dumps(document(VOLATILE)), "keeper.json")


def constants(text: str) -> dict[str, Any]:
    """What a Python text assigns to names, where that is written out."""
    found = {}
    for node in ast.parse(text).body:
        if isinstance(node, ast.Assign) and isinstance(target := node.targets[0], ast.Name):
            with suppress(ValueError):
                found[target.id] = ast.literal_eval(node.value)
    return found


def test_the_script_for_the_relayer_observes_with_the_gas_that_a_ring_takes() -> None:
    (text,) = [one.text for one in openzeppelin_files(config(), 1, VAULT) if one.path == "act.py"]
    duty = constants(text)["DUTIES"][-1]
    assert duty["name"] == "observe"
    assert [duty[part] for part in ("due", "call")] == [
        f"0x{keccak(text=f'{name}()')[:4].hex()}" for name in ("observation_due", "observe")
    ]
    assert duty["gas_limit"] == config().gas.limits.observe > 1_500_000


def test_the_bot_knows_every_function_of_its_duties() -> None:
    text = silverback_bot(config(), 1, VAULT)[0].text
    duties = constants(text)["DUTIES"]
    assert duties[-1][:3] == ("observation_due", "observe", config().gas.limits.observe)
    known = {entry["name"] for entry in json.loads(text.split('json.loads("""')[1].split('"""')[0])}
    assert {name for due, call, *_ in duties for name in (due, call)} <= known


def test_the_receiver_sends_the_gas_that_a_ring_takes() -> None:
    assert f"gas_limit = {config().gas.limits.observe}" in receiver_source(config())
