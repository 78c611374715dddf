"""What there is to do now: the first rule that is due, or else a new round. One step, one transaction."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from enum import IntEnum
from fractions import Fraction

from stratc_targets.keeper.chain import Chain, Head
from stratc_targets.keeper.conditions import nearness
from stratc_targets.keeper.config import KeeperConfig, Rule, Stale, Timer
from stratc_targets.keeper.errors import Refused, RpcDown
from stratc_targets.keeper.fees import cap_between, first_bid
from stratc_targets.keeper.lane import Done, Errand, Lane
from stratc_targets.keeper.log import Log
from stratc_targets.keeper.metrics import Board, Looked
from stratc_targets.keeper.overview import Overview, overview
from stratc_targets.keeper.state import Round, StateFile
from stratc_targets.keeper.waiting import Backoff
from stratc_targets.keeper.watch import Watch

LONGEST_RULE_PAUSE_SECONDS = 60.0
"""A rule that cannot be carried out is tried again at least so often: the market may let it through any minute."""

PATIENCE = 4
"""Due for this part of a period, a rule that reduces risk may bid the emergency fee wherever the floors are: the proofs
cover no longer wait than a period."""

STILL_SECONDS = 300.0
"""No chain that vaults are on makes its blocks so slowly."""

LOOKS_TO_SETTLE = 4
"""So many looks before the period is over a round counts as old: room for one that is missed, and for the mining."""


class Mode(IntEnum):
    """What the vault's `mode()` says."""

    OPEN = 0
    FROZEN = 1
    EXITED = 2
    STUCK = 3

    @property
    def over(self) -> bool:
        """Whether there is nothing left to keep."""
        return self >= Mode.EXITED


@dataclass(frozen=True, slots=True)
class Settings:
    """`poll` in seconds; `dry_run` never sends; `settle` begins new rounds; `once` looks no second time."""

    poll: float
    dry_run: bool
    settle: bool
    once: bool


