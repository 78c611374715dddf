"""Files for OpenZeppelin's Monitor, which tells people, and Relayer, which signs; and `act.py`, which decides for it.

The Monitor matches events, and cannot ask a view: so what is due is looked for by a script that cron runs.
"""

from __future__ import annotations

import json
from typing import Any

from vyper.utils import keccak256

from stratc_targets.artifact import Artifact
from stratc_targets.backends.texts import duties, serving, template
from stratc_targets.keeper.config import KeeperConfig

TOLD = (
    "ModeChanged",
    "Exited",
    "LeftOut",
    "PricesAccepted",
    "KeeperAppointed",
    "GuardianAppointed",
    "OwnershipOffered",
    "OwnershipTransferred",
    "CallScheduled",
    "CallCancelled",
)
"""What people should know of that happens to a vault besides its rules."""


def openzeppelin_files(config: KeeperConfig, chain_id: int, vault: str) -> tuple[Artifact, ...]:
    """Configurations of both services, and the script."""
    name = config.strategy.lower()
    network = f"{name}_chain_{chain_id}"
    told = [event for event in config.events if event["name"] in TOLD]
    return (
        Artifact(f"monitor/networks/{network}.json", _json(_monitor_network(network, chain_id))),
        Artifact(f"monitor/monitors/{name}.json", _json(_monitor(config, network, vault, told))),
        Artifact(f"monitor/triggers/{name}.json", _json(_trigger(config, chain_id))),
        Artifact("relayer/config.json", _json(_relayer(config, network, vault))),
        Artifact(f"relayer/networks/{network}.json", _json(_relayer_network(network, chain_id))),
        Artifact("act.py", _script(config, chain_id, vault)),
        Artifact("README.md", _readme(config)),
    )


def _monitor_network(network: str, chain_id: int) -> dict[str, Any]:
    url = {"type": "environment", "value": "RPC_URL"}
    return {
        "network_type": "EVM",
        "slug": network,
        "name": f"Chain {chain_id}",
        "rpc_urls": [{"type_": "rpc", "url": url, "weight": 100}],
        "chain_id": chain_id,
        "block_time_ms": 12_000,
        "confirmation_blocks": 2,
        "cron_schedule": "0 */1 * * * *",
        "max_past_blocks": 60,
        "store_blocks": False,
    }


def _monitor(config: KeeperConfig, network: str, vault: str, told: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "name": f"{config.strategy} {vault}",
        "paused": False,
        "networks": [network],
        "addresses": [{"address": vault, "contract_spec": told}],
        "match_conditions": {
            "functions": [],
            "events": [{"signature": _signature(event), "expression": None} for event in told],
            "transactions": [{"status": "Success", "expression": None}],
        },
        "trigger_conditions": [],
        "triggers": [_trigger_id(config)],
    }


def _signature(event: dict[str, Any]) -> str:
    return f"{event['name']}({','.join(one['type'] for one in event['inputs'])})"


def _trigger_id(config: KeeperConfig) -> str:
    return f"{config.strategy.lower()}_webhook"


def _trigger(config: KeeperConfig, chain_id: int) -> dict[str, Any]:
    body = "${monitor_name} on chain " + str(chain_id) + ": transaction ${transaction_hash}"
    settings = {
        "url": {"type": "environment", "value": "WEBHOOK_URL"},
        "method": "POST",
        "headers": {"Content-Type": "application/json"},
        "message": {"title": f"{config.strategy}: something that is no rule", "body": body},
    }
    return {_trigger_id(config): {"name": config.strategy, "trigger_type": "webhook", "config": settings}}


def _relayer(config: KeeperConfig, network: str, vault: str) -> dict[str, Any]:
    most = max((rule.gas_limit for rule in config.rules if rule.reduces_risk), default=config.settle.gas_limit)
    relayer = {
        "id": _relayer_id(config),
        "name": f"{config.strategy}'s keeper",
        "network": network,
        "network_type": "evm",
        "paused": False,
        "signer_id": "keeper",
        "policies": {
            "eip1559_pricing": True,
            "gas_limit_estimation": False,
            "gas_price_cap": config.gas.emergency,
            # What one rescue may cost: with less the keeper is no use.
            "min_balance": most * config.gas.emergency,
            "private_transactions": False,
            "whitelist_receivers": [vault],
        },
    }
    passphrase = {"type": "env", "value": "KEYSTORE_PASSPHRASE"}
    signer = {"id": "keeper", "type": "local", "config": {"path": "config/keys/keeper.json", "passphrase": passphrase}}
    return {"relayers": [relayer], "notifications": [], "signers": [signer], "networks": "./config/networks"}


def _relayer_id(config: KeeperConfig) -> str:
    return f"{config.strategy.lower()}-keeper"


def _relayer_network(network: str, chain_id: int) -> dict[str, Any]:
    return {
        "networks": [
            {
                "type": "evm",
                "network": network,
                "chain_id": chain_id,
                "required_confirmations": 1,
                "symbol": "ETH",
                "rpc_urls": ["https://YOUR-RPC-ENDPOINT"],
                "explorer_urls": [],
                "average_blocktime_ms": 12_000,
                "is_testnet": False,
                "features": ["eip1559"],
            }
        ]
    }


def _script(config: KeeperConfig, chain_id: int, vault: str) -> str:
    mine = duties(config)
    selectors = {
        name: _selector(name)
        for name in (config.settle.due, config.settle.call, *(duty[part] for duty in mine for part in ("due", "call")))
    }
    return template("act.py.j2").render(
        strategy=config.strategy,
        vault=vault,
        chain_id=chain_id,
        relayer=_relayer_id(config),
        period=config.period,
        normal_fee=config.gas.normal,
        settle_due=selectors[config.settle.due],
        settle_call=selectors[config.settle.call],
        settle_gas=config.settle.gas_limit,
        serve=_serve(config),
        duties=[
            duty | {"due_selector": selectors[duty["due"]], "call_selector": selectors[duty["call"]]} for duty in mine
        ],
    )


def _serve(config: KeeperConfig) -> dict[str, Any] | None:
    found = serving(config)
    if found is None:
        return None
    call = f"{_selector(found['call'], 'uint256')}{found['count']:064x}"
    return found | {"call": call, "made": _selector(found["made"]), "done": _selector(found["done"])}


def _selector(name: str, takes: str = "") -> str:
    """Of a function that takes a value of that type, or nothing."""
    return f"0x{keccak256(f'{name}({takes})'.encode())[:4].hex()}"


def _json(document: Any) -> str:
    return json.dumps(document, indent=2) + "\n"


def _readme(config: KeeperConfig) -> str:
    return f"""# {config.strategy} with OpenZeppelin's Monitor and Relayer

- `relayer/`: the Relayer signs as the vault's keeper. It sends to the vault alone, and pays no more than the emergency
  cap. Put its keystore and an endpoint where its configuration says.
- `act.py`: run it by cron every minute. It looks for what is due and hands it to the Relayer.
- `monitor/`: the Monitor tells a webhook of what happens besides the rules: modes, roles, exits. Check it with
  `openzeppelin-monitor --check`. It measures no assumption: `keeper run --dry-run --listen` does that.
"""
