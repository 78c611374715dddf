"""What there is to do now: the first rule that is due, or else a new round. One step, one transaction."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from enum import IntEnum

from stratc_targets.keeper.chain import Chain, Head
from stratc_targets.keeper.config import KeeperConfig, Rule
from stratc_targets.keeper.errors import Refused
from stratc_targets.keeper.fees import first_bid
from stratc_targets.keeper.lane import Done, Lane
from stratc_targets.keeper.log import Log
from stratc_targets.keeper.state import Round
from stratc_targets.keeper.waiting import Backoff
from stratc_targets.keeper.watch import Watch

LONGEST_RULE_PAUSE_SECONDS = 60.0
"""A rule that cannot be carried out is tried again at least so often: the market may let it through any minute."""

LOOKS_TO_SETTLE = 4
"""So many looks before the period is over a round counts as old: room for one that is missed, and for the mining."""

SERVE = Rule("serve", due="serve", call="serve", reduces_risk=False, gas_limit=5_000_000)
SETTLE = Rule("settle", due="settled", call="settle", reduces_risk=False, gas_limit=1_500_000)


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
    """`poll` in seconds; `dry_run` never sends; `settle` begins new rounds."""

    poll: float
    dry_run: bool
    settle: bool


@dataclass(slots=True)
class Keeper:
    """Decides, and leaves the sending to its lane.

    Its methods raise RpcDown where the endpoint does not answer, Refused where it will not and no rule is to blame.
    """

    config: KeeperConfig
    chain: Chain
    lane: Lane
    watch: Watch
    log: Log
    settings: Settings
    _pauses: dict[str, tuple[Backoff, float]] = field(default_factory=dict)
    _mode: Mode = Mode.OPEN

    def step(self) -> bool:
        """End what is in flight, or do one thing that is due; False where there was nothing to do."""
        if self.lane.store.state.flight and not self.settings.dry_run:
            self._note(self.lane.follow(self._urgent, self._watch_on))
            return True
        head = self.chain.head()
        if head.number < self.lane.seen_block:
            return False  # this endpoint lags behind the one that told of our last transaction
        acted = self._act(head)
        self._watch(head)
        return acted

    def _act(self, head: Head) -> bool:
        rules = self._rules(head)
        due = [rule for rule in rules if self._due(rule, head)]
        if due:
            return any(self._run(rule, head) for rule in due if self._rested(rule))
        return (self._mode is Mode.OPEN and self._begin_round(head)) or self._serve(head)

    def _watch(self, head: Head) -> None:
        if not self._mode.over:
            self.watch.look(head)

    def _watch_on(self) -> None:
        """While a transaction is in flight, too: what keeps it from being mined often moves the market as well."""
        self._watch(self.chain.head())

    # ── what is due ────────────────────────────────────────────────────────────────────────

    def _rules(self, head: Head) -> list[Rule]:
        """The rules that the vault's mode leaves: a frozen vault only reduces risk, an exited one does nothing."""
        mode = Mode(self.chain.view("mode", head.number))
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
        if not due:
            self._pauses.pop(rule.name, None)
        return due

    def _rested(self, rule: Rule) -> bool:
        return rule.name not in self._pauses or time.monotonic() >= self._pauses[rule.name][1]

    def _pause(self, rule: Rule) -> None:
        """Let the rule rest, longer each time in a row: it fails, or succeeds and is due all the same."""
        most = max(self.settings.poll, min(self.config.period / 10, LONGEST_RULE_PAUSE_SECONDS))
        backoff, _ = self._pauses.get(rule.name, (Backoff(self.settings.poll, most), 0.0))
        self._pauses[rule.name] = (backoff, time.monotonic() + backoff.next())

    def _urgent(self) -> tuple[str, int] | None:
        """What reduces risk, is due and would succeed: worth the nonce of something routine that is stuck."""
        head = self.chain.head()
        for rule in self.config.rules:
            if rule.reduces_risk and self._due(rule, head):
                gas = self._simulated(rule, head)
                if gas is not None:
                    return rule.call, gas
        return None

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
            needed = self.chain.estimate_gas(rule.call, sender)
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
        cap = self.lane.cap(rule.call)
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
        self._note(self.lane.deliver(rule.call, nonce, gas, bid, self._urgent, self._watch_on))
        return True

    # ── rounds ─────────────────────────────────────────────────────────────────────────────

    def _begin_round(self, head: Head) -> bool:
        """Settle where the round is almost as old as the period, or half of its withdrawal allowance is used."""
        if not self.settings.settle or not self._rested(SETTLE) or not self._worn(head):
            return False
        if not self._due(SETTLE, head):
            return False
        return self._run(SETTLE, head)

    def _serve(self, head: Head) -> bool:
        """Serve the oldest requests where anything would be set aside for them now."""
        if not self.config.queues or not self._rested(SERVE):
            return False
        made, done = (self.chain.view(name, head.number) for name in ("requests_made", "requests_done"))
        if made == done or not self._would_serve(head):
            self._pauses.pop(SERVE.name, None)
            return False
        return self._run(SERVE, head)

    def _would_serve(self, head: Head) -> bool:
        try:
            return bool(self.chain.simulate(SERVE.call, self.lane.account.address, head.number))
        except Refused:
            return False  # not now: the vault is guarded, or a price is unusable

    def _worn(self, head: Head) -> bool:
        known = self.lane.store.state.round
        if known is None:
            return True
        allowance = int(self.chain.view("round_allowance", head.number))
        if allowance > known.allowance:  # deposits may raise it
            known = Round(known.began, allowance)
            self.lane.store.set_round(known)
        old = self.config.period - min(LOOKS_TO_SETTLE * self.settings.poll, self.config.period / 2)
        return head.time - known.began >= old or 2 * allowance < known.allowance

    def _note(self, done: Done | None) -> None:
        """Remember when a round began. Should that be lost, the next one only begins early."""
        if done is None or done.call != SETTLE.call or not done.landed.succeeded:
            return
        self._pauses.pop(SETTLE.name, None)
        block = self.chain.block(done.landed.block)
        self.lane.store.set_round(Round(block.time, int(self.chain.view("round_allowance", block.number))))
