"""The command `status`: one look at a deployed vault, for people."""

from __future__ import annotations

import io
import sys
from argparse import Namespace
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from stratc_dsl.paint import Paint
from stratc_targets.keeper.command import NEEDED, check_url, read_config
from stratc_targets.keeper.config import KeeperConfig
from stratc_targets.keeper.errors import Refused, RpcDown, SetupError
from stratc_targets.keeper.log import Log

if TYPE_CHECKING:
    from stratc_targets.keeper.state import Seen, State


class _Memory:
    """What a watch has seen, for as long as this look lasts."""

    def __init__(self, state: State) -> None:
        self.state = state

    def set_seen(self, seen: Seen) -> None:
        self.state = replace(self.state, seen=seen)


def main(arguments: Namespace, paint: Paint) -> int:
    """Print the table.

    Returns the exit status: 0 floors and assumptions hold; 1 one does not; 2 the vault cannot be asked as told; 3 the
    vault cannot be read now, or some of it.
    """
    try:
        config = read_config(arguments.config, arguments.vault, arguments.chain_id)
        check_url(arguments.rpc, "--rpc")
        return _status(config, arguments.rpc, paint)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in NEEDED:
            raise
        print(f"stratc status: error: {error.name} is not installed: pip install 'stratc[keeper]'", file=sys.stderr)
        return 2
    except (SetupError, RpcDown, Refused) as error:
        print(f"stratc status: error: {error}", file=sys.stderr)
        return 2 if isinstance(error, SetupError) else 3


def _status(config: KeeperConfig, rpc: str, paint: Paint) -> int:
    from stratc_targets.keeper.chain import Chain
    from stratc_targets.keeper.nodes import Nodes
    from stratc_targets.keeper.overview import overview
    from stratc_targets.keeper.startup import bound, check_vault
    from stratc_targets.keeper.state import Identity, State
    from stratc_targets.keeper.status_text import status_text
    from stratc_targets.keeper.watch import Watch

    deployment = bound(config)
    chain = Chain(Nodes([rpc]), config, deployment.vault)
    check_vault(config, deployment, chain)
    memory = _Memory(State(Identity(deployment.chain_id, chain.vault, "")))
    watch = Watch(config, chain, memory, Log(io.StringIO(), as_json=False))
    head = chain.head()
    with suppress(Refused):  # a node that keeps no logs, or an unusable price: then the round is told from here on
        watch.recall(head)
    watch.look(head)
    seen = overview(config, chain, head)
    print(status_text(config, deployment, seen, watch.latest, memory.state.seen, paint))
    if seen.broken or any(one.value is not None and not one.alarm.inside(one.value) for one in watch.latest):
        return 1
    unread = seen.why or any(one.why for one in watch.latest) or any(rule.due is None for rule in seen.rules)
    return 3 if unread else 0