@dataclass(slots=True)
class Keeper:
    """Decides for one vault, and leaves the sending to its lane; `store` is what it must not forget.

    Its methods raise RpcDown where the endpoint does not answer, Refused where it will not and no rule is to blame.
    """

    config: KeeperConfig
    chain: Chain
    lane: Lane
    store: StateFile
    watch: Watch
    log: Log
    settings: Settings
    board: Board | None = None
    _height: int = -1
    _height_since: float = 0.0
    _told_still: bool = False
    _seen: tuple[str, Overview] | None = None
    _due_since: dict[str, int] = field(default_factory=dict)
    _pauses: dict[str, tuple[Backoff, float]] = field(default_factory=dict)
    _mode: Mode = Mode.OPEN

    def step(self) -> bool:
        """End what is in flight, or do one thing that is due; False where there was nothing to do."""
        if self.store.state.flight and not self.settings.dry_run:
            self._note(self.lane.follow(self.store, self.chain))
            return True
        head = self.chain.head()
        if self.lane.is_ahead_of(head):
            return False  # this endpoint lags behind the one that told of our last transaction
        self._check_moving(head)
        self._check_past(head)
        acted = self._act(head)
        self._watch(head)
        return acted

    def _check_moving(self, head: Head) -> None:
        """An endpoint that stands still answers as ever: nothing seems due, and nobody would notice."""
        if head.number != self._height:
            if self._told_still:
                self.log.info("moving", f"there are new blocks again: {head.number}", block=head.number)
            self._height, self._height_since, self._told_still = head.number, time.monotonic(), False
        elif not self._told_still and self._still >= STILL_SECONDS:
            self._told_still = True
            message = f"no block after {head.number} for {self._still:.0f} s: the chain or every endpoint stands still"
            self.log.error("still", message, block=head.number)

    @property
    def _still(self) -> float:
        """For how many seconds of the steady clock the latest block has been the same."""
        return time.monotonic() - self._height_since

    def _check_past(self, head: Head) -> None:
        """Forget what was seen in blocks that are no more: in those of now the round may not have begun."""
        seen = self.store.state.seen
        if seen is None or seen.last.block > head.number or self.chain.block(seen.last.block).hash == seen.last.hash:
            return
        message = f"block {seen.last.block} is another one now: the chain was reorganised"
        self.log.warning("reorganised", message, block=seen.last.block)
        self.store.forget_round()
        self.watch.begin_again()

    def _act(self, head: Head) -> bool:
        rules = self._rules(head)
        due = [rule for rule in rules if self._due(rule, head)]
        if any(self._run(rule, head) for rule in due if self._rested(rule)):
            return True
        # What is due and cannot be carried out, as where a cap is reached, holds up no observation and no requests.
        may_settle = not due and self.settings.settle and self._mode is Mode.OPEN
        begun = may_settle and self._begin_round(head)
        return begun or self._observe(head, may_settle) or self._serve(head)

    def _watch(self, head: Head) -> None:
        if not self._mode.over:
            self.watch.look(head)
        if self.board is not None:
            try:
                self.board.post(self._looked(head))
            except (
                RpcDown,
                Refused,
            ) as trouble:  # what is told must not hold up what is done; it goes stale, and shows
                self.log.warning("untold", f"nothing new for Prometheus: {trouble}")

    def _looked(self, head: Head) -> Looked:
        if self._seen is None or self._seen[0] != head.hash:
            self._seen = head.hash, overview(self.config, self.chain, head)
        return Looked(
            self.config.strategy,
            self.chain.vault,
            self._seen[1],
            self.watch.latest,
            self._due_since,
            self.store.state.flight is not None,
            self.chain.balance(self.lane.account.address),
            time.time(),
            self._still,
        )

    def watch_on(self) -> None:
        """While a transaction is in flight, too: what keeps it from being mined often moves the market as well."""
        self._watch(self.chain.head())

    # ── what is due ────────────────────────────────────────────────────────────────────────

    def _rules(self, head: Head) -> list[Rule]:
        """The rules that the vault's mode leaves: a frozen vault only reduces risk, an exited one does nothing."""
        mode = Mode(self.chain.mode(head.number))
        if mode is not self._mode:
            self.log.warning("mode", f"the vault is {mode.name.lower()} now", mode=mode.name)
            self._mode = mode
        if mode.over:
            return []
        return [rule for rule in self.config.rules if rule.reduces_risk or mode is Mode.OPEN]

    def _due(self, rule: Rule, head: Head) -> bool:
        try:
            due = bool(self.chain.view(rule.due, head.number))
        except Refused as refusal:
            # For instance a condition on a price that is stale: the rules after it may still be judged.
            if self._rested(rule):
                self._pause(rule)
                self.log.warning("unreadable", f"{rule.name}: cannot tell whether it is due: {refusal}", rule=rule.name)
            return False
        if due:
            self._due_since.setdefault(rule.name, head.time)
        else:
            self._pauses.pop(rule.name, None)
            self._due_since.pop(rule.name, None)
        return due

    def _rested(self, rule: Rule) -> bool:
        return rule.name not in self._pauses or time.monotonic() >= self._pauses[rule.name][1]

    def _pause(self, rule: Rule) -> None:
        """Let the rule rest, longer each time in a row: it fails, or succeeds and is due all the same."""
        most = max(self.settings.poll, min(self.config.period / 10, LONGEST_RULE_PAUSE_SECONDS))
        backoff, _ = self._pauses.get(rule.name, (Backoff(self.settings.poll, most), 0.0))
        self._pauses[rule.name] = (backoff, time.monotonic() + backoff.next())

    def urgent(self) -> Errand | None:
        """What reduces risk, is due and would succeed: worth the nonce of something routine that is stuck."""
        head = self.chain.head()
        for rule in self.config.rules:
            if rule.reduces_risk and self._due(rule, head):
                gas = self._simulated(rule, head)
                if gas is not None:
                    return Errand(self.chain.vault, rule.call, gas)
        return None

    # ── what it may cost ───────────────────────────────────────────────────────────────────

    def reduces_risk(self, call: str) -> bool:
        """Whether a function is of a rule that reduces risk."""
        return any(rule.reduces_risk for rule in self.config.rules if rule.call == call)

    def cap(self, call: str) -> int:
        """Of what reduces risk: more the nearer the floor, and the longer it has been due. Else the normal cap.

        Where no floor is of what the rule looks at, or nothing can be read, nobody can tell how near it is; nor how
        long it has been due where this look is the only one.
        """
        gas = self.config.gas
        rule = next((one for one in self.config.rules if one.call == call and one.reduces_risk), None)
        if rule is None:
            return gas.normal
        if self.settings.once:
            return gas.emergency
        head = self.chain.head()
        waited = Fraction(PATIENCE * (head.time - self._due_since.get(rule.name, head.time)), self.config.period)
        return cap_between(gas.normal, gas.emergency, max(self._nearness(rule, head), waited))

    def _nearness(self, rule: Rule, head: Head) -> Fraction:
        if rule.trigger is None or isinstance(rule.trigger, Timer | Stale):
            return Fraction(1)
        try:
            near = nearness(rule.trigger, self.config.goals, self.chain.state(head.number))
        except Refused:
            return Fraction(1)
        return Fraction(1) if near is None else near

    # ── doing it ───────────────────────────────────────────────────────────────────────────

    def _run(self, rule: Rule, head: Head) -> bool:
        """Carry out a rule; False where it could not be sent."""
        self._pause(rule)
        gas = self._simulated(rule, head)
        if gas is None:
            return False
        if self.settings.dry_run:
            self.log.info("would_send", f"{rule.name} is due and would succeed", rule=rule.name, gas=gas)
            return False
        return self._send(rule, gas, head)

    def _simulated(self, rule: Rule, head: Head) -> int | None:
        """The gas to send the call with; None where it would fail."""
        sender = self.lane.account.address
        try:
            self.chain.simulate(rule.call, sender, head.number)
            needed = self.chain.estimate_gas(rule.call, sender, rule.gas_limit)
        except Refused as refusal:
            self.log.warning(
                "would_revert", f"{rule.name} is due, but would revert: {refusal}", rule=rule.name, reason=str(refusal)
            )
            return None
        if needed > rule.gas_limit:
            self.log.error("too_much_gas", f"{rule.name} needs {needed} gas, limit {rule.gas_limit}", rule=rule.name)
            return None
        return min(needed * 13 // 10, rule.gas_limit)  # room for what other transactions change before it

    def _send(self, rule: Rule, gas: int, head: Head) -> bool:
        cap = self.cap(rule.call)
        bid = first_bid(head.base_fee or 0, self.chain.tip(), cap)
        if bid is None:
            self.log.warning(
                "fee_too_high",
                f"{rule.name} is due, but the base fee is above the cap",
                rule=rule.name,
                base_fee=head.base_fee,
                cap=cap,
            )
            return False
        # At the block of the decision: should anything have landed since, the nonce is used and nothing happens twice.
        nonce = self.chain.nonce(self.lane.account.address, head.number)
        self._note(self.lane.deliver(Errand(self.chain.vault, rule.call, gas), nonce, bid, self.store))
        return True

    # ── rounds ─────────────────────────────────────────────────────────────────────────────

    def _begin_round(self, head: Head) -> bool:
        """Settle where the round is almost as old as the period, or half of its withdrawal allowance is used."""
        if not self._rested(self.config.settle) or not self._worn(head):
            return False
        if not self._due(self.config.settle, head):
            return False
        return self._run(self.config.settle, head)

    def _observe(self, head: Head, may_settle: bool) -> bool:
        """Have prices noted where no round will begin that does it: a market that frightens is the one to look at."""
        if not self.config.observes or self._mode.over or not self._rested(self.config.observe):
            return False
        will_settle = may_settle and bool(self.chain.view("settled", head.number))
        return not will_settle and self._due(self.config.observe, head) and self._run(self.config.observe, head)

    def _serve(self, head: Head) -> bool:
        """Serve the oldest requests where anything would be set aside for them now."""
        if not self.config.queues or not self._rested(self.config.serve):
            return False
        made, done = (self.chain.view(name, head.number) for name in ("requests_made", "requests_done"))
        if made == done or not self._would_serve(head):
            self._pauses.pop(self.config.serve.name, None)
            return False
        return self._run(self.config.serve, head)

    def _would_serve(self, head: Head) -> bool:
        try:
            return bool(self.chain.simulate(self.config.serve.call, self.lane.account.address, head.number))
        except Refused:
            return False  # not now: the vault is guarded, or a price is unusable

    def _worn(self, head: Head) -> bool:
        known = self.store.state.round
        if known is None:
            return True
        allowance = int(self.chain.view("round_allowance", head.number))
        if allowance > known.allowance:  # deposits may raise it
            known = Round(known.began, allowance)
            self.store.set_round(known)
        old = self.config.period - min(LOOKS_TO_SETTLE * self.settings.poll, self.config.period / 2)
        return head.time - known.began >= old or 2 * allowance < known.allowance

    def _note(self, done: Done | None) -> None:
        """Tell what was done to whose vault it was done in."""
        kept = None if done is None else self.lane.vaults.get(done.vault)
        if done is not None and kept is not None:
            kept.note(done)

    def note(self, done: Done) -> None:
        """Remember when a round began. Should that be lost, the next one only begins early."""
        if done.call != self.config.settle.call or not done.landed.succeeded:
            return
        self._pauses.pop(self.config.settle.name, None)
        block = self.chain.block(done.landed.block)
        self.store.set_round(Round(block.time, int(self.chain.view("round_allowance", block.number))))
