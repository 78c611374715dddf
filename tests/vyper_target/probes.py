"""Contracts that show one runtime module to the outside."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from lab.artifacts import Artifact
from lab.chain import Chain, Contract
from stratc_targets.vyper.adapters import ASKED_FOR, RUNTIME, runtime_source
from stratc_targets.vyper.build import compile_vault

HERE = Path(__file__).resolve().parent


@cache
def probe_artifact(name: str) -> Artifact:
    """A Vyper file of this folder, compiled beside the runtime library as a vault is."""
    compiled = compile_vault(probe_sources(name))
    return Artifact(name, compiled.abi, bytes.fromhex(compiled.creation.removeprefix("0x")))


def probe_sources(name: str) -> dict[str, str]:
    """The file and the library, by path."""
    sources = {"contracts/Vault.vy": (HERE / f"{name}.vy").read_text(encoding="utf-8")}
    return sources | {f"contracts/{module}.vy": runtime_source(module) for module in (*RUNTIME, *ASKED_FOR)}


def probe(chain: Chain, name: str, *args: Any) -> Contract:
    """A deployed probe."""
    return chain.deploy_artifact(probe_artifact(name), *args)
