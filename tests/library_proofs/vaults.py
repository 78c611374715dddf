"""What the theorems of vaults are about: the sources that are emitted for a strategy, and its model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from library_proofs.known import Known
from library_proofs.library import ARITH, Promise
from library_proofs.meaning import Meaning, Struct, Value
from library_proofs.reading import ACTIONS, BOOK, VAULT, functions, module
from library_proofs.terms import Term, number, unknown
from library_proofs.translator import translate
from stratc_compiler.vault import Vault
from stratc_targets.vyper.build import ACTIONS_CODE
from stratc_targets.vyper.contract import contract_of
from stratc_targets.vyper.emit import vault_sources
from stratc_targets.vyper.symbols import symbols_of
from vyper_target.vaults import EXAMPLES, proved

TESTS = Path(__file__).resolve().parents[1]

STRATEGIES: dict[str, Path] = {
    "eth_carry": EXAMPLES / "eth_carry.strat",
    "treasury": EXAMPLES / "treasury.strat",
    "everything": TESTS / "vyper_target" / "everything.strat",
    "idle": TESTS / "vyper_target" / "idle.strat",
    "fund": TESTS / "vyper_target" / "fund.strat",
    "members": TESTS / "vyper_target" / "members.strat",
}
"""The shipped examples, two that hold every construct and next to none, one with fees and one for members."""

NO_CODE = f"HASH: constant(bytes32) = {bytes(32).hex()}".replace("= ", "= 0x")
"""The hash of what nobody compiles here."""

GENERATED = (BOOK, ACTIONS, VAULT)
"""Where a function is looked for, in this order: the vault asks its actions for a rule by a call of the same name."""

SHORTFALL = "shortfall"


def _short(*_: Term) -> Promise:
    """By how much a lender's terms are below those that were proved: anything."""
    return unknown(SHORTFALL), ()


GUARDING = replace(ARITH, contracts={**ARITH.contracts, "aave_v3.shortfall": _short})
"""What is asked before anything that trades."""

CALLS = replace(
    GUARDING,
    opaque=frozenset({"Vault._take", "Vault._pay"}),
    states={"book._read": "state", "Vault._account": "state"},
)
"""The state that the chain gives is any state; tokens are moved elsewhere."""

CHARGED = replace(CALLS, states={"book._read": "read", "book._due": "state", "Vault._account": "state"})
"""Where there are fees shares are priced at what `_due` makes of it: `fees` is about that."""


@dataclass(frozen=True)
class Subject:
    """A vault's sources with its model.

    `fields` are the members of State that the model's variables stand in, `floors` the functions of its floors.
    """

    vault: Vault
    sources: Mapping[str, str]
    fields: Mapping[str, str]
    floors: tuple[str, ...]
    _modules: dict[str, dict[str, Any]] = field(default_factory=dict)

    def function(self, name: str, known: Known = ARITH, given: Mapping[str, Value] | None = None) -> Meaning:
        """A function of the vault, its actions or its book; of a rule what is done, not the call that asks for it.
        Raises Refused."""
        path = next(path for path in GENERATED if f"\ndef {name}(" in self.sources[path])
        if path not in self._modules:  # only those that are asked for: Vyper takes seconds for all three
            self._modules[path] = functions(module(self.sources, path))
        return translate(self._modules[path][name], known, given)

    def names(self, state: Mapping[str, Value] | str) -> dict[str, Term]:
        """What the model's variables are, where the state is this struct, or of this name."""
        members = {variable: unknown(f"{state}.{member}") for variable, member in self.fields.items()}
        if not isinstance(state, str):
            members = {variable: _term(state[member]) for variable, member in self.fields.items()}
        units = {f"unit({token.name})": number(10**token.decimals) for token in self.vault.strategy.tokens}
        standing = {"supply": unknown("share_token.totalSupply"), "round_assets": unknown("rounds.round_assets")}
        return {**units, **standing, **members}

    @property
    def supply(self) -> Term:
        """What conversions in the state `s` count as supply."""
        return self.names("s")["supply"]

    @property
    def calls(self) -> Known:
        """What a function that users call may take for granted."""
        return CHARGED if self.vault.charge else CALLS

    def with_fault(self, file: str, old: str, new: str) -> Subject:
        """The same with a line changed, which must stand there exactly once."""
        text = self.sources[file]
        assert text.count(old) == 1, f"{file} has {text.count(old)} times: {old}"
        return Subject(self.vault, {**self.sources, file: text.replace(old, new)}, self.fields, self.floors)


def _term(value: Value) -> Term:
    assert not isinstance(value, Struct)
    return value


def subject(name: str) -> Subject:
    given = proved(STRATEGIES[name].read_text(encoding="utf-8"), f"{name}.strat")
    vault = given.vault
    fields = symbols_of(vault).fields
    assert len(set(fields.values())) == len(fields)
    source = given.verification.source
    floors = tuple(floor.function for floor in contract_of(vault, source).floors)
    return Subject(vault, {**vault_sources(vault, source), ACTIONS_CODE: NO_CODE}, fields, floors)
