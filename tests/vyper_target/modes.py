"""The ways in which Vyper can compile a vault: what it is optimised for, and by which code generator."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from lab.world import World
from stratc_compiler.certify import ProvedVault
from stratc_targets.vyper.arguments import constructor_layout
from stratc_targets.vyper.build import Compiled, Mode, compile_request, standard_json
from stratc_targets.vyper.emit import vault_sources
from vyper_target.vaults import Deployed, _address, example, proved

MODES = {
    "gas": Mode("gas"),
    "codesize": Mode("codesize"),
    "none": Mode("none"),
    "gas, venom": Mode("gas", experimental=True),
    "codesize, venom": Mode("codesize", experimental=True),
    "none, venom": Mode("none", experimental=True),
}
"""Optimisation, and whether by the experimental code generator. The first is what `build` takes if it fits."""

STRATEGIES = ("idle only", "treasury", "eth_carry")


def strategy(name: str) -> ProvedVault:
    """An example, or the vault that only holds."""
    if name == "idle only":
        return proved(Path(__file__).with_name("idle.strat").read_text(encoding="utf-8"), "idle.strat")
    return example(name)


@cache
def compiled(name: str, mode: str) -> Compiled:
    """The vault of a strategy in one of the modes."""
    given = strategy(name)
    return compile_request(standard_json(vault_sources(given.vault, given.verification.source), MODES[mode]))


def deploy_in_mode(world: World, name: str, mode: str) -> Deployed:
    """Deployed beside the lab's venues."""
    model, code = strategy(name).vault, compiled(name, mode)
    arguments = [_address(world, one) for one in constructor_layout(model)]
    return Deployed(world, world.chain.deploy(code.abi, code.creation, arguments, name=f"vault ({mode})"), model)
