"""A Silverback bot: one Python file."""

from __future__ import annotations

import json

from stratc_targets.artifact import Artifact
from stratc_targets.backends.texts import duties, serving, template
from stratc_targets.keeper.config import KeeperConfig
from stratc_targets.keeper.duties import SETTLE

SILVERBACK = "silverback==0.7.38"


def silverback_bot(config: KeeperConfig, chain_id: int, vault: str) -> tuple[Artifact, ...]:
    """The bot, and what it needs."""
    wanted = {name for rule in config.rules for name in (rule.due, rule.call)} | {SETTLE.due, SETTLE.call}
    queue = serving(config)
    wanted |= {queue[name] for name in ("call", "made", "done")} if queue else set()
    abi = [entry for entry in config.abi if entry["name"] in wanted]
    text = template("bot.py.j2").render(
        strategy=config.strategy,
        vault=vault,
        chain_id=chain_id,
        abi=json.dumps(abi),
        period=config.period,
        duties=duties(config),
        settle_gas=SETTLE.gas_limit,
        settle_fee=config.gas.normal,
        serving=queue,
    )
    return Artifact("bot.py", text), Artifact("requirements.txt", f"{SILVERBACK}\n")
