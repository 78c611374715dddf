"""keeper.json of a proved vault: what its keeper does, from what was proved and what was compiled."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import PurePath
from typing import Any

from vyper.utils import keccak256

from stratc_compiler.certify import ProvedVault
from stratc_compiler.vault import (
    Exits,
    Freezes,
    Marks,
    OnCondition,
    OnStale,
    OnTimer,
    RuleEffect,
    RuleModel,
    SwapModel,
    Trades,
    Vault,
)
from stratc_dsl.span import Source
from stratc_dsl.strategy import KeeperEvery, Rule, Strategy, When
from stratc_targets.artifact import Artifact
from stratc_targets.keeper.alarms import Grounds, alarms, grounds_of, readings
from stratc_targets.keeper.config import QUEUE_FUNCTIONS, RING_FUNCTIONS, SCHEMA, VAULT_FUNCTIONS
from stratc_targets.keeper.decimals import decimal_text
from stratc_targets.keeper.goals import accounts, bands, condition, floors, loans, sensitivities
from stratc_targets.keeper.watchlist import THE_VAULT, View
from stratc_targets.vyper.symbols import Symbols, symbols_of

PATH = "keeper.json"

NORMAL_MAX_FEE_GWEI = 50
"""What routine work may cost: above it, a rebalance can wait for a cheaper hour."""

EMERGENCY_MAX_FEE_GWEI = 500
"""What saving a loan may cost. On 2020-03-12 gas stood at 80 to 200 gwei, and keepers with a lower cap were stuck."""

REPLACE_AFTER_SECONDS = 60
"""Five blocks of Ethereum: a fair bid is mined in one or two."""

TRADE_GAS_LIMIT = 5_000_000
RECORD_GAS_LIMIT = 1_500_000
"""Rules that only record something still read every oracle and venue when they assert the floors."""

RING_GAS, MOVE_GAS = 130_000, 5_000
"""What a ring of observations adds to any call at the most, and what each move that it keeps.

The first observation fills five words, which is the former. After a silence as long as the window a call forgets every
move: each takes 2,000 gas to read and 550 to look at, and those 550 again at each further reading of the state.
"""


def emit_keeper(proved: ProvedVault, abi: Sequence[dict[str, Any]], runtime_hex: str, actions_hex: str) -> Artifact:
    """The configuration of the vault's keeper, not yet bound to a deployment; the same input gives the same bytes.

    `abi` is the compiled vault's, `runtime_hex` and `actions_hex` are its runtime and that of its actions, without
    immutables (with or without `0x`).
    Raises ValueError where the vault lacks a function that its keeper calls.
    """
    return Artifact(PATH, keeper_text(grounds_of(proved.verification), abi, runtime_hex, actions_hex))


def keeper_text(grounds: Grounds, abi: Sequence[dict[str, Any]], runtime_hex: str, actions_hex: str) -> str:
    """What `emit_keeper` writes, of grounds that somebody else has seen to be proved."""
    vault, source = grounds.vault, grounds.source
    period, symbols = _period(vault.strategy), symbols_of(vault)
    lines = [source.line_and_column(floor.span.start)[0] for floor in vault.floors]
    document = {
        "schema": SCHEMA,
        "strategy": vault.strategy.name,
        # The file alone, not its folder: the same text gives the same bytes wherever it lies.
        "source": {"name": PurePath(source.name).name, "sha256": source.digest()},
        "compiler": f"stratc {version('stratc')}",
        "period": period,
        "rules": [
            _rule(rule, written, vault, symbols, source)
            for rule, written in zip(vault.rules, vault.strategy.rules, strict=True)
        ],
        "floors": floors(vault, symbols, lines),
        "bands": bands(vault, symbols),
        "loans": loans(vault, symbols),
        **({"accounts": accounts(vault, symbols)} if vault.perps else {}),
        **({"sensitivities": sensitivities(vault, symbols)} if vault.greeks else {}),
        "gas": {
            "max_fee_per_gas_gwei": {"normal": NORMAL_MAX_FEE_GWEI, "emergency": EMERGENCY_MAX_FEE_GWEI},
            "replace_after_seconds": REPLACE_AFTER_SECONDS,
            "limits": {
                "settle": RECORD_GAS_LIMIT + _ring_gas(vault),
                "observe": RECORD_GAS_LIMIT + _ring_gas(vault),
                "serve": TRADE_GAS_LIMIT + _ring_gas(vault),
            },
        },
        "swaps": [_swap(swap) for swap in vault.swaps],
        "alarms": alarms(grounds, period),
        "readings": readings(vault),
        "abi": _abi(abi, vault),
        "events": [entry for entry in abi if entry["type"] == "event"],
        "code": {"vault": _code(runtime_hex), "actions": _code(actions_hex)},
        "deployment": None,
    }
    return document_text(document)


def _code(runtime_hex: str) -> dict[str, Any]:
    runtime = bytes.fromhex(runtime_hex.removeprefix("0x"))
    return {"runtime_bytes": len(runtime), "runtime_keccak256": f"0x{keccak256(runtime).hex()}"}


def document_text(document: dict[str, Any]) -> str:
    """A configuration as it is written to a file."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def due_name(rule: str) -> str:
    """The view of the vault that says whether a rule is due."""
    return f"{rule}_due"


