"""What a translation may take for granted of calls, and what it does not know."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from library_proofs.reading import place
from library_proofs.terms import Term


class Refused(Exception):
    """The translator does not know a construct."""

    def __init__(self, node: Any, why: str) -> None:
        source = " ".join(str(getattr(node, "node_source_code", "")).split())
        super().__init__(f"{place(node)}: {type(node).__name__} `{source[:80]}`: {why}")


Contract = Callable[..., tuple[Term, tuple[tuple[Term, str], ...]]]
"""A function's theorem in its place: to its arguments its value, and what must hold or it reverts, with reasons."""


@dataclass(frozen=True, slots=True)
class Known:
    """What calls mean: theorems of functions by name (`arith.mul_div_down`), and functions that are only noted."""

    contracts: Mapping[str, Contract] = field(default_factory=dict)
    opaque: frozenset[str] = frozenset()
    states: Mapping[str, str] = field(default_factory=dict)
