"""Compiling in process, from memory: sources in, code out. Same sources, same bytes."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, NamedTuple

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

_RUNTIME = "evm.deployedBytecode.object"

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
    # Asked for both, venom of 0.4.3 optimises the runtime code a second time: what it calls deployed then is not what
    # the creation code deploys.
    runtime = () if mode.experimental else (_RUNTIME,)
    return {
        "language": "Vyper",
        "sources": {path: {"content": text} for path, text in sources.items()},
        "settings": {
            "evmVersion": EVM_VERSION,
            "optimize": mode.optimize,
            "experimentalCodegen": mode.experimental,
            "search_paths": ["."],
            "outputSelection": {TARGET: ["abi", "evm.bytecode.object", *runtime, "layout"]},
        },
    }


def compile_request(request: dict[str, Any]) -> Compiled:
    """Compile a standard JSON input."""
    contract = _contract(_compile(request))
    creation = contract["evm"]["bytecode"]["object"]
    apart = _contract(_compile(_selecting(request, _RUNTIME))) if is_experimental(request) else contract
    runtime = apart["evm"]["deployedBytecode"]["object"]
    assert runtime.removeprefix("0x") in creation, "the creation code deploys another runtime code"
    # The constructor appends the immutables to the runtime code.
    size = (len(runtime) - 2) // 2 + _immutable_bytes(contract["layout"].get("code_layout", {}))
    return Compiled(request, size, contract["abi"], creation, runtime)


def _selecting(request: dict[str, Any], *outputs: str) -> dict[str, Any]:
    return {**request, "settings": {**request["settings"], "outputSelection": {TARGET: list(outputs)}}}


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
