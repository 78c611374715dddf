"""Vyper's optimiser, made to leave alone what it has found to be optimal: the same code in two thirds of the time.

After every change it goes through all that lies below the change again, at every level of nesting again. A node that
it left as it was, it leaves as it is whenever it comes back: what it does depends on the node, and on the parent only
where `_kind` says so. Nodes do not change before they are made assembly of.

Only tests run this. What the command builds in a process of its own, and what the compiler's other entry point makes,
is compared with it byte by byte (integration/test_carry_on_anvil, vyper_target/test_emit).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from vyper.codegen.ir_node import IRnode
from vyper.ir import optimizer

_original = optimizer._optimize

_KINDS = {"if": "truthy", "assert": "truthy", "iszero": "iszero"}
"""What counts of a parent, for arithmetic: that it looks only at whether something is zero, or negates that."""


def _kind(node: IRnode, parent: IRnode | None) -> str:
    return _KINDS.get(parent.value, "") if parent is not None and node.value in optimizer.arith else ""


def _optimize(node: IRnode, parent: IRnode | None) -> tuple[bool, IRnode]:
    """Whether something changed, and what it is now."""
    kind = _kind(node, parent)
    known: frozenset[str] = node.__dict__.get("settled", frozenset())
    if kind in known:
        return False, node
    changed, result = _original(node, parent)
    if not changed:
        node.settled = known | {kind}
    return changed, result


def install() -> None:
    """From now on, in this process."""
    optimizer._optimize = _optimize


@contextmanager
def plainly() -> Iterator[None]:
    """Inside, the optimiser is as it is published."""
    optimizer._optimize = _original
    try:
        yield
    finally:
        install()
