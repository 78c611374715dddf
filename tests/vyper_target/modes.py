"""The ways in which Vyper can compile a vault: what it is optimised for, and by which code generator."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from lab.kept import kept
from lab.world import World
from stratc_compiler.certify import ProvedVault
from stratc_targets.vyper.build import Compiled, Mode, compile_in
from stratc_targets.vyper.emit import vault_sources
from vyper_target.vaults import Deployed, example, install, proved

MODES = {
    "gas": Mode("gas"),
    "codesize": Mode("codesize"),
    "none": Mode("none"),
    "gas, venom": Mode("gas", experimental=True),
    "codesize, venom": Mode("codesize", experimental=True),
    "none, venom": Mode("none", experimental=True),
}
"""Optimisation, and whether by the experimental code generator. The first is what `build` takes if it fits."""

COMPACT = "codesize, reasons in one place"
"""What `build` takes where nothing else fits."""

STRATEGIES = ("idle only", "treasury", "eth_carry")


def strategy(name: str) -> ProvedVault:
    """An example, or the vault that only holds."""
    if name == "idle only":
        return proved(Path(__file__).with_name("idle.strat").read_text(encoding="utf-8"), "idle.strat")
    return example(name)


@cache
def compiled(name: str, mode: str) -> Compiled:
    """The vault of a strategy in one of the modes, or compact; compiled once in a run, as its processes share it."""
    given = strategy(name)
    chosen = Mode("codesize", compact=True) if mode == COMPACT else MODES[mode]
    sources = vault_sources(given.vault, given.verification.source)
    return kept(lambda: compile_in(chosen, sources), "mode", str(chosen), json.dumps(sources))


def deploy_in_mode(world: World, name: str, mode: str, **addresses: object) -> Deployed:
    """Deployed beside the lab's venues; `addresses` as for `deploy`."""
    return install(world, compiled(name, mode), strategy(name).vault, f"vault ({mode})", **addresses)
