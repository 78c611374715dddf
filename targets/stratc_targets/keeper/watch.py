"""The watch: at each look it measures what the proofs assume and the contract cannot enforce, and raises alarms.

What it does not see: prices between two looks; what happens to positions between the last look before an event of the
vault and that event's first look, since then the vault itself may have moved them; gifts from before the first deposit.
Nothing is watched once the vault is exited. An alarm that stands when the keeper starts again is raised again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction

from stratc_targets.keeper.chain import Chain, Head
from stratc_targets.keeper.config import KeeperConfig
from stratc_targets.keeper.errors import Refused, RpcDown
from stratc_targets.keeper.inner_rounds import RoundCount
from stratc_targets.keeper.log import Log
from stratc_targets.keeper.measures import AAVE_UNIT, Sight, kept, measure, parameter_difference, unit_worth
from stratc_targets.keeper.state import Look, Memory, Seen
from stratc_targets.keeper.watchlist import ONE_SHARE, Alarm, RoundsRead, View

EVENTS = "the vault's events"

RECALLED, RECALLED_BLOCKS = 10, 2_000
"""So many times so many blocks are looked through for the beginning of a round: nodes answer for few at a time."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What one look found of an assumption: None where there is nothing to measure, or where it cannot be: why."""

    alarm: Alarm
    value: Fraction | None
    why: str | None = None


