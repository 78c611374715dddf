"""keeper.json: from text to values, with every mistake told by its place in the document."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from importlib.resources import files
from typing import Any

from stratc_targets.documents import read_json
from stratc_targets.keeper.conditions import Condition, Goals, parse_condition, parse_goals
from stratc_targets.keeper.errors import ConfigError
from stratc_targets.keeper.watchlist import Alarm, Readings, View, mistakes, parse_alarms, parse_readings, parse_view

SCHEMA = "stratc.keeper/3"

VAULT_FUNCTIONS = ("ACTIONS", "keeper", "mode", "settle", "settled", "round_allowance", "state", "totalSupply")
"""What the keeper calls besides the rules."""

QUEUE_FUNCTIONS = ("requests_made", "requests_done", "serve")
"""And of a vault with a queue of requests."""

RING_FUNCTIONS = ("observation_due", "observe")
"""And of a vault whose rules ask for a volatility."""

_MOST_MISTAKES = 5


@dataclass(frozen=True, slots=True)
class Timer:
    """Due `period` seconds after what `last_run` says."""

    period: int
    last_run: View


@dataclass(frozen=True, slots=True)
class Stale:
    """Due when the feed of a token is too old."""

    token: str


Trigger = Condition | Timer | Stale


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: the view `due` says when, the function `call` does it, with at most `gas_limit` gas."""

    name: str
    due: str
    call: str
    reduces_risk: bool
    gas_limit: int
    text: str = ""
    trigger: Trigger | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """The most gas for each function that the keeper calls besides the rules, whether the vault has it or not."""

    settle: int
    observe: int
    serve: int


@dataclass(frozen=True, slots=True)
class Gas:
    """Fee caps in wei per gas, and after how many seconds a transaction counts as stuck."""

    normal: int
    emergency: int
    replace_after: float
    limits: Limits


@dataclass(frozen=True, slots=True)
class Code:
    """The runtime that a contract's code begins with: length in bytes and keccak256 in hex."""

    length: int
    keccak: str


@dataclass(frozen=True, slots=True)
class Deployment:
    chain_id: int
    vault: str


@dataclass(frozen=True, slots=True)
class KeeperConfig:
    """What the process reads of keeper.json. `period` is in seconds, `rules` are in order of priority.

    `slippage` is the most that any swap may lose.
    """

    strategy: str
    period: int
    rules: tuple[Rule, ...]
    goals: Goals
    gas: Gas
    alarms: tuple[Alarm, ...]
    readings: Readings
    abi: tuple[dict[str, Any], ...]
    events: tuple[dict[str, Any], ...]
    slippage: Fraction
    code: Code
    actions: Code
    deployment: Deployment | None

    @property
    def queues(self) -> bool:
        """Whether the vault has a queue of requests to serve."""
        return self._has(QUEUE_FUNCTIONS)

    @property
    def observes(self) -> bool:
        """Whether the vault has to be told when to note a price."""
        return self._has(RING_FUNCTIONS)

    @property
    def settle(self) -> Rule:
        """What begins a round, as if it were a rule."""
        return Rule("settle", due="settled", call="settle", reduces_risk=False, gas_limit=self.gas.limits.settle)

    @property
    def observe(self) -> Rule:
        """What notes prices, where the vault has to be told when."""
        limit = self.gas.limits.observe
        return Rule("observe", "observation_due", "observe", reduces_risk=False, gas_limit=limit, text="note prices")

    @property
    def serve(self) -> Rule:
        """What serves requests, where there are any."""
        return Rule("serve", due="serve", call="serve", reduces_risk=False, gas_limit=self.gas.limits.serve)

    def _has(self, functions: tuple[str, ...]) -> bool:
        return {entry["name"] for entry in self.abi}.issuperset(functions)


def parse_config(text: str, name: str) -> KeeperConfig:
    """The configuration in a text; `name` is the file's, for messages. Raises ConfigError."""
    try:
        document = read_json(text)
    except ValueError as error:
        raise ConfigError(f"{name}: {error}") from None
    _check_version(document, name)
    _check_schema(document, name)
    _check_functions(document, name)
    for mistake in mistakes(document):
        raise ConfigError(f"{name}: {mistake}")
    return _config(document)


def bind(document: dict[str, Any], chain_id: int, vault: str) -> dict[str, Any]:
    """The same document with its deployment: the chain and the vault's address in hex.

    Raises ConfigError where it is already bound to another vault.
    """
    deployment = {"chain_id": chain_id, "vault": vault}
    old = document["deployment"]
    if old is not None and (old["chain_id"], old["vault"].lower()) != (chain_id, vault.lower()):
        raise ConfigError(
            f"the configuration is bound to {old['vault']} on chain {old['chain_id']}, "
            f"so it cannot be used for {vault} on chain {chain_id}"
        )
    return document | {"deployment": deployment}


