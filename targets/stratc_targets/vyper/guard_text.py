"""The guard as Vyper: which prices are remembered, and when the vault is guarded."""

from __future__ import annotations

from dataclasses import dataclass

from stratc_compiler.expr import price
from stratc_compiler.guard import GUARDED, round_price, shortfall
from stratc_compiler.vault import Vault
from stratc_targets.vyper.layout import statement
from stratc_targets.vyper.printer import formula
from stratc_targets.vyper.symbols import BOOK, Symbols, state_scope


@dataclass(frozen=True, slots=True)
class Remembered:
    """One token's price when the round began: its storage variable, and the price now, as a parameter is called that
    is given this member of State."""

    token: str
    variable: str
    now: str


@dataclass(frozen=True, slots=True)
class GuardText:
    """`guarded` is the body of `_is_guarded`, over locals that have the names of the storage variables.

    Prices are passed by themselves: a whole State by value would be most of the code.
    """

    remembered: tuple[Remembered, ...]
    lowered: tuple[tuple[str, str], ...]  # a local variable, and what reads it
    guarded: list[str]
    reason: str

    @property
    def parameters(self) -> str:
        return ", ".join(f"{one.now}: uint256" for one in self.remembered)

    @property
    def arguments(self) -> str:
        return ", ".join(f"s.{one.now}" for one in self.remembered)

    @property
    def given(self) -> str:
        """The parameters, passed on."""
        return ", ".join(one.now for one in self.remembered)

    @property
    def asked(self) -> str:
        """Whether the vault is guarded in the State `s`, as it is asked outside the book."""
        return f"{BOOK}._is_guarded({self.arguments})"


def guard_text(vault: Vault, symbols: Symbols) -> GuardText | None:
    """None where the vault is never guarded."""
    if vault.guard is None:
        return None
    remembered = tuple(
        Remembered(token, symbols.functions.claim("round_price", token), symbols.fields[f"price({token})"])
        for token in vault.guard.remembered
    )
    bound = {round_price(one.token).name: one.variable for one in remembered}
    bound |= {price(one.token).name: one.now for one in remembered}
    names = {venue: symbols.functions.claim("shortfall", venue) for venue in vault.guard.governed}
    bound |= {shortfall(venue).name: name for venue, name in names.items()}
    lowered = tuple((name, symbols.venues[venue].shortfall or "0") for venue, name in names.items())
    guarded = statement("return ", formula(vault.guard.guarded, state_scope(vault, symbols, bound)))
    return GuardText(remembered, lowered, guarded, GUARDED)
