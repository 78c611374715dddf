"""alerts.yml: rules for Prometheus that say, of what `keeper run --listen` tells, what people must know.

Whether the keeper looks at all comes first: what is not measured raises nothing. Then what is broken, an alarm for each
watched assumption with the claims at stake, and rules that stay due. Made of keeper.json alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from vyper.utils import checksum_encode

from stratc_targets.artifact import Artifact
from stratc_targets.keeper.watchlist import COUNTED

PATH = "alerts.yml"

SILENT_SECONDS = 120
"""A keeper looks every 15 s at the most."""

OLD_BLOCK_SECONDS = 300
"""No chain that vaults are on makes its blocks so slowly: the endpoint stands still."""

CLOCK_SECONDS = 120
"""Between the keeper's clock and a block that has just been made."""

NEARLY = "0.9"
"""From this share on an assumption is nearly used up."""


@dataclass(frozen=True, slots=True)
class Alert:
    """One rule. `wait` is how long it must hold, in Prometheus's words; None for no time."""

    name: str
    expr: str
    wait: str | None
    severity: str
    labels: dict[str, str]
    summary: str
    description: str


def emit_alerts(document: dict[str, Any]) -> Artifact:
    """The rules for the vault of a keeper.json; the same document gives the same bytes."""
    strategy = document["strategy"]
    alerts = [*_freshness(document), *_broken(document), *_assumptions(document), *_stuck(document)]
    lines = ["groups:", f"  - name: {_quoted(f'stratc {strategy}')}", "    rules:"]
    for alert in alerts:
        lines += _lines(alert, strategy)
    return Artifact(PATH, "\n".join(lines) + "\n")


def _freshness(document: dict[str, Any]) -> Iterator[Alert]:
    """What makes every other rule worth anything."""
    yield Alert(
        "StratcKeeperAbsent",
        f"absent({_metric('stratc_keeper_silent_seconds', document)})",
        "2m",
        "critical",
        {},
        "Nobody keeps the vault",
        "No keeper answers Prometheus: nothing of the vault is watched, and no other alarm can be raised.",
    )
    yield Alert(
        "StratcKeeperSilent",
        f"{_metric('stratc_keeper_silent_seconds', document)} > {SILENT_SECONDS}",
        None,
        "critical",
        {},
        "The keeper does not look at the vault",
        "It has not looked for {{ $value | humanizeDuration }}: no endpoint answers it, or it hangs. The proofs assume "
        f"that it does every {document['period']} s.",
    )
    yield Alert(
        "StratcBlocksOld",
        f"time() - {_metric('stratc_block_timestamp_seconds', document)} > {OLD_BLOCK_SECONDS}",
        None,
        "critical",
        {},
        "The keeper sees old blocks",
        "The block that it looks at is {{ $value | humanizeDuration }} old: the chain or each endpoint stands still.",
    )
    yield Alert(
        "StratcBlocksStill",
        f"{_metric('stratc_block_still_seconds', document)} > {OLD_BLOCK_SECONDS}",
        None,
        "critical",
        {},
        "The keeper sees no new blocks",
        "For {{ $value | humanizeDuration }} there has been none: the chain or each endpoint stands still.",
    )
    yield Alert(
        "StratcClockOff",
        f"abs({_metric('stratc_keeper_clock_seconds', document)}) > {CLOCK_SECONDS}",
        "5m",
        "warning",
        {},
        "The keeper's clock is off",
        "It differs from the chain's by {{ $value | humanizeDuration }}. Rounds go by the chain; logs do not.",
    )
    for token in document["readings"]["tokens"]:
        if token["heartbeat"] is not None:
            labels = {"token": token["name"]}
            yield Alert(
                "StratcFeedStale",
                f"{_metric('stratc_feed_age_seconds', document, **labels)} > {token['heartbeat']}",
                None,
                "critical",
                labels,
                f"The price of {token['name']} is stale",
                f"Its feed is {{{{ $value | humanizeDuration }}}} old and is written every {token['heartbeat']} s: "
                "the vault does nothing that needs it.",
            )
    yield Alert(
        "StratcVaultUnreadable",
        f"{_metric('stratc_vault_readable', document)} == 0",
        "1m",
        "critical",
        {},
        "The vault cannot be read",
        "A price is unusable, or a venue does not answer: floors and assumptions are not measured.",
    )


