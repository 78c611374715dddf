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
def npm_artifact(package_name: str, path: str, folder: str = "artifacts/contracts") -> Artifact:
    """A hardhat artifact of an npm package; `path` is relative to its folder of them, without `.sol/X.json`."""
    name = path.rsplit("/", 1)[-1]
    file = package(package_name) / folder / f"{path}.sol" / f"{name}.json"
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


@dataclass(frozen=True)
class Solc:
    """A Solidity compiler: the folder of its npm package, and the fork that it compiles for."""

    package: str
    evm_version: str


CURRENT = Solc("solc", EVM_VERSION)


@cache
def solidity_artifact(path: Path, contract: str) -> Artifact:
    """Compile one of the lab's own Solidity files, or take it from the cache."""
    return _solidity(path, path.name, contract, CURRENT, "@openzeppelin/contracts")


@cache
def npm_source(package_name: str, path: str, compiler: Solc) -> Artifact:
    """Compile a Solidity file of an npm package that brings no bytecode; `path` is relative to it, without `.sol`."""
    file, contract = package(package_name) / f"{path}.sol", path.rsplit("/", 1)[-1]
    return _solidity(file, f"{package_name}/{path}.sol", contract, compiler, package_name)


def _solidity(file: Path, name: str, contract: str, compiler: Solc, imported: str) -> Artifact:
    """By npm's solc, or from the cache, keyed by all that determines the output: `imported` is the package used."""
    script = HERE / "compile.cjs"
    versions = [(package(one) / "package.json").read_bytes() for one in (compiler.package, imported)]
    parts = [file.read_bytes(), script.read_bytes(), contract.encode(), compiler.evm_version.encode(), *versions]
    key = hashlib.sha256(b"\0".join(parts)).hexdigest()
    cached = BUILD_CACHE / f"{contract}-{key[:16]}.json"
    if not cached.exists():
        _store(cached, _run_solc(script, compiler, file, name, contract))
    data = json.loads(cached.read_text())
    return Artifact(contract, data["abi"], bytes.fromhex(data["bytecode"]))


def _run_solc(script: Path, compiler: Solc, file: Path, name: str, contract: str) -> str:
    what = (str(NODE_MODULES), compiler.package, str(file), name, contract, compiler.evm_version)
    done = subprocess.run(["node", str(script), *what], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{compiler.package} could not compile {name}:\n{done.stderr}")
    return done.stdout


def _store(target: Path, text: str) -> None:
    # Written aside and renamed: parallel test workers may compile the same file at once.
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = target.with_suffix(f".{os.getpid()}.tmp")
    aside.write_text(text)
    aside.replace(target)
