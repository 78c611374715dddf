"""Is what stands on chain what was compiled? Byte for byte, immutables too."""

from __future__ import annotations

from collections.abc import Iterator

from stratc_targets.deploy.findings import Finding, Level
from stratc_targets.deploy.node import Node
from stratc_targets.deploy.package import Code, Runtime
from stratc_targets.deploy.plan import words
from stratc_targets.deploy.record import Record
from stratc_targets.keeper.errors import Reverted


def actions_of(node: Node, vault: str) -> str | None:
    """Where a vault says that its actions are; None where it does not answer as one."""
    try:
        return node.address(vault, "ACTIONS()", block=node.head().number)
    except Reverted:
        return None


def actions_immutables(code: Code, vault: str, of_vault: bytes) -> bytes:
    """What the constructor of the actions appends when the vault with these immutables calls it: all of them that the
    actions have too, which `build` sees to be the first, and whose actions they are.
    """
    whose = words([vault])
    return of_vault[: code.actions.immutables - len(whose)] + whose


def compare(node: Node, code: Code, record: Record) -> Iterator[Finding]:
    """Findings of the code at every address of a record; `code` is what was compiled from its source."""
    assert record.blueprint is not None
    assert record.vault is not None
    blueprint = Runtime(code.blueprint, 0)
    yield _compared(node, "blueprint", record.blueprint.address, blueprint, b"")
    yield _compared(node, "vault", record.vault.address, code.vault, _kept(record, "vault"))
    actions = actions_of(node, record.vault.address)
    if actions is None or actions != record.actions:
        said = f"the vault has its actions at {actions or 'no address'}, and not at {record.actions}"
        yield Finding(Level.WRONG, "actions", said)
        return
    yield _compared(node, "actions", actions, code.actions, _kept(record, "actions"))


def _kept(record: Record, name: str) -> bytes:
    return bytes.fromhex(record.code[name].immutables.removeprefix("0x"))


def _compared(node: Node, name: str, address: str, expected: Runtime, immutables: bytes) -> Finding:
    found = node.code(address)
    if not found:
        return Finding(Level.WRONG, name, f"there is no contract at {address}")
    if found == expected.code + immutables:
        what = f"{len(expected.code):,} bytes of code" + (f", {len(immutables):,} of immutables" if immutables else "")
        return Finding(Level.OK, name, f"{address}: {what}, each as it was compiled")
    if len(found) != expected.size:
        said = f"{len(found):,} bytes stand there, and {expected.size:,} were compiled"
    elif not found.startswith(expected.code):
        at = next(place for place, (one, other) in enumerate(zip(found, expected.code, strict=False)) if one != other)
        said = f"its code differs from byte {at:,} on"
    else:
        said = "its immutables are not those of its constructor's arguments"
    return Finding(Level.WRONG, name, f"{address}: {said}")
