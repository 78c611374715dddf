"""What the translator makes of a function: values by name, what must hold or it reverts, what it returns and calls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from library_proofs.solver import Unproved
from library_proofs.storage import Storage
from library_proofs.terms import WORD, Term, both, choice, evaluated, implies, number, unknown


@dataclass(frozen=True, slots=True)
class Struct:
    """A struct's members, in order."""

    members: dict[str, Value]


Value = Term | Struct


@dataclass(frozen=True, slots=True)
class Check:
    """Where `path` is taken, the function reverts unless `holds`: `asserted` by the source, or by arithmetic."""

    path: Term
    holds: Term
    why: str
    asserted: bool = False


@dataclass(frozen=True, slots=True)
class Effect:
    """Where `path` is taken, a function that is not looked into is called with these arguments.

    Or a storage variable is assigned to: then the function is called `Vault.mark =`.
    """

    path: Term
    function: str
    arguments: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Meaning:
    """A function of its unknowns.

    `words` are those unknowns that are any uint256, `signed` any int256; the others are truth values, or addresses, of
    which nothing is known. `definitions` are the values of local names, `high`, then `high.2`, in order: each uses only
    earlier ones. It does not revert iff all `checks` hold.
    """

    name: str
    arguments: dict[str, Value]
    words: tuple[str, ...]
    signed: tuple[str, ...]
    definitions: dict[str, Term]
    checks: tuple[Check, ...]
    effects: tuple[Effect, ...]
    storage: Storage
    value: Value | None

    def local(self, name: str) -> Term:
        """The unknown of a local name. Raises Unproved where the function has no such one."""
        if name not in self.definitions:
            raise Unproved(self.name, f"has no value called `{name}`")
        return unknown(name)

    def defined(self, name: str) -> Term:
        """That a local name has the value that it was given."""
        return self.local(name).same(self.definitions[name])

    @property
    def domain(self) -> tuple[Term, ...]:
        """Its unknowns are words."""
        words = (both(number(0) <= unknown(name), unknown(name) < WORD) for name in self.words)
        signed = (both(number(-WORD // 2) <= unknown(name), unknown(name) < WORD // 2) for name in self.signed)
        return (*words, *signed)

    @property
    def facts(self) -> tuple[Term, ...]:
        """The domain and every definition; and that storage is storage."""
        return (*self.domain, *self.storage.facts, *(self.defined(name) for name in self.definitions))

    @property
    def succeeds(self) -> Term:
        """It does not revert."""
        return both(self.computes, self.asserts)

    @property
    def computes(self) -> Term:
        """It does not revert for its arithmetic."""
        return both(*(implies(check.path, check.holds) for check in self.checks if not check.asserted))

    @property
    def asserts(self) -> Term:
        """It does not revert for what it asserts."""
        return both(*(implies(check.path, check.holds) for check in self.checks if check.asserted))

    @property
    def returned(self) -> Term:
        """What it returns, where that is no struct."""
        if not isinstance(self.value, Term):
            raise Unproved(self.name, "returns no number")
        return self.value

    @property
    def struct(self) -> dict[str, Value]:
        """The members of what it returns."""
        if not isinstance(self.value, Struct):
            raise Unproved(self.name, "returns no struct")
        return self.value.members

    def after(self, variable: str, *keys: Term) -> tuple[Term, Term]:
        """What stands in storage before it runs, and after it has."""
        place = (variable, keys)
        after = self.storage.read(place, lambda: unknown(f"{variable}{[str(key.leaf) for key in keys]}"))
        return self.storage.first[place], after

    def run(self, values: Mapping[str, int | bool]) -> int | bool | None:
        """What it returns for these values of its unknowns; None where it reverts."""
        known = dict(values)
        for name, definition in self.definitions.items():
            known[name] = evaluated(definition, known)
        return evaluated(self.returned, known) if evaluated(self.succeeds, known) else None


def chosen(condition: Term, then: Value, otherwise: Value) -> Value:
    """One value where the condition holds, else the other; of structs, member by member."""
    if isinstance(then, Term) and isinstance(otherwise, Term):
        return choice(condition, then, otherwise)
    if isinstance(then, Struct) and isinstance(otherwise, Struct) and then.members.keys() == otherwise.members.keys():
        pairs = zip(then.members.items(), otherwise.members.values(), strict=True)
        return Struct({name: chosen(condition, one, other) for (name, one), other in pairs})
    raise TypeError("a choice between a struct and a number")
