"""What every printed keeper has: the rules of every kind of venue, in order, and what a volatility asks for."""

from __future__ import annotations

import ast
import json
from contextlib import suppress
from typing import Any

import pytest
import yaml
from eth_utils.crypto import keccak
from jsonschema import Draft202012Validator

from keeper.stub import TEXT, document
from keeper.test_cre_project import CONFIG, PROJECT, WORKFLOW
from keeper.test_guarded import document_of
from keeper.test_openzeppelin import MONITOR, RELAYER
from stratc_targets.backends.cre import cre_project, receiver_source
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


@pytest.mark.long
@pytest.mark.parametrize("name", ["fee_range", "short_ether"])
def test_a_range_and_a_short_are_kept_by_each_of_them(name: str) -> None:
    """Their vaults' own rules in order of priority, by functions that these vaults have; each file in its form."""
    given = parse_config(json.dumps(document_of(name)), "keeper.json")
    rules = [rule.call for rule in given.rules]
    functions = {entry["name"] for entry in given.abi}
    (bot, _) = silverback_bot(given, 1, VAULT)
    duties = constants(bot.text)["DUTIES"]
    assert [call for _, call, *_ in duties] == rules
    assert {part for due, call, *_ in duties for part in (due, call)} <= functions
    files = {one.path: one.text for one in openzeppelin_files(given, 1, VAULT)}
    assert [one["name"] for one in constants(files["act.py"])["DUTIES"]] == rules
    monitor = files[f"monitor/monitors/{given.strategy.lower()}.json"]
    Draft202012Validator(MONITOR).validate(json.loads(monitor))
    Draft202012Validator(RELAYER).validate(json.loads(files["relayer/config.json"]))
    project = {one.path: one.text for one in cre_project(given, 1, VAULT)}  # which compiles its receiver
    Draft202012Validator(PROJECT).validate(yaml.safe_load(project["project.yaml"]))
    Draft202012Validator(WORKFLOW).validate(yaml.safe_load(project["keeper/workflow.yaml"]))
    Draft202012Validator(CONFIG).validate(json.loads(project["keeper/config.production.json"]))
    due = [project["contracts/KeeperReceiver.vy"].find(f".{rule.due}()") for rule in given.rules]
    assert -1 not in due
    assert due == sorted(due)
