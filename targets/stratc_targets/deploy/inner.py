"""Is a vault of ours that is to be held what its strategy compiles to, and of the same tokens?

The outer vault's constructor asks for the code again and has the last word. Here it is said what differs; tokens, which
stand behind the code, are asked for here alone.
"""

from __future__ import annotations

from collections.abc import Iterator

from vyper.utils import checksum_encode

from stratc_compiler.vault import Vault
from stratc_targets.deploy.comparing import actions_of
from stratc_targets.deploy.findings import Finding, Level
from stratc_targets.deploy.manifest import Manifest
from stratc_targets.deploy.node import Node
from stratc_targets.deploy.package import Code, Package, Runtime
from stratc_targets.keeper.errors import Reverted
from stratc_targets.vyper.arguments import BindingKind
from stratc_targets.vyper.build import blueprint_creation, compile_vault
from stratc_targets.vyper.emit import vault_sources
from stratc_targets.vyper.symbols import symbols_of


def check_inner(package: Package, manifest: Manifest, node: Node) -> Iterator[Finding]:
    """Findings of every vault that is held; each is compiled for it. Raises RpcDown as the node does."""
    for venue, inner in package.vault.inner.items():
        place, address = f"venues.{venue}", manifest.address(BindingKind.VENUE, venue)
        code = _compiled(inner, package)
        yield _compared(node, place, address, code.vault, inner)
        actions = actions_of(node, address)
        if actions is None:
            yield Finding(Level.WRONG, place, f"it does not tell where its actions are: it is no {_name(inner)}")
            continue
        yield _compared(node, f"{place}, actions", actions, code.actions, inner)
        yield from _tokens(node, place, address, inner, manifest)


def _name(inner: Vault) -> str:
    return inner.strategy.name


def _compiled(inner: Vault, package: Package) -> Code:
    compiled = compile_vault(vault_sources(inner, package.source))
    assert compiled.actions is not None, "a vault deploys its actions"
    return Code(compiled.creation, blueprint_creation(compiled.actions.blueprint))


def _compared(node: Node, place: str, address: str, expected: Runtime, inner: Vault) -> Finding:
    found = node.code(address)
    if found.startswith(expected.code) and len(found) == expected.size:
        said = f"{address}: {len(expected.code):,} bytes of code, as {_name(inner)} compiles to"
        return Finding(Level.OK, place, said)
    what = f"{len(found):,} bytes stand there, and {expected.size:,} were compiled of {_name(inner)}"
    if len(found) == expected.size:
        what = f"its code is not what {_name(inner)} compiles to"
    return Finding(Level.WRONG, place, f"{address}: {what}")


def _tokens(node: Node, place: str, address: str, inner: Vault, manifest: Manifest) -> Iterator[Finding]:
    """Tokens that both strategies name: proved together they were taken for the same."""
    bound = {one.binding.name: one.address for one in manifest.arguments if one.binding.kind is BindingKind.TOKEN}
    for name, symbols in symbols_of(inner).tokens.items():
        if name not in bound:
            continue
        try:
            there = node.address(address, f"{symbols.address}()", block=node.head().number)
        except Reverted:
            yield Finding(Level.WRONG, place, f"it does not tell its {name}")
            continue
        if there != checksum_encode(bound[name]):
            yield Finding(Level.WRONG, place, f"its {name} is {there}, and tokens.{name} is {bound[name]}")
