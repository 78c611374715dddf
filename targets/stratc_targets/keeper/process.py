"""The keeper process: look, do the most important thing that is due, look again."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from eth_account.signers.local import LocalAccount

from stratc_targets.keeper.chain import Chain
from stratc_targets.keeper.config import KeeperConfig
from stratc_targets.keeper.duties import Keeper, Settings
from stratc_targets.keeper.errors import Refused, RpcDown, SetupError
from stratc_targets.keeper.lane import RETRY_SECONDS, Lane
from stratc_targets.keeper.listen import listening
from stratc_targets.keeper.log import Log
from stratc_targets.keeper.metrics import Board
from stratc_targets.keeper.nodes import Nodes
from stratc_targets.keeper.startup import bound, check
from stratc_targets.keeper.state import Identity, StateFile, locked
from stratc_targets.keeper.waiting import Backoff, Stop
from stratc_targets.keeper.watch import Watch

LONGEST_POLL_SECONDS = 15.0

SILENT_POLLS, SILENT_SECONDS = 5, 60.0
"""A keeper is ill that has not looked for so many polls, or so long where that is longer."""


@dataclass(frozen=True, slots=True)
class Options:
    """How to run. `poll` is in seconds, None for a tenth of the shortest period and at most 15 s.

    `listen` is where to answer those who watch the keeper, None for nowhere.
    """

    log: Log
    poll: float | None = None
    once: bool = False
    dry_run: bool = False
    settle: bool = True
    listen: tuple[str, int] | None = None


@dataclass(slots=True)
class Seat:
    """One vault: what is needed to keep it, and its keeper once the endpoints have told that it is the right one.

    After a failure it is left alone until `rested`, in `time.monotonic()`.
    """

    config: KeeperConfig
    chain: Chain
    store: StateFile
    log: Log
    retry: Backoff
    keeper: Keeper | None = None
    rested: float = 0.0
    _forgetful: str | None = None

    def tell_of_store(self) -> None:
        """Say once that the state cannot be written, and that it can be again."""
        if self.store.unwritten == self._forgetful:
            return
        if self.store.unwritten is not None:
            self.log.error("state_unwritten", f"{self.store.unwritten}; going on, and a restart would know less")
        else:
            self.log.info("state_written", "the state is written again")
        self._forgetful = self.store.unwritten


def run_keeper(vaults: Mapping[Path, KeeperConfig], nodes: Nodes, key: LocalAccount, options: Options) -> int:
    """Keep vaults, each with its state file, until SIGTERM or SIGINT, or for one pass where `once`.

    Returns the exit status: 0 for an ordered end, 1 where `once` could not finish its pass. Raises SetupError where
    it cannot start. While no endpoint answers it keeps trying, except with `once`.
    """
    chain_id = _chain_of(vaults.values())
    period = min(config.period for config in vaults.values())
    # A pass of `once` must not outlast the round that it belongs to.
    stop = Stop(time.monotonic() + period if options.once else None)
    poll = options.poll if options.poll is not None else min(period / 10, LONGEST_POLL_SECONDS)
    with ExitStack() as held:
        for path in vaults:
            held.enter_context(locked(path))
        held.enter_context(_signals(stop))
        patience = min(config.gas.replace_after for config in vaults.values())
        lane = Lane(key, chain_id, patience, options.log, stop)
        seats = [_seat(config, path, nodes, lane, options, poll) for path, config in vaults.items()]
        board = _board(seats, poll, options, held)
        # What is in flight is ended first: all of them share one nonce.
        seats.sort(key=lambda seat: seat.store.state.flight is None)
        settings = Settings(poll, options.dry_run, options.settle, options.once)
        finished = _loop(seats, lambda seat: _start(seat, lane, settings, board), settings, options, stop)
    if stop.told:
        options.log.info("stopped", "stopped as told")
    elif not finished and stop.reached:
        options.log.error("unfinished", f"the pass was not finished within {period} s")
    return 0 if stop.told or finished else 1


def _chain_of(configs: Iterable[KeeperConfig]) -> int:
    """The one chain of all vaults. Raises SetupError for vaults that one process cannot keep."""
    deployments = [bound(config) for config in configs]
    chains = {one.chain_id for one in deployments}
    if len(chains) > 1:
        raise SetupError(
            f"the vaults are on several chains ({', '.join(map(str, sorted(chains)))}): run one keeper each"
        )
    vaults = [one.vault.lower() for one in deployments]
    if len(set(vaults)) < len(vaults):
        raise SetupError("the same vault is given twice")
    return chains.pop()


def _seat(config: KeeperConfig, path: Path, nodes: Nodes, lane: Lane, options: Options, poll: float) -> Seat:
    deployment = bound(config)
    chain = Chain(nodes, config, deployment.vault)
    store = StateFile(path, Identity(deployment.chain_id, chain.vault, lane.account.address))
    log = options.log.of(f"{config.strategy} {chain.vault}")
    return Seat(config, chain, store, log, Backoff(poll, RETRY_SECONDS))


@contextmanager
def _signals(stop: Stop) -> Iterator[None]:
    """Let SIGTERM and SIGINT end the keeper in order, between two of its steps."""
    before = {number: signal.signal(number, lambda *_: stop.tell()) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _board(seats: Sequence[Seat], poll: float, options: Options, held: ExitStack) -> Board | None:
    """Where the keeper posts what it sees, and somebody listens; None where nobody does."""
    if options.listen is None:
        return None
    board = Board(max(SILENT_POLLS * poll, SILENT_SECONDS))
    for seat in seats:
        board.expect(seat.config.strategy, seat.chain.vault)
    url = held.enter_context(listening(options.listen, board))
    options.log.info("listening", f"answering at {url}/health and {url}/metrics", url=url)
    return board


def _start(seat: Seat, lane: Lane, settings: Settings, board: Board | None) -> Keeper:
    deployment = bound(seat.config)
    check(seat.config, deployment, seat.chain, lane.account, seat.log)
    keeping = f"keeping {seat.config.strategy} at {seat.chain.vault} on chain {deployment.chain_id}"
    message = f"{keeping} as {lane.account.address}"
    rules = len(seat.config.rules)
    seat.log.info("started", message, strategy=seat.config.strategy, dry_run=settings.dry_run, rules=rules)
    watch = Watch(seat.config, seat.chain, seat.store, seat.log)
    keeper = Keeper(seat.config, seat.chain, lane, seat.store, watch, seat.log, settings, board)
    lane.vaults[seat.chain.vault] = keeper
    return keeper


def _loop(
    seats: Sequence[Seat], start: Callable[[Seat], Keeper], settings: Settings, options: Options, stop: Stop
) -> bool:
    """Look and act until told to stop; with `once` until there is nothing more to do, which is when it returns True."""
    while not stop.reached:
        acted = False
        for seat in seats:
            if stop.reached or time.monotonic() < seat.rested:
                continue
            try:
                acted = _step(seat, start) or acted
            except (RpcDown, Refused) as trouble:
                # What is refused here is no rule's fault: a node that limits requests, or has not got the block yet.
                if options.once:
                    seat.log.error("rpc_down", str(trouble))
                    return False
                delay = seat.retry.next()
                seat.rested = time.monotonic() + delay
                message = f"{trouble}; trying again in {delay:.1f} s"
                seat.log.warning("rpc_down", message, retry_in=round(delay, 1))
            finally:
                seat.tell_of_store()
        if options.once and not acted and not stop.reached:
            return True
        if not acted:
            waiting = [seat.rested - time.monotonic() for seat in seats]
            stop.wait(max(min(waiting), 0.0) or settings.poll)
    return False


def _step(seat: Seat, start: Callable[[Seat], Keeper]) -> bool:
    seat.keeper = seat.keeper or start(seat)
    acted = seat.keeper.step()
    if seat.retry.failures:
        seat.log.info("rpc_back", f"the endpoint answers again after {seat.retry.failures} failed tries")
        seat.retry.failures = 0
    return acted
