"""Are keeper.json and alerts.yml what the source gives? Whoever keeps the vault believes them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from stratc_targets.deploy.findings import Finding, Level
from stratc_targets.documents import read_json
from stratc_targets.keeper.alerts import PATH as ALERTS
from stratc_targets.keeper.alerts import emit_alerts
from stratc_targets.keeper.config import bind, parse_config
from stratc_targets.keeper.emit import PATH as KEEPER
from stratc_targets.keeper.errors import ConfigError

OPERATORS = ("max_fee_per_gas_gwei", "replace_after_seconds")
"""Of `gas`, what whoever keeps the vault may set as they like: no proof knows of fees."""


def differing(found: dict[str, Any], printed: dict[str, Any]) -> list[str]:
    """Where a configuration says something else than the one that was printed, but for what its operators set."""
    ours, theirs = _without_operators(found), _without_operators(printed)
    return [name for name in {**theirs, **ours} if ours.get(name) != theirs.get(name)]


def _without_operators(document: dict[str, Any]) -> dict[str, Any]:
    return document | {"gas": {name: one for name, one in document["gas"].items() if name not in OPERATORS}}


def check_beside(record: Path, printed: str, chain_id: int, vault: str) -> Iterator[Finding]:
    """Findings of what lies beside a record; `printed` is keeper.json as the source gives it, bound to no vault.

    What does not lie there is a note: whoever keeps the vault may have taken it elsewhere.
    """
    expected = read_json(json.dumps(bind(json.loads(printed), chain_id, vault)))
    place = record.with_name(KEEPER)
    keeper = _read(place)
    if keeper is None:
        yield Finding(Level.NOTE, KEEPER, f"there is no {place}")
    else:
        yield from _keeper(keeper, str(place), expected)
    place = record.with_name(ALERTS)
    alerts = _read(place)
    if alerts is None:
        yield Finding(Level.NOTE, ALERTS, f"there is no {place}")
    elif alerts != emit_alerts(expected).text:
        yield Finding(Level.WRONG, ALERTS, "it differs from what keeper.json gives: alarms may be missing in it")
    else:
        yield Finding(Level.OK, ALERTS, "an alarm for each watched assumption, as the source gives them")


def _keeper(text: str, name: str, expected: dict[str, Any]) -> Iterator[Finding]:
    """What is found of keeper.json. Its fee caps go into what is `expected`, for alarms tell of them."""
    try:
        parse_config(text, name)
    except ConfigError as error:
        yield Finding(Level.WRONG, KEEPER, str(error))
        return
    found = read_json(text)
    names, as_printed = differing(found, expected), found["gas"] == expected["gas"]
    expected["gas"] |= {name: found["gas"][name] for name in OPERATORS}
    if names:
        yield Finding(Level.WRONG, KEEPER, f"it differs from what the source gives in {', '.join(names)}")
    elif as_printed:
        yield Finding(Level.OK, KEEPER, "as the source gives it, for this vault")
    else:
        caps = found["gas"]["max_fee_per_gas_gwei"]
        said = f"as the source gives it, but for gas: {caps['normal']} gwei at most, {caps['emergency']} for a rescue"
        yield Finding(Level.NOTE, KEEPER, said)


def _read(place: Path) -> str | None:
    """The text of a file, what cannot be read as one being no configuration; None where there is none."""
    try:
        return place.read_text("utf-8", "replace")
    except OSError:
        return None