def _broken(document: dict[str, Any]) -> Iterator[Alert]:
    for floor in document["floors"]:
        labels = {"floor": floor["text"]}
        yield Alert(
            "StratcFloorBroken",
            f"{_metric('stratc_floor_room', document, **labels)} < 0",
            None,
            "critical",
            labels,
            f"A floor is broken: {floor['text']}",
            f"{_where(document, floor['line'])} It is missed by {{{{ $value | humanizePercentage }}}} of its edge. The "
            "proofs say that this cannot be while their assumptions hold.",
        )
    for one in (*document["loans"], *document.get("accounts", ())):
        labels = {"venue": one["venue"]}
        yield Alert(
            "StratcLiquidatable",
            f"{_metric('stratc_liquidation_room', document, **labels)} < 0",
            None,
            "critical",
            labels,
            f"{one['venue']} may liquidate the vault",
            "At the vault's prices what covers its debt there is less than the venue asks for. The proofs say that "
            "this cannot be while their assumptions hold.",
        )
    rescue = max((rule["gas_limit"] for rule in document["rules"] if rule["reduces_risk"]), default=0)
    cost = Fraction(rescue) * Fraction(str(document["gas"]["max_fee_per_gas_gwei"]["emergency"])) / 10**9
    if cost:
        yield Alert(
            "StratcKeeperPoor",
            f"{_metric('stratc_keeper_balance_ether', document)} < {float(cost):g}",
            None,
            "warning",
            {},
            "The keeper cannot pay a rescue",
            f"It has {{{{ $value | humanize }}}}, and one rescue may cost {float(cost):g} at the emergency cap.",
        )


def _assumptions(document: dict[str, Any]) -> Iterator[Alert]:
    for alarm in document["alarms"]:
        labels = {"assumption": alarm["id"]}
        at_stake = ", ".join(alarm["claims"]) or "no claim"
        broken = _metric("stratc_assumption_broken", document, **labels)
        measured = _metric("stratc_assumption_measured", document, **labels)
        used = _metric("stratc_assumption_used", document, **labels)
        yield Alert(
            "StratcAssumptionBroken",
            f"{measured} and {broken} == 1",
            None,
            "critical",
            labels,
            f"An assumption fails: {alarm['text']}",
            f"{_where(document, alarm['line'], alarm.get('file'))} Measured: {{{{ $value }}}}. At stake: {at_stake}.",
        )
        if alarm["measure"]["high"] != "0" and alarm["measure"]["quantity"] not in COUNTED:
            yield Alert(
                "StratcAssumptionNearlyUsedUp",
                f"{used} >= {NEARLY} unless {broken} == 1",
                None,
                "warning",
                labels,
                f"An assumption is nearly used up: {alarm['text']}",
                f"{{{{ $value | humanizePercentage }}}} of what it allows is used. At stake: {at_stake}.",
            )
        yield Alert(
            "StratcAssumptionUnmeasured",
            f"{_metric('stratc_assumption_unmeasured', document, **labels)} == 1",
            "10m",
            "warning",
            labels,
            f"An assumption cannot be measured: {alarm['text']}",
            f"Whether it holds is not known. At stake: {at_stake}.",
        )


def _stuck(document: dict[str, Any]) -> Iterator[Alert]:
    """A trigger that stays true: what is due is not done, or done in vain."""
    for rule in document["rules"]:
        labels = {"rule": rule["name"]}
        yield Alert(
            "StratcRuleStuck",
            f"{_metric('stratc_rule_due_seconds', document, **labels)} > {document['period']}",
            None,
            "critical" if rule["reduces_risk"] else "warning",
            labels,
            f"A rule stays due: {rule['text']}",
            f"{_where(document, rule['line'])} It has been due for {{{{ $value | humanizeDuration }}}}, and the proofs "
            f"cover {document['period']} s: it cannot be carried out, or nobody does, or it does not help.",
        )


def _where(document: dict[str, Any], line: int | None, file: str | None = None) -> str:
    return "Implied." if line is None else f"{file or document['source']['name']}, line {line}."


def _metric(name: str, document: dict[str, Any], **labels: str) -> str:
    """A selector of one vault's metric. PromQL's strings are written as JSON's are.

    Not bound to a vault the rules are of every one of the strategy: that one of two is not kept would be missed.
    """
    bound = document["deployment"]
    of = {"strategy": document["strategy"]} | ({"vault": checksum_encode(bound["vault"])} if bound else {}) | labels
    return f"{name}{{{', '.join(f'{label}={_quoted(value)}' for label, value in of.items())}}}"


def _lines(alert: Alert, strategy: str) -> Iterator[str]:
    """One rule in YAML, every text as JSON writes it: YAML reads that."""
    yield f"      - alert: {alert.name}"
    yield f"        expr: {_quoted(alert.expr)}"
    if alert.wait is not None:
        yield f"        for: {alert.wait}"
    yield "        labels:"
    for label, value in ({"severity": alert.severity, "strategy": strategy} | alert.labels).items():
        yield f"          {label}: {_quoted(value)}"
    yield "        annotations:"
    yield f"          summary: {_quoted(f'{strategy}: {alert.summary}')}"
    yield f"          description: {_quoted(alert.description)}"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
