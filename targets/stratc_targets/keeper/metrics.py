"""What Prometheus is told of the vaults that are kept, in its text format (version 0.0.4). No I/O."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isnan

from stratc_targets.keeper.conditions import Number
from stratc_targets.keeper.overview import Overview, used_up
from stratc_targets.keeper.watch import Measured

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

HELP = {
    "stratc_keeper_silent_seconds": "Seconds since the keeper last looked at the vault, by its own steady clock.",
    "stratc_keeper_clock_seconds": "By how much the keeper's clock was ahead of the block that it looked at.",
    "stratc_keeper_in_flight": "Whether a transaction for this vault is not mined yet.",
    "stratc_keeper_balance_ether": "What the keeper has to pay gas with.",
    "stratc_block_number": "The block that was looked at.",
    "stratc_block_timestamp_seconds": "When that block was made.",
    "stratc_block_still_seconds": "For how long, by the keeper's own steady clock, there has been no later one.",
    "stratc_vault_readable": "Whether the vault could be read: every price usable.",
    "stratc_vault_mode": "0 open, 1 frozen, 2 exited, 3 stuck in an exit.",
    "stratc_vault_nav_usd": "Net asset value.",
    "stratc_weight": "A position's share of nav, without sign.",
    "stratc_band_room": "How much of nav may come or go before a position leaves its band.",
    "stratc_sensitivity": "What nav, or delta, gains for each 100% that a price moves: a share of nav, with its sign.",
    "stratc_sensitivity_room": "How much of nav a sensitivity is away from the nearer edge of its band.",
    "stratc_liquidation_room": "What collateral may lose, or what is short may rise, before a venue may liquidate.",
    "stratc_floor_room": "How far a floor is, as a share of its edge; negative where it is broken.",
    "stratc_rule_due": "Whether a rule is due.",
    "stratc_rule_due_seconds": "For how many seconds of the chain's time it has been due without a break.",
    "stratc_assumption_measured": "What was measured of an assumption.",
    "stratc_assumption_used": "How much of what it allows is used up; 1 at the edge.",
    "stratc_assumption_broken": "Whether it does not hold.",
    "stratc_assumption_unmeasured": "Whether it could not be measured.",
    "stratc_feed_age_seconds": "Seconds since a price was written.",
    "stratc_feed_heartbeat_seconds": "How often it is written at the least.",
}
"""Every metric. All are gauges."""

Labels = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Sample:
    """One number of one metric."""

    metric: str
    value: float
    labels: Labels


@dataclass(frozen=True, slots=True)
class Looked:
    """What one look at a vault found, besides the overview: what only its keeper knows.

    `due_since` is by rule, in the chain's time; `balance` in wei, `clock` is the keeper's, in seconds since 1970; for
    `still` seconds of its steady clock there was no later block.
    """

    strategy: str
    vault: str
    seen: Overview
    measured: Sequence[Measured]
    due_since: Mapping[str, int]
    in_flight: bool
    balance: int
    clock: float
    still: float


def samples(looked: Looked) -> list[Sample]:
    """All that one look tells."""
    of = {"strategy": looked.strategy, "vault": looked.vault}
    return [Sample(metric, float(value), of | labels) for metric, value, labels in _told(looked)]


def _told(looked: Looked) -> Iterator[tuple[str, Number, dict[str, str]]]:
    seen = looked.seen
    yield "stratc_keeper_clock_seconds", looked.clock - seen.head.time, {}
    yield "stratc_keeper_in_flight", looked.in_flight, {}
    yield "stratc_keeper_balance_ether", looked.balance / 10**18, {}
    yield "stratc_block_number", seen.head.number, {}
    yield "stratc_block_timestamp_seconds", seen.head.time, {}
    yield "stratc_block_still_seconds", looked.still, {}
    yield "stratc_vault_readable", seen.why is None, {}
    yield "stratc_vault_mode", seen.mode, {}
    if seen.nav is not None:
        yield "stratc_vault_nav_usd", seen.nav, {}
    for weighed in seen.weights:
        position = {"position": weighed.band.position}
        if weighed.weight is not None:
            yield "stratc_weight", weighed.weight, position
        yield "stratc_band_room", weighed.room, position
    for exposed in seen.sensitivities:
        sensitivity = {"sensitivity": exposed.sensitivity.name}
        if exposed.share is not None:
            yield "stratc_sensitivity", exposed.share, sensitivity
        yield "stratc_sensitivity_room", exposed.room, sensitivity
    for owing in seen.loans:
        yield "stratc_liquidation_room", owing.buffer, {"venue": owing.venue}
    for short in seen.shorts:
        yield "stratc_liquidation_room", short.rise, {"venue": short.account.venue}
    for kept in seen.floors:
        yield "stratc_floor_room", kept.room, {"floor": kept.floor.text}
    for coming in seen.rules:
        rule = {"rule": coming.rule.name}
        if coming.due is not None:
            yield "stratc_rule_due", coming.due, rule
        since = looked.due_since.get(coming.rule.name, seen.head.time)
        yield "stratc_rule_due_seconds", seen.head.time - since if coming.due else 0, rule
    yield from _assumptions(looked.measured)
    for aged in seen.ages:
        token = {"token": aged.token}
        if aged.age is not None:
            yield "stratc_feed_age_seconds", aged.age, token
        yield "stratc_feed_heartbeat_seconds", aged.heartbeat, token


def _assumptions(measured: Sequence[Measured]) -> Iterator[tuple[str, Number, dict[str, str]]]:
    for one in measured:
        assumption = {"assumption": one.alarm.id}
        yield "stratc_assumption_unmeasured", one.why is not None, assumption
        used = used_up(one)
        if one.value is not None and used is not None:
            yield "stratc_assumption_measured", one.value, assumption
            yield "stratc_assumption_used", used, assumption
        yield "stratc_assumption_broken", one.value is not None and not one.alarm.inside(one.value), assumption


class Board:
    """What was seen last of each vault. The keeper posts, others read: each post replaces the one before as a whole."""

    def __init__(self, patience: float) -> None:
        """`patience` is after how many seconds of silence the keeper counts as ill."""
        self.patience = patience
        self._posts: dict[str, tuple[float, Labels, list[Sample]]] = {}

    def expect(self, strategy: str, vault: str) -> None:
        """A vault that is to be kept, and that nobody has looked at."""
        self._posts[vault] = time.monotonic(), {"strategy": strategy, "vault": vault}, []

    def post(self, looked: Looked) -> None:
        """A look that is done."""
        labels = {"strategy": looked.strategy, "vault": looked.vault}
        self._posts[looked.vault] = time.monotonic(), labels, samples(looked)

    def silence(self) -> dict[str, float]:
        """For how many seconds each vault has not been looked at, or has waited to be."""
        return {vault: time.monotonic() - at for vault, (at, _, _) in sorted(self._posts.items())}

    def text(self) -> str:
        """Everything, as Prometheus reads it."""
        quiet = self.silence()
        posts = [post for _, post in sorted(self._posts.items())]
        found = [Sample("stratc_keeper_silent_seconds", quiet[labels["vault"]], labels) for _, labels, _ in posts]
        found += [sample for _, _, told in posts for sample in told]
        lines = []
        for metric, text in HELP.items():
            mine = [sample for sample in found if sample.metric == metric]
            if mine:
                lines += [f"# HELP {metric} {text}", f"# TYPE {metric} gauge", *map(_line, mine)]
        return "\n".join(lines) + "\n"


def _line(sample: Sample) -> str:
    labels = ",".join(f'{name}="{_escaped(value)}"' for name, value in sample.labels.items())
    return f"{sample.metric}{{{labels}}} {_number(sample.value)}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _number(value: float) -> str:
    if isnan(value):
        return "NaN"
    return {float("inf"): "+Inf", float("-inf"): "-Inf"}.get(value, repr(value))
