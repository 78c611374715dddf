"""What a translation gathers on its way through a function and those that it calls."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from vyper.semantics.types import AddressT, BoolT, BytesM_T, IntegerT, StructT

from library_proofs.known import Known, Refused
from library_proofs.meaning import Check, Effect, Struct, Value
from library_proofs.storage import Storage
from library_proofs.terms import Term, number, unknown


@dataclass(slots=True)
class Work:
    """What has been gathered of the function so far, over all functions that it calls."""

    known: Known
    words: dict[str, None] = field(default_factory=dict)
    signed: dict[str, None] = field(default_factory=dict)
    definitions: dict[str, Term] = field(default_factory=dict)
    checks: list[Check] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)
    storage: Storage = field(default_factory=Storage)
    outside: int = 0  # how many effects there were when somebody else was last called
    calls: int = 0

    def fresh(self, name: str, type_: Any, node: Any) -> Value:
        """An unknown of a type; of a struct, one for each member."""
        match type_:
            case IntegerT(is_signed=False, bits=256):
                self.words[name] = None
            case IntegerT(is_signed=True, bits=256):
                self.signed[name] = None
            case BoolT():
                return unknown(f"{name}?")
            case AddressT() | BytesM_T():
                pass
            case StructT():
                return Struct({m: self.fresh(f"{name}.{m}", t, node) for m, t in type_.member_types.items()})
            case _:
                raise Refused(node, f"an unknown of type {type_}")
        return unknown(name)

    def any_bytes(self, name: str, most: int) -> Struct:
        """Bytes of which nothing is known: their length, and each word of 32."""
        parts = ("length", *(f"word {start}" for start in range(0, most, 32)))
        self.words |= {f"{name}.{part}": None for part in parts}
        return Struct({part: unknown(f"{name}.{part}") for part in parts})

    def no_bytes(self, most: int) -> Struct:
        """No bytes, where there is room for some."""
        parts = ("length", *(f"word {start}" for start in range(0, most, 32)))
        return Struct({part: number(0) for part in parts})

    def fresh_number(self, name: str, type_: Any, node: Any) -> Term:
        value = self.fresh(name, type_, node)
        if not isinstance(value, Term):
            raise Refused(node, "a struct, where a number is wanted")
        return value

    def now(self, name: str) -> str:
        """A name for what is read of the chain at this point: after a call nothing is known of it."""
        return f"{name}@{self.outside}" if self.outside else name

    def define(self, name: str, value: Value) -> Value:
        """A name for a value; numbers that are known need none."""
        if isinstance(value, Struct):
            return Struct({member: self.define(f"{name}.{member}", one) for member, one in value.members.items()})
        if value.op in ("number", "unknown") or value.op in ("truth", "<", "<=", "=", "not", "and"):
            return value
        free, count = name, 1
        while free in self.definitions or free in self.words or free in self.signed:
            count += 1
            free = f"{name}.{count}"
        self.definitions[free] = value
        return unknown(free)
