"""A proved vault to files: sources, ABI, code, and the compiler input that reproduces the code."""

from __future__ import annotations

import json
import re
from functools import cache
from importlib.resources import files
from pathlib import PurePosixPath
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined

from stratc_compiler.certify import ProvedVault
from stratc_compiler.vault import Vault
from stratc_dsl.span import Source
from stratc_targets.artifact import Artifact
from stratc_targets.venues.emitter import INNER_CODE
from stratc_targets.vyper.adapters import ASKED_FOR, RUNTIME, adapter_source, runtime_source
from stratc_targets.vyper.build import ACTIONS, VAULT, blueprint_creation, compile_vault, inner_code
from stratc_targets.vyper.contract import Contract, contract_of, used_modules
from stratc_targets.vyper.symbols import BOOK


def emit_vault(proved: ProvedVault) -> tuple[Artifact, ...]:
    """The contracts of a proved vault, compiled. The same vault and source give the same bytes.

    Files: the Vyper sources under `contracts/`; `abi.json`; `bytecode.hex`, the creation code, to which the
    constructor's arguments are appended; `actions.blueprint.hex`, creation code of the blueprint that the vault makes
    its actions from; `runtime.hex` and `actions.runtime.hex`, the deployed code of both without their immutables;
    `standard.json` and `actions.standard.json`, the compiler inputs that give this code, in the first mode of
    `build.MODES` in which both fit. Raises ContractTooLarge, and Unsupported for what no emitter knows.
    """
    compiled = compile_vault(vault_sources(proved.vault, proved.verification.source))
    actions = compiled.actions
    assert actions is not None, "a vault deploys its actions"
    return (
        *(Artifact(path, source["content"]) for path, source in compiled.request["sources"].items()),
        Artifact("abi.json", _json(compiled.abi)),
        Artifact("bytecode.hex", compiled.creation + "\n"),
        Artifact("runtime.hex", compiled.runtime + "\n"),
        Artifact("actions.blueprint.hex", blueprint_creation(actions.blueprint) + "\n"),
        Artifact("actions.runtime.hex", actions.runtime + "\n"),
        Artifact("standard.json", _json(compiled.request)),
        Artifact("actions.standard.json", _json(actions.request)),
    )


def vault_sources(vault: Vault, source: Source) -> dict[str, str]:
    """The Vyper sources by path: the generated contracts and their book, then the modules that they import."""
    contract = contract_of(vault, source)
    generated = {path: _generated(path, contract) for path in (VAULT, ACTIONS, f"contracts/{BOOK}.vy")}
    if vault.inner:
        generated[f"contracts/{INNER_CODE}.vy"] = _inner_code(vault, source)
    return {**generated, **{f"contracts/{name}.vy": _module(name) for name in used_modules(vault)}}


def _inner_code(vault: Vault, source: Source) -> str:
    """What the inner vaults compile to, each as if it were built alone."""
    return inner_code({venue: compile_vault(vault_sources(inner, source)) for venue, inner in vault.inner.items()})


def _generated(path: str, contract: Contract) -> str:
    text: str = _templates().get_template(f"{PurePosixPath(path).name}.j2").render(c=contract)
    return re.sub(r"\n{4,}", "\n\n\n", text).rstrip("\n") + "\n"  # where a template left something out


def _module(name: str) -> str:
    return runtime_source(name) if name in (*RUNTIME, *ASKED_FOR) else adapter_source(name)


@cache
def _templates() -> Environment:
    folder = files("stratc_targets.vyper") / "templates"
    return Environment(
        loader=FunctionLoader(lambda name: (folder / name).read_text(encoding="utf-8")),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, sort_keys=False) + "\n"
