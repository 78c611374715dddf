"""A Silverback bot: one Python file."""

from __future__ import annotations

import json

from stratc_targets.artifact import Artifact
from stratc_targets.backends.texts import duties, serving, template
from stratc_targets.keeper.config import KeeperConfig

SILVERBACK = "silverback==0.7.38"


def silverback_bot(config: KeeperConfig, chain_id: int, vault: str) -> tuple[Artifact, ...]:
    """The bot, and what it needs."""
    mine = duties(config)
    wanted = {duty[name] for duty in mine for name in ("due", "call")} | {config.settle.due, config.settle.call}
    queue = serving(config)
    wanted |= {queue[name] for name in ("call", "made", "done")} if queue else set()
    abi = [entry for entry in config.abi if entry["name"] in wanted]
    text = template("bot.py.j2").render(
        strategy=config.strategy,
        vault=vault,
        chain_id=chain_id,
        abi=json.dumps(abi),
        period=config.period,
        duties=mine,
        settle_gas=config.settle.gas_limit,
        settle_fee=config.gas.normal,
        serving=queue,
    )
    return Artifact("bot.py", text), Artifact("requirements.txt", f"{SILVERBACK}\n")
