"""Compiled contracts: read from npm packages, or compiled from the lab's own Vyper and Solidity sources."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from lab.npm import NODE_MODULES, package

HERE = Path(__file__).resolve().parent
BUILD_CACHE = NODE_MODULES / ".cache" / "stratc-lab"
EVM_VERSION = "prague"  # the fork both backends run


@dataclass(frozen=True)
class Artifact:
    """ABI and creation code of one contract; `links` maps a library's name to its byte offsets in the code."""

    name: str
    abi: list[dict[str, Any]]
    bytecode: bytes
    links: Mapping[str, tuple[int, ...]] = field(default_factory=dict)

    def linked(self, libraries: Mapping[str, str]) -> Artifact:
        """The same artifact with each library's address written where the compiler left room for it."""
        code = bytearray(self.bytecode)
        for library, offsets in self.links.items():
            address = bytes.fromhex(libraries[library].removeprefix("0x"))
            for offset in offsets:
                code[offset : offset + 20] = address
        return Artifact(self.name, self.abi, bytes(code))


@cache
def npm_artifact(package_name: str, path: str) -> Artifact:
    """A hardhat artifact of an npm package; `path` is relative to its `artifacts/contracts`, without `.sol/X.json`."""
    name = path.rsplit("/", 1)[-1]
    file = package(package_name) / "artifacts" / "contracts" / f"{path}.sol" / f"{name}.json"
    data = json.loads(file.read_text())
    return unlinked(name, data["abi"], data["bytecode"], data.get("linkReferences", {}))


def unlinked(name: str, abi: list[dict[str, Any]], code: str, references: Mapping[str, Any]) -> Artifact:
    """An artifact of hexadecimal code with the compiler's references to libraries, by file and name."""
    raw, links = code.removeprefix("0x"), {}
    for libraries in references.values():
        for library, places in libraries.items():
            links[library] = tuple(place["start"] for place in places)
            for place in places:  # compilers leave `__$hash$__` there, which is not hexadecimal
                start = 2 * place["start"]
                raw = raw[:start] + "00" * 20 + raw[start + 40 :]
    return Artifact(name, abi, bytes.fromhex(raw), links)


@cache
def vyper_artifact(path: Path) -> Artifact:
    """Compile a Vyper file, once per process."""
    from vyper.compiler import compile_code
    from vyper.compiler.settings import Settings

    out = compile_code(path.read_text(), output_formats=["abi", "bytecode"], settings=Settings(evm_version=EVM_VERSION))
    return Artifact(path.stem, out["abi"], bytes.fromhex(out["bytecode"].removeprefix("0x")))


@cache
def solidity_artifact(path: Path, contract: str) -> Artifact:
    """Compile a Solidity file with npm's solc, or take it from the cache keyed by all that determines the output."""
    compiler = HERE / "compile.cjs"
    versions = [(package(name) / "package.json").read_bytes() for name in ("solc", "@openzeppelin/contracts")]
    parts = [path.read_bytes(), compiler.read_bytes(), contract.encode(), EVM_VERSION.encode(), *versions]
    key = hashlib.sha256(b"\0".join(parts)).hexdigest()
    cached = BUILD_CACHE / f"{contract}-{key[:16]}.json"
    if not cached.exists():
        _store(cached, _run_solc(compiler, path, contract))
    data = json.loads(cached.read_text())
    return Artifact(contract, data["abi"], bytes.fromhex(data["bytecode"]))


def _run_solc(compiler: Path, path: Path, contract: str) -> str:
    command = ["node", str(compiler), str(NODE_MODULES), str(path), contract, EVM_VERSION]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"solc could not compile {path.name}:\n{done.stderr}")
    return done.stdout


def _store(target: Path, text: str) -> None:
    # Written aside and renamed: parallel test workers may compile the same file at once.
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = target.with_suffix(f".{os.getpid()}.tmp")
    aside.write_text(text)
    aside.replace(target)
