"""Compiling in process, from memory: sources in, code out. Same sources, same bytes."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any, NamedTuple

import cbor2
from vyper.cli.vyper_json import compile_json
from vyper.utils import keccak256

from stratc_targets.venues import emitter
from stratc_targets.vyper import reasons
from stratc_targets.vyper.size import parts

EVM_VERSION = "cancun"

VAULT = "contracts/Vault.vy"
ACTIONS = "contracts/Actions.vy"
ACTIONS_CODE = "contracts/actions_code.vy"

OWN = "VAULT"
"""The one immutable that the actions have and their vault has not: whose they are. It stands behind all others."""

WORD = 32

CODE_LIMIT = 24_576
"""EIP-170: the most bytes of runtime code that a chain accepts."""

BLUEPRINT = bytes.fromhex("fe7100")
"""What a blueprint begins with (ERC-5202): it cannot be called."""


class Mode(NamedTuple):
    """How Vyper compiles: what it optimises for, and whether by its experimental code generator (venom).

    `compact` sources revert with their reasons in one place (see `reasons`).
    """

    optimize: str
    experimental: bool = False
    compact: bool = False


MODES = (Mode("gas"), Mode("codesize"), Mode("codesize", compact=True))
"""Tried in this order, until the code fits on chain: docs/contract-size.md says why."""

_NAMED = 6
"""So many functions are named of a contract that is too large."""


class ContractTooLarge(Exception):
    """A contract's code is over the limit of EIP-170. `contributors` are (function, bytes), largest first."""

    def __init__(self, contract: str, size: int, contributors: tuple[tuple[str, int], ...]) -> None:
        largest = ", ".join(f"{name} {count:,}" for name, count in contributors)
        super().__init__(f"{contract} has {size:,} bytes of code, {CODE_LIMIT:,} are allowed; largest parts: {largest}")
        self.size = size
        self.contributors = contributors


class StorageDiffers(Exception):
    """The two contracts of a vault would not find the same things in the same places: a bug of the compiler."""


@dataclass(frozen=True, slots=True)
class Compiled:
    """What the compiler made of a standard JSON input: creation and runtime code in hexadecimal with 0x.

    `size` is what will stand on chain, immutables included. `storage` is where everything stored has its place,
    `transient` the same of what is forgotten after each transaction, `immutables` of what stands behind the code.
    `actions` is the other contract, of which this one makes itself a copy when it is deployed.
    """

    request: dict[str, Any]
    size: int
    abi: list[dict[str, Any]]
    creation: str
    runtime: str
    storage: dict[str, Any]
    transient: dict[str, Any]
    immutables: dict[str, Any]
    actions: Compiled | None = None

    @property
    def target(self) -> str:
        """The path of the source that was compiled."""
        return _target(self.request)

    @property
    def blueprint(self) -> bytes:
        """The code of a contract that others are made from (ERC-5202): the creation code, made uncallable."""
        return BLUEPRINT + bytes.fromhex(self.creation.removeprefix("0x"))

    @property
    def largest(self) -> int:
        """Of actions, the size of the larger contract: their blueprint, or what is made from it, in which immutables
        take the place of the constructor."""
        return max(len(self.blueprint), self.size)

    @property
    def excess(self) -> tuple[Compiled, int] | None:
        """The contract that no chain accepts, and its size; None where all fit."""
        sizes = [(self, self.size)] + ([(self.actions, self.actions.largest)] if self.actions else [])
        return next(((one, size) for one, size in sizes if size > CODE_LIMIT), None)


def compile_vault(sources: Mapping[str, str]) -> Compiled:
    """Compile in the first of `MODES` in which the code fits. Raises ContractTooLarge where it fits in none."""
    excess: tuple[Compiled, int] | None = None
    for mode in MODES:
        compiled = compile_in(mode, sources)
        excess = compiled.excess
        if excess is None:
            return compiled
    assert excess is not None
    contract, size = excess
    raise ContractTooLarge(PurePosixPath(contract.target).name, size, contributors(contract.request)[:_NAMED])


def compile_in(mode: Mode, sources: Mapping[str, str]) -> Compiled:
    """Compile in this mode, whatever the size: the actions first, whose code the vault knows by its hash.

    Sources without actions are a single contract. Raises StorageDiffers.
    """
    if mode.compact:
        return compile_in(mode._replace(compact=False), reasons.in_one_place(sources))
    if ACTIONS not in sources:
        return compile_request(standard_json(sources, mode))
    return compile_around(compile_actions(mode, sources), mode, sources)


def compile_actions(mode: Mode, sources: Mapping[str, str]) -> Compiled:
    """The actions alone: whatever the vault's own text says, they are the same."""
    below = {path: text for path, text in sources.items() if path != VAULT}
    return compile_request(standard_json(below, mode, ACTIONS))


