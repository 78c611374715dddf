"""The keeper process: look, do the most important thing that is due, look again."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from eth_account.signers.local import LocalAccount

from stratc_targets.keeper.chain import Chain
from stratc_targets.keeper.config import Deployment, KeeperConfig
from stratc_targets.keeper.duties import Keeper, Settings
from stratc_targets.keeper.errors import Refused, RpcDown
from stratc_targets.keeper.lane import RETRY_SECONDS, Lane
from stratc_targets.keeper.log import Log
from stratc_targets.keeper.startup import bound, check
from stratc_targets.keeper.state import Identity, StateFile, locked
from stratc_targets.keeper.waiting import Backoff, Stop
from stratc_targets.keeper.watch import Watch

LONGEST_POLL_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Options:
    """How to run. `poll` is in seconds, None for a tenth of the period and at most 15 s."""

    state: Path
    log: Log
    poll: float | None = None
    once: bool = False
    dry_run: bool = False
    settle: bool = True


def run_keeper(config: KeeperConfig, rpc_url: str, key: LocalAccount, options: Options) -> int:
    """Keep one vault until SIGTERM or SIGINT, or for one pass where `once`.

    Returns the exit status: 0 for an ordered end, 1 where `once` could not finish its pass. Raises SetupError where
    it cannot start. While the endpoint is dead it keeps trying, except with `once`.
    """
    # A pass of `once` must not outlast the round that it belongs to.
    stop = Stop(time.monotonic() + config.period if options.once else None)
    deployment = bound(config)
    chain = Chain(rpc_url, config, deployment.vault)
    with locked(options.state), _signals(stop):
        finished = _loop(lambda: _start(config, deployment, chain, key, options, stop), config, options, stop)
    if stop.told:
        options.log.info("stopped", "stopped as told")
    return 0 if stop.told or finished else 1


@contextmanager
def _signals(stop: Stop) -> Iterator[None]:
    """Let SIGTERM and SIGINT end the keeper in order, between two of its steps."""
    before = {number: signal.signal(number, lambda *_: stop.tell()) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _start(
    config: KeeperConfig, deployment: Deployment, chain: Chain, key: LocalAccount, options: Options, stop: Stop
) -> Keeper:
    check(config, deployment, chain, key, options.log)
    identity = Identity(deployment.chain_id, chain.vault, key.address)
    emergency = frozenset(rule.call for rule in config.rules if rule.reduces_risk)
    store = StateFile(options.state, identity)
    lane = Lane(chain, key, config.gas, emergency, store, options.log, stop)
    message = f"keeping {config.strategy} at {chain.vault} on chain {deployment.chain_id} as {key.address}"
    options.log.info("started", message, strategy=config.strategy, dry_run=options.dry_run, rules=len(config.rules))
    settings = Settings(_poll_seconds(config, options), options.dry_run, options.settle)
    return Keeper(config, chain, lane, Watch(config, chain, store, options.log), options.log, settings)


def _loop(start: Callable[[], Keeper], config: KeeperConfig, options: Options, stop: Stop) -> bool:
    """Look and act until told to stop; with `once` until there is nothing more to do, which is when it returns True."""
    keeper: Keeper | None = None
    poll = _poll_seconds(config, options)
    retry = Backoff(poll, RETRY_SECONDS)
    while not stop.reached:
        try:
            keeper = keeper or start()
            acted = keeper.step()
            if retry.failures:
                options.log.info("rpc_back", f"the endpoint answers again after {retry.failures} failed tries")
                retry.failures = 0
            if options.once and not acted:
                return True
            if not acted:
                stop.wait(poll)
        except (RpcDown, Refused) as trouble:
            # What is refused here is no rule's fault: a node that limits requests, or has not got the block yet.
            if options.once:
                options.log.error("rpc_down", str(trouble))
                return False
            delay = retry.next()
            options.log.warning("rpc_down", f"{trouble}; trying again in {delay:.1f} s", retry_in=round(delay, 1))
            stop.wait(delay)
    if not stop.told:
        options.log.error("unfinished", f"the pass was not finished within {config.period} s")
    return False


def _poll_seconds(config: KeeperConfig, options: Options) -> float:
    return options.poll if options.poll is not None else min(config.period / 10, LONGEST_POLL_SECONDS)
