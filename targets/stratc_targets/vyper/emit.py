"""A proved vault to files: sources, ABI, code, and the compiler input that reproduces the code."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined

from stratc_compiler.certify import ProvedVault
from stratc_compiler.vault import Vault
from stratc_dsl.span import Source
from stratc_targets.artifact import Artifact
from stratc_targets.vyper.adapters import ASKED_FOR, RUNTIME, adapter_source, runtime_source
from stratc_targets.vyper.build import TARGET, compile_vault
from stratc_targets.vyper.contract import contract_of, used_modules


def emit_vault(proved: ProvedVault) -> tuple[Artifact, ...]:
    """The contract of a proved vault, compiled. The same vault and source give the same bytes.

    Files: the Vyper sources under `contracts/`; `abi.json`; `bytecode.hex`, the creation code, to which the
    constructor's arguments are appended; `runtime.hex`, the deployed code without its immutables; `standard.json`,
    the compiler input that gives this code, in the first mode of `build.MODES` that fits. Raises
    ContractTooLarge, and Unsupported for what no emitter knows.
    """
    sources = vault_sources(proved.vault, proved.verification.source)
    compiled = compile_vault(sources)
    return (
        *(Artifact(path, text) for path, text in sources.items()),
        Artifact("abi.json", _json(compiled.abi)),
        Artifact("bytecode.hex", compiled.creation + "\n"),
        Artifact("runtime.hex", compiled.runtime + "\n"),
        Artifact("standard.json", _json(compiled.request)),
    )


def vault_sources(vault: Vault, source: Source) -> dict[str, str]:
    """The Vyper sources by path: the generated vault, then the modules that it imports."""
    text = _template().render(c=contract_of(vault, source))
    return {TARGET: text, **{f"contracts/{name}.vy": _module(name) for name in used_modules(vault)}}


def _module(name: str) -> str:
    return runtime_source(name) if name in (*RUNTIME, *ASKED_FOR) else adapter_source(name)


@cache
def _template() -> Any:
    folder = files("stratc_targets.vyper") / "templates"
    environment = Environment(
        loader=FunctionLoader(lambda name: (folder / name).read_text(encoding="utf-8")),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
    return environment.get_template("Vault.vy.j2")


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, sort_keys=False) + "\n"
