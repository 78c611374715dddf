"""Compiling in process, from memory: sources in, code out. Same sources, same bytes."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, NamedTuple

import cbor2
from vyper.cli.vyper_json import compile_json

from stratc_targets.vyper.size import parts

EVM_VERSION = "cancun"

TARGET = "contracts/Vault.vy"
CODE_LIMIT = 24_576
"""EIP-170: the most bytes of runtime code that a chain accepts."""


class Mode(NamedTuple):
    """How Vyper compiles: what it optimises for, and whether by its experimental code generator (venom)."""

    optimize: str
    experimental: bool = False


MODES = (Mode("gas"), Mode("codesize"), Mode("codesize", experimental=True))
"""Tried in this order, until the code fits on chain: docs/contract-size.md says why."""

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


def is_experimental(request: Mapping[str, Any]) -> bool:
    """Whether a standard JSON input asks for the experimental code generator."""
    return bool(request["settings"]["experimentalCodegen"])


def compile_vault(sources: Mapping[str, str]) -> Compiled:
    """Compile in the first of `MODES` in which the code fits. Raises ContractTooLarge where it fits in none."""
    too_large: Compiled | None = None
    for mode in MODES:
        try:
            compiled = compile_request(standard_json(sources, mode))
        except Exception:
            # There are contracts that the experimental generator fails on, with whatever exception it runs into.
            if not mode.experimental:
                raise
            continue
        if compiled.size <= CODE_LIMIT:
            return compiled
        too_large = compiled
    assert too_large is not None
    raise ContractTooLarge(too_large.size, contributors(too_large.request)[:_NAMED])


def standard_json(sources: Mapping[str, str], mode: Mode) -> dict[str, Any]:
    """The compiler input in Vyper's standard JSON: all sources and all settings that the code depends on."""
    return {
        "language": "Vyper",
        "sources": {path: {"content": text} for path, text in sources.items()},
        "settings": {
            "evmVersion": EVM_VERSION,
            "optimize": mode.optimize,
            "experimentalCodegen": mode.experimental,
            "search_paths": ["."],
            "outputSelection": {TARGET: ["abi", "evm.bytecode.object"]},
        },
    }


def compile_request(request: dict[str, Any]) -> Compiled:
    """Compile a standard JSON input."""
    contract = _contract(_compile(request))
    creation = contract["evm"]["bytecode"]["object"]
    runtime, immutables = _deployed(bytes.fromhex(creation.removeprefix("0x")))
    return Compiled(request, len(runtime) + immutables, contract["abi"], creation, f"0x{runtime.hex()}")


def _deployed(creation: bytes) -> tuple[bytes, int]:
    """The runtime code in the creation code, and the bytes of immutables that the constructor appends to it.

    Told by the note at the end of what Vyper compiles (CBOR, and its length in two bytes): asked for the runtime code,
    venom of 0.4.3 optimises it a second time, and what it calls deployed then is not what the creation code deploys.
    """
    note = int.from_bytes(creation[-2:], "big")
    _, size, _, immutables, _ = cbor2.loads(creation[-note:-2])
    return creation[-note - size : -note], immutables


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