def compile_around(actions: Compiled, mode: Mode, sources: Mapping[str, str]) -> Compiled:
    """The vault that makes itself a copy of these actions. Raises StorageDiffers."""
    vault = compile_request(standard_json({**sources, ACTIONS_CODE: _hash_of(actions)}, mode))
    # Modules that only the vault has come after all others: what the actions know is the beginning of its storage.
    for kind in ("storage", "transient", "immutables"):
        if not _begins_with(getattr(vault, kind), getattr(actions, kind)):
            raise StorageDiffers(f"{VAULT} and {ACTIONS} have their {kind} in different places")
    if actions.immutables[OWN]["offset"] + WORD != deployed_code(bytes.fromhex(actions.creation.removeprefix("0x")))[1]:
        raise StorageDiffers(f"whose {ACTIONS} are does not stand last")
    return replace(vault, actions=actions)


def _begins_with(vault: Mapping[str, Any], actions: Mapping[str, Any]) -> bool:
    """Whether every module of the actions has the places that it has in the vault."""
    return all(vault.get(module) == places for module, places in actions.items() if module != OWN)


def inner_code(vaults: Mapping[str, Compiled]) -> str:
    """The module that tells a vault what code it may find at its inner vaults, and at the actions of each.

    By venue, without immutables: those stand behind the code.
    """
    lines = []
    for venue, vault in vaults.items():
        assert vault.actions is not None, "a vault deploys its actions"
        for which, contract in ((emitter.VAULT_CODE, vault), (emitter.ACTIONS_CODE, vault.actions)):
            size, hashed = emitter.inner_constants(venue, which)
            code = bytes.fromhex(contract.runtime.removeprefix("0x"))
            lines += [
                f"{size}: constant(uint256) = {len(code)}",
                f"{hashed}: constant(bytes32) = 0x{keccak256(code).hex()}",
            ]
    constants = "\n".join(lines)
    return f'''# pragma version 0.4.3
"""
@title The code of inner vaults
@notice Sizes and hashes of what is deployed, without immutables, of each vault of ours that is held and its actions.
"""

{constants}
'''


def blueprint_creation(code: bytes) -> str:
    """Creation code, in hexadecimal with 0x, of a contract with this code and no constructor."""
    # PUSH2 size, RETURNDATASIZE, DUP2, PUSH1 10, RETURNDATASIZE, CODECOPY, RETURN: the preamble that ERC-5202 shows.
    return f"0x61{len(code):04x}3d81600a3d39f3{code.hex()}"


def blueprint_of(creation: bytes) -> bytes:
    """The code of the contract that `blueprint_creation` makes."""
    return creation[10:]


def _hash_of(actions: Compiled) -> str:
    """The module that tells the vault what it may be given as its actions."""
    return f'''# pragma version 0.4.3
"""
@title The code of Actions.vy
@notice Hash of the code at the blueprint of Actions.vy (ERC-5202), compiled as actions.standard.json says.
"""

HASH: constant(bytes32) = 0x{keccak256(actions.blueprint).hex()}
'''


def standard_json(sources: Mapping[str, str], mode: Mode, target: str = VAULT) -> dict[str, Any]:
    """The compiler input in Vyper's standard JSON: all sources and all settings that the target's code depends on."""
    return {
        "language": "Vyper",
        "sources": {path: {"content": text} for path, text in sources.items()},
        "settings": {
            "evmVersion": EVM_VERSION,
            "optimize": mode.optimize,
            "experimentalCodegen": mode.experimental,
            "search_paths": ["."],
            "outputSelection": {target: ["abi", "evm.bytecode.object", "layout"]},
        },
    }


def compile_request(request: dict[str, Any]) -> Compiled:
    """Compile a standard JSON input, its one target alone."""
    contract = _contract(_compile(request), request)
    creation = contract["evm"]["bytecode"]["object"]
    runtime, immutables = deployed_code(bytes.fromhex(creation.removeprefix("0x")))
    size, layout = len(runtime) + immutables, contract["layout"]
    places = (layout.get(f"{kind}_layout", {}) for kind in ("storage", "transient_storage", "code"))
    return Compiled(request, size, contract["abi"], creation, f"0x{runtime.hex()}", *places)


def deployed_code(creation: bytes) -> tuple[bytes, int]:
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
    wanted[_target(request)] = ["ast", "evm.deployedBytecode.sourceMap"]
    result = _compile({**request, "settings": {**request["settings"], "outputSelection": wanted}})
    ids = {entry["id"]: path for path, entry in result["sources"].items()}
    return parts(_contract(result, request), ids, sources)


def _target(request: Mapping[str, Any]) -> str:
    (target,) = request["settings"]["outputSelection"]
    return str(target)


def _contract(result: dict[str, Any], request: Mapping[str, Any]) -> dict[str, Any]:
    target = _target(request)
    contract: dict[str, Any] = result["contracts"][target][PurePosixPath(target).stem]
    return contract


def _compile(request: dict[str, Any]) -> dict[str, Any]:
    # The compiler's standard-JSON entry sets a global warnings filter.
    with warnings.catch_warnings():
        result: dict[str, Any] = compile_json(request)
    return result
