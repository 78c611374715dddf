"""Compiling in process, from memory: sources in, code out. Same sources, same bytes."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from vyper.cli.vyper_json import compile_json

from stratc_targets.vyper.size import parts

EVM_VERSION = "cancun"
OPTIMIZE = ("gas", "codesize")
"""Optimisation levels in the order in which they are tried, until the code fits on chain."""

TARGET = "contracts/Vault.vy"
CODE_LIMIT = 24_576
"""EIP-170: the most bytes of runtime code that a chain accepts."""

_NAMED = 6
"""So many functions are named of a contract that is too large."""


class ContractTooLarge(Exception):
    """The vault's code is over the limit of EIP-170. `contributors` are (function, bytes), largest first."""

    def __init__(self, size: int, contributors: tuple[tuple[str, int], ...]) -> None:
        largest = ", ".join(f"{name} {count:,}" for name, count in contributors)
        super().__init__(f"the vault has {size:,} bytes of code, {CODE_LIMIT:,} are allowed; largest parts: {largest}")
        self.size = size
        self.contributors = contributors


@dataclass(frozen=True, slots=True)
class Compiled:
    """What the compiler made of a standard JSON input: creation and runtime code in hexadecimal with 0x.

    `size` is what will stand on chain, immutables included.
    """

    request: dict[str, Any]
    size: int
    abi: list[dict[str, Any]]
    creation: str
    runtime: str


def compile_vault(sources: Mapping[str, str]) -> Compiled:
    """Compile for low gas, or for size where nothing else fits. Raises ContractTooLarge where nothing fits at all."""
    for optimize in OPTIMIZE:
        compiled = compile_request(standard_json(sources, optimize))
        if compiled.size <= CODE_LIMIT:
            return compiled
    raise ContractTooLarge(compiled.size, contributors(compiled.request)[:_NAMED])


def standard_json(sources: Mapping[str, str], optimize: str) -> dict[str, Any]:
    """The compiler input in Vyper's standard JSON: all sources and all settings that the code depends on."""
    return {
        "language": "Vyper",
        "sources": {path: {"content": text} for path, text in sources.items()},
        "settings": {
            "evmVersion": EVM_VERSION,
            "optimize": optimize,
            "experimentalCodegen": False,
            "search_paths": ["."],
            "outputSelection": {TARGET: ["abi", "evm.bytecode.object", "evm.deployedBytecode.object", "layout"]},
        },
    }


def compile_request(request: dict[str, Any]) -> Compiled:
    """Compile a standard JSON input."""
    contract = _contract(_compile(request))
    creation, runtime = (contract["evm"][part]["object"] for part in ("bytecode", "deployedBytecode"))
    # The constructor appends the immutables to the runtime code.
    size = (len(runtime) - 2) // 2 + _immutable_bytes(contract["layout"].get("code_layout", {}))
    return Compiled(request, size, contract["abi"], creation, runtime)


def _immutable_bytes(layout: dict[str, Any]) -> int:
    """The end of the last immutable; modules nest."""
    ends = (
        entry["offset"] + entry["length"] if "offset" in entry else _immutable_bytes(entry) for entry in layout.values()
    )
    return max(ends, default=0)


def contributors(request: dict[str, Any]) -> tuple[tuple[str, int], ...]:
    """Every function and its bytes of runtime code, largest first.

    Compiles once more with a source map; source ids are told by asking for every file's syntax tree.
    """
    sources = {path: entry["content"] for path, entry in request["sources"].items()}
    wanted: dict[str, list[str]] = {path: ["ast"] for path in sources}
    wanted[TARGET] = ["ast", "evm.deployedBytecode.sourceMap"]
    result = _compile({**request, "settings": {**request["settings"], "outputSelection": wanted}})
    ids = {entry["id"]: path for path, entry in result["sources"].items()}
    return parts(_contract(result), ids, sources)


def _contract(result: dict[str, Any]) -> dict[str, Any]:
    contract: dict[str, Any] = result["contracts"][TARGET][PurePosixPath(TARGET).stem]
    return contract


def _compile(request: dict[str, Any]) -> dict[str, Any]:
    # The compiler's standard-JSON entry sets a global warnings filter.
    with warnings.catch_warnings():
        result: dict[str, Any] = compile_json(request)
    return result