def last_run_name(rule: str) -> str:
    """The view of the vault that says when a rule on a timer was last carried out."""
    return f"{rule}_last_run"


def _period(strategy: Strategy) -> int:
    return next(assumption.period for assumption in strategy.assumptions if isinstance(assumption, KeeperEvery))


def _rule(rule: RuleModel, written: Rule, vault: Vault, symbols: Symbols, source: Source) -> dict[str, Any]:
    return {
        "name": rule.name,
        "text": rule.text,
        "line": source.line_and_column(rule.span.start)[0],
        "trigger": _trigger(rule, written, vault, symbols),
        "due": due_name(rule.name),
        "call": rule.name,
        "reduces_risk": _reduces_risk(rule.effect),
        "gas_limit": _gas_limit(rule.effect) + _ring_gas(vault),
    }


def _trigger(rule: RuleModel, written: Rule, vault: Vault, symbols: Symbols) -> dict[str, Any]:
    match rule.trigger, written.trigger:
        case OnCondition(given), When(predicate):
            return {"kind": "condition", "text": given.text, "condition": condition(predicate, vault, symbols)}
        case OnTimer(period), _:
            last_run = View(THE_VAULT, f"{last_run_name(rule.name)}()", None)
            return {"kind": "timer", "period": period, "last_run": asdict(last_run)}
        case OnStale(token), _:
            return {"kind": "stale", "token": token}
        case other:
            raise ValueError(f"a rule of the model that is not the strategy's: {other}")


def _reduces_risk(effect: RuleEffect) -> bool:
    match effect:
        case Trades(reduces_risk=reduces_risk):
            return reduces_risk
        case Freezes() | Exits():
            return True
        case Marks():
            return False


def _gas_limit(effect: RuleEffect) -> int:
    match effect:
        case Trades() | Exits():
            return TRADE_GAS_LIMIT
        case Marks() | Freezes():
            return RECORD_GAS_LIMIT


def _ring_gas(vault: Vault) -> int:
    """What reading the strategy's rings may add to a call: whoever reads the state reads them all."""
    return sum(RING_GAS + MOVE_GAS * ring.length for ring in vault.rings)


def _swap(swap: SwapModel) -> dict[str, Any]:
    return {
        "venue": swap.name,
        "adapter": swap.adapter,
        "pair": list(swap.pair),
        "max_slippage": decimal_text(swap.slippage),
    }


def _abi(abi: Sequence[dict[str, Any]], vault: Vault) -> list[dict[str, Any]]:
    rules = (name for rule in vault.rules for name in (due_name(rule.name), rule.name))
    further = (*(QUEUE_FUNCTIONS if vault.queues else ()), *(RING_FUNCTIONS if vault.rings else ()))
    wanted = [*VAULT_FUNCTIONS, *further, *rules]
    functions = {entry["name"]: entry for entry in abi if entry["type"] == "function"}
    missing = [name for name in wanted if name not in functions]
    if missing:
        raise ValueError(f"the vault lacks what its keeper calls: {', '.join(missing)}")
    return [functions[name] for name in wanted]