@dataclass(slots=True)
class Watch:
    """Measures and tells; nothing that goes wrong here stops the keeper."""

    config: KeeperConfig
    chain: Chain
    store: Memory
    log: Log
    latest: tuple[Measured, ...] = ()
    _block: int = -1
    _rounds: dict[str, RoundCount] = field(default_factory=dict)
    _raised: set[str] = field(default_factory=set)
    _unread: set[str] = field(default_factory=set)

    def look(self, head: Head) -> None:
        """Measure everything at a block, once, and raise or end alarms."""
        if head.number <= self._block:
            return
        self._block = head.number
        failed: dict[str, str] = {}
        try:
            self.latest = tuple(self._measure(head, failed))
        except RpcDown as trouble:
            # Whatever else needs the endpoint says so itself; what is being kept must not wait for the watch.
            self.latest = tuple(Measured(alarm, None, str(trouble)) for alarm in self.config.alarms)
        for one in self.latest:
            if one.why is None:
                self._judge(one.alarm, one.value)
        self._tell(failed | {one.alarm.id: one.why for one in self.latest if one.why is not None})

    def begin_again(self) -> None:
        """Measure the next block whatever its number: those before it are no more."""
        self._block = -1
        self._rounds.clear()

    def recall(self, head: Head) -> None:
        """Begin with the round that the vault's events tell of, where nodes still know of it."""
        last_event, upto = 0, head.number
        for _ in range(RECALLED):
            events = self.chain.events(max(upto - RECALLED_BLOCKS + 1, 0), upto)
            last_event = last_event or (events[-1][0] if events else 0)
            if began := [block for block, is_round in events if is_round]:
                self.store.set_seen(self._round(began[-1], last_event, self.chain.state(head.number), head))
                return
            upto -= RECALLED_BLOCKS
            if upto < 0:
                return

    def _measure(self, head: Head, failed: dict[str, str]) -> Iterator[Measured]:
        sight = self._sight(head, failed)
        for alarm in self.config.alarms:
            try:
                yield Measured(alarm, self._measured(alarm, head, sight))
            except Refused as refusal:
                yield Measured(alarm, None, str(refusal))

    # ── alarms ─────────────────────────────────────────────────────────────────────────────

    def _measured(self, alarm: Alarm, head: Head, sight: Sight | Refused) -> Fraction | None:
        def ask(view: View) -> int:
            return self.chain.ask(view, head.number)

        # These can be told while no price is usable.
        if alarm.quantity == "parameter_difference":
            return parameter_difference(alarm, self.config.readings, ask)
        if alarm.quantity == "keeper_interval_seconds":
            seen = self.store.state.seen
            return None if seen is None else Fraction(head.time - seen.began)
        if alarm.quantity == "rounds_begun":
            counts = (self._count(one) for one in self.config.readings.rounds if one.venue == alarm.subject)
            found = (count.measured(head.number) for count in counts)
            return max((one for one in found if one is not None), default=None)
        if isinstance(sight, Refused):
            raise sight
        return measure(alarm, sight, ask)

    def _count(self, read: RoundsRead) -> RoundCount:
        return self._rounds.setdefault(read.venue, RoundCount(read, self.chain))

    def _judge(self, alarm: Alarm, measured: Fraction | None) -> None:
        """Raise the alarm where it was not, end it where it was."""
        out = measured is not None and not alarm.inside(measured)
        if out == (alarm.id in self._raised):
            return
        number = None if measured is None else float(measured)
        said = f"{alarm.id}: {alarm.text}; measured {_text(measured)}, assumed {_edges(alarm)}"
        if out:
            self._raised.add(alarm.id)
            at_stake = ", ".join(alarm.claims) or "no claim"
            self.log.error("alarm", f"{said}; at stake: {at_stake}", id=alarm.id, measured=number)
        else:
            self._raised.remove(alarm.id)
            self.log.info("alarm_over", said, id=alarm.id, measured=number)

    def _tell(self, failed: dict[str, str]) -> None:
        """Say once what cannot be measured, and that it can be again."""
        for reason in dict.fromkeys(reason for what, reason in failed.items() if what not in self._unread):
            ids = ", ".join(what for what in failed if failed[what] == reason and what not in self._unread)
            self.log.warning("unmeasured", f"cannot measure {ids}: {reason}", ids=ids, reason=reason)
        if back := ", ".join(sorted(self._unread - failed.keys())):
            self.log.info("measured", f"can measure {back} again", ids=back)
        self._unread = set(failed)

    # ── what is seen ───────────────────────────────────────────────────────────────────────

    def _sight(self, head: Head, failed: dict[str, str]) -> Sight | Refused:
        """The vault now and its round; why not, where it cannot be read."""
        try:
            state = self.chain.state(head.number)
            coarsest = self._coarsest(state, head.number)
            empty = not self.chain.view("totalSupply", head.number)
            seen = self._seen(state, coarsest, empty, head, failed)
        except Refused as refusal:
            return refusal
        if empty:
            # Whatever comes and goes is nobody's, until somebody deposits.
            seen = replace(self._anew(state, seen.last), began=seen.began, prices=seen.prices)
        self.store.set_seen(seen)
        return Sight(self.config.readings, state, coarsest, seen, empty)

    def _coarsest(self, state: dict[str, int], block: int) -> Fraction:
        """The worth of the coarsest unit: of a token, of a venue's share, and of Aave's accounts; in 10^-18 USD."""
        readings = self.config.readings
        units = [unit_worth(readings, state, token.name) for token in readings.tokens]
        shares = [
            unit_worth(readings, state, share.token) * self.chain.ask(share.view, block) / ONE_SHARE
            for share in readings.shares
        ]
        return max(AAVE_UNIT, *units, *shares)

    def _seen(self, state: dict[str, int], coarsest: Fraction, empty: bool, head: Head, failed: dict[str, str]) -> Seen:
        """What was seen before, with this look added to it."""
        now = self._held(state, head)
        before = self.store.state.seen
        if before is None or before.last.amounts.keys() != now.amounts.keys():
            self.log.info("watching", f"nothing is known of the round before block {head.number}", block=head.number)
            return self._anew(state, now)
        if head.number <= before.last.block:
            return before
        try:
            events = self.chain.events(before.last.block + 1, head.number)
        except Refused as refusal:
            failed[EVENTS] = str(refusal)
            events = [(head.number, False)]  # the vault may have moved anything
        if not events:
            return replace(before, last=now)
        if began := [block for block, is_round in events if is_round]:
            return self._round(began[-1], events[-1][0], state, head)
        closed = Sight(self.config.readings, state, coarsest, before, empty)
        growth = {one.name: kept(closed.growth(one)) for one in self.config.readings.positions}
        seconds = before.seconds + before.last.time - before.start.time
        return replace(before, growth=growth, seconds=seconds, start=now, last=now)

    def _round(self, began: int, last_event: int, state: dict[str, int], head: Head) -> Seen:
        """A round from the block that it began in, as far as that can still be read."""
        at = self.chain.block(began)
        try:
            opening = self.chain.state(began)
        except Refused:
            # Nodes forget old states. Prices of now stand in for those of then.
            self.log.info("watching", f"block {began}, where the round began, cannot be read any more", block=began)
            return replace(self._anew(state, self._held(state, head)), began=at.time)
        seen = self._anew(opening, self._held(opening, at))
        now = self._held(state, head)
        return replace(seen, start=seen.start if last_event == began else now, last=now)

    def _anew(self, state: dict[str, int], at: Look) -> Seen:
        """A round that begins now."""
        readings = self.config.readings
        prices = {token.name: state[token.price] for token in readings.tokens}
        return Seen(at.time, prices, {one.name: Fraction(1) for one in readings.positions}, 0, at, at)

    def _held(self, state: dict[str, int], head: Head) -> Look:
        return Look(
            head.number, head.time, head.hash, {one.name: state[one.amount] for one in self.config.readings.positions}
        )


def _text(number: Fraction | None) -> str:
    return "nothing" if number is None else f"{float(number):.9g}"


def _edges(alarm: Alarm) -> str:
    if alarm.low is None:
        return f"at most {_text(alarm.high)}"
    if alarm.high is None:
        return f"at least {_text(alarm.low)}"
    return f"between {_text(alarm.low)} and {_text(alarm.high)}"