def gwei(amount: Decimal) -> int:
    """Wei in an amount of gwei, rounded down; at least one."""
    return max(1, int(amount * 10**9))


def schema() -> dict[str, Any]:
    """The published JSON Schema of keeper.json."""
    text = files("stratc_targets.keeper").joinpath("keeper.schema.json").read_text("utf-8")
    document: dict[str, Any] = json.loads(text)
    return document


# ── checks ─────────────────────────────────────────────────────────────────────────────────


def _check_version(document: Any, name: str) -> None:
    """Told apart from other mistakes: a file of another version would fail in many confusing places."""
    found = document.get("schema") if isinstance(document, dict) else None
    if isinstance(found, str) and found != SCHEMA:
        cure = "build the strategy again, or read it with the stratc that wrote it"
        of = f"of {by}, " if isinstance(by := document.get("compiler"), str) else ""
        raise ConfigError(f"{name}: schema: this is {found}, {of}and this stratc reads {SCHEMA}: {cure}")


def _check_schema(document: Any, name: str) -> None:
    # Imported here: writing a configuration needs no validator, only the keeper does.
    from jsonschema import Draft202012Validator

    mistakes = sorted(
        Draft202012Validator(schema()).iter_errors(document), key=lambda error: list(map(str, error.path))
    )
    if mistakes:
        shown = [_mistake(error) for error in mistakes[:_MOST_MISTAKES]]
        if len(mistakes) > _MOST_MISTAKES:
            shown.append(f"and {len(mistakes) - _MOST_MISTAKES} more")
        raise ConfigError("\n".join(f"{name}: {line}" for line in shown))


def _mistake(error: Any) -> str:
    """One mistake at the place where it is: of the alternatives of a `oneOf`, in the one that was meant."""
    while error.context:
        # Something stands there, so null was not meant; and a constant that differs tells of another kind.
        not_meant = {
            inner.schema_path[0]
            for inner in error.context
            if inner.validator == "const" or inner.validator_value == "null"
        }
        meant = [inner for inner in error.context if inner.schema_path[0] not in not_meant]
        error = max(meant or error.context, key=lambda inner: len(inner.path))
    return f"{_path(error.absolute_path)}: {error.message}"


def _path(steps: Iterable[str | int]) -> str:
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)
    return text.lstrip(".") or "the document"


def _check_functions(document: dict[str, Any], name: str) -> None:
    known = [entry["name"] for entry in document["abi"]]
    for wanted in VAULT_FUNCTIONS:
        if wanted not in known:
            raise ConfigError(f"{name}: abi: the function `{wanted}` is missing")
    names = [rule["name"] for rule in document["rules"]]
    for place, rule in enumerate(document["rules"]):
        if rule["name"] in names[:place]:
            raise ConfigError(f"{name}: rules[{place}].name: `{rule['name']}` is used twice")
        for field in ("due", "call"):
            if rule[field] not in known:
                raise ConfigError(f"{name}: rules[{place}].{field}: the function `{rule[field]}` is not in abi")


# ── values ─────────────────────────────────────────────────────────────────────────────────


def _config(document: dict[str, Any]) -> KeeperConfig:
    gas, code, deployment = document["gas"], document["code"], document["deployment"]
    caps = gas["max_fee_per_gas_gwei"]
    return KeeperConfig(
        strategy=document["strategy"],
        period=document["period"],
        rules=tuple(_rule(rule) for rule in document["rules"]),
        goals=parse_goals(document),
        gas=Gas(
            gwei(Decimal(caps["normal"])),
            gwei(Decimal(caps["emergency"])),
            float(gas["replace_after_seconds"]),
            Limits(**gas["limits"]),
        ),
        alarms=parse_alarms(document),
        readings=parse_readings(document),
        abi=tuple(document["abi"]),
        events=tuple(document["events"]),
        slippage=max((Fraction(swap["max_slippage"]) for swap in document["swaps"]), default=Fraction(0)),
        code=_code(code["vault"]),
        actions=_code(code["actions"]),
        deployment=None if deployment is None else Deployment(deployment["chain_id"], deployment["vault"]),
    )


def _rule(given: dict[str, Any]) -> Rule:
    return Rule(
        given["name"],
        given["due"],
        given["call"],
        given["reduces_risk"],
        given["gas_limit"],
        given["text"],
        _trigger(given["trigger"]),
    )


def _trigger(given: dict[str, Any]) -> Trigger:
    match given["kind"]:
        case "condition":
            return parse_condition(given["condition"])
        case "timer":
            return Timer(given["period"], parse_view(given["last_run"]))
        case _:
            return Stale(given["token"])


def _code(given: dict[str, Any]) -> Code:
    return Code(given["runtime_bytes"], given["runtime_keccak256"])
