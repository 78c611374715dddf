"""A Chainlink CRE project: a workflow that looks, and the contract that acts for it, which is the vault's keeper.

The vault itself is not changed. Its owner appoints the receiver as keeper, and takes that back as ever.
"""

from __future__ import annotations

import json
from typing import Any

from vyper import compile_code

from stratc_targets.artifact import Artifact
from stratc_targets.backends.texts import duties, serving, template, text_of
from stratc_targets.keeper.config import KeeperConfig
from stratc_targets.keeper.errors import SetupError

CHAINS = {
    1: "ethereum-mainnet",
    10: "ethereum-mainnet-optimism-1",
    137: "polygon-mainnet",
    8453: "ethereum-mainnet-base-1",
    42161: "ethereum-mainnet-arbitrum-1",
    84532: "ethereum-testnet-sepolia-base-1",
    11155111: "ethereum-testnet-sepolia",
}
"""What CRE calls the chains that vaults are on."""

SCHEDULE = "*/30 * * * * *"
"""Every 30 seconds, which is as often as CRE lets anybody: six fields, seconds first."""

AFTER_GAS = 60_000
"""What the receiver needs besides the vault's own call: to record, to tell, and to return."""

ROUTING_GAS = 150_000
"""What the forwarder takes before and after."""

REASON_BYTES = 256

REST_SECONDS = 300
"""So long a duty that failed is not named again."""

TARGET = "production-settings"


def cre_project(config: KeeperConfig, chain_id: int, vault: str) -> tuple[Artifact, ...]:
    """The files of the project. Raises SetupError where CRE is not on the chain."""
    if chain_id not in CHAINS:
        known = ", ".join(f"{name} ({number})" for number, name in CHAINS.items())
        raise SetupError(f"it is not known what CRE calls chain {chain_id}: known are {known}")
    name = config.strategy.lower()
    source = receiver_source(config)
    compiled = compile_code(source, output_formats=["abi", "bytecode"])
    queue = serving(config)
    limits = [*(duty["gas_limit"] for duty in _duties(config)), *([queue["gas_limit"]] if queue else [])]
    most = max(limits)
    settings = {
        "schedule": SCHEDULE,
        "chainSelectorName": CHAINS[chain_id],
        "receiverAddress": "0x0000000000000000000000000000000000000000",
        "writeGasLimit": str(most + most // 63 + AFTER_GAS + ROUTING_GAS),
    }
    package = {
        "name": f"{name}-keeper",
        "private": True,
        "dependencies": {"@chainlink/cre-sdk": "1.21.1", "viem": "^2.54.2"},
    }
    return (
        Artifact("project.yaml", _yaml_project(CHAINS[chain_id])),
        Artifact("keeper/workflow.yaml", _yaml_workflow(name)),
        Artifact("keeper/config.production.json", _json(settings)),
        Artifact("keeper/package.json", _json(package)),
        Artifact("keeper/main.ts", text_of("main.ts")),
        Artifact("secrets.yaml", "secretsNames: {}\n"),
        Artifact("contracts/KeeperReceiver.vy", source),
        Artifact("contracts/KeeperReceiver.abi.json", _json(compiled["abi"])),
        Artifact("contracts/KeeperReceiver.bytecode.hex", f"{compiled['bytecode']}\n"),
        Artifact("README.md", _readme(config, vault)),
    )


def receiver_source(config: KeeperConfig) -> str:
    """The receiver's Vyper."""
    mine = _duties(config)
    return template("receiver.vy.j2").render(
        strategy=config.strategy,
        duties=mine,
        settle=len(mine) - 1,
        period=config.period,
        slack=config.period // 10,
        rest=min(REST_SECONDS, config.period // 10),
        reason_bytes=REASON_BYTES,
        after_gas=AFTER_GAS,
        serving=serving(config),
    )


def _duties(config: KeeperConfig) -> list[dict[str, Any]]:
    """The rules in their order, and then a new round."""
    rules = [duty | {"condition": f"staticcall Vault(VAULT).{duty['due']}()"} for duty in duties(config)]
    condition = f"self._is_old() and staticcall Vault(VAULT).{config.settle.due}()"
    settle = {"call": config.settle.call, "due": config.settle.due, "condition": condition, "text": "a new round"}
    return [*rules, settle | {"gas_limit": config.settle.gas_limit}]


def _json(document: Any) -> str:
    return json.dumps(document, indent=2) + "\n"


def _yaml_project(chain: str) -> str:
    return f"""{TARGET}:
  rpcs:
    - chain-name: {chain}
      url: https://YOUR-RPC-ENDPOINT
"""


def _yaml_workflow(name: str) -> str:
    return f"""{TARGET}:
  user-workflow:
    workflow-name: "{name}-keeper"
  workflow-artifacts:
    workflow-path: "./main.ts"
    config-path: "./config.production.json"
    secrets-path: ""
"""


def _readme(config: KeeperConfig, vault: str) -> str:
    return f"""# A keeper for {config.strategy} on Chainlink CRE

1. Deploy `contracts/KeeperReceiver.bytecode.hex` with the vault {vault}, Chainlink's KeystoneForwarder
   on this chain, the address that deploys the workflow, the workflow's name as reports carry it (the first ten
   characters of the hex of its SHA-256), and an operator (or the zero address).
2. Put its address into `keeper/config.production.json`, an endpoint into `project.yaml`.
3. `cre workflow simulate keeper --target {TARGET}`, then `cre workflow deploy keeper --target {TARGET}`.
4. Let the vault's owner call `set_keeper` with the receiver's address.

Watch `CallFailed`: a duty that reverts is told, and named again later.
"""
