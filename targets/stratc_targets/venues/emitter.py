"""What the Vyper target must know of a venue: how its positions are read and moved, what it is deployed with.

Everything here is Vyper text for one line. An emitter decides no amounts: those come from the model.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from stratc_compiler.vault import Held, SwapModel
from stratc_dsl.strategy import Venue


@dataclass(frozen=True, slots=True)
class Immutable:
    """A public immutable or a constant of the vault: `name: type = value`, assigned once in the constructor."""

    name: str
    type: str
    value: str
    constant: bool = False


class NameTable(Protocol):
    """Hands out identifiers of the generated contract, each once."""

    def constant(self, *words: str) -> str:
        """An unused module-level name in capitals, made of the words."""
        ...

    def token(self, name: str) -> str:
        """The immutable that holds a token's address."""
        ...


@dataclass(frozen=True, slots=True)
class PositionText:
    """One position: expressions that read it and what its venue would pay out now, statements that move it.

    `liquidity` is None for debts. `enter` and `leave` take the text of a non-zero amount. `receipt` is the ERC-20
    token that stands for the position and may be given to somebody else; None for debts.
    """

    read: str
    enter: Callable[[str], str]
    leave: Callable[[str], str]
    liquidity: str | None = None
    receipt: str | None = None


@dataclass(frozen=True, slots=True)
class VenueText:
    """One venue. `module` names the adapter's file in the bundle; `checks` are statements of the vault's constructor.

    Immutables are assigned in order, by both contracts of a vault, the first from the constructor's argument with the
    venue's address; then the vault runs the checks. Both may use token immutables. `swap` takes (sold, bought, amount,
    minimum) as text.
    """

    module: str
    immutables: tuple[Immutable, ...]
    checks: tuple[str, ...]
    positions: dict[str, PositionText]
    swap: Callable[[str, str, str, str], str] | None = None

    @property
    def address(self) -> str:
        """The immutable that holds the venue's address."""
        return self.immutables[0].name


VenueEmitter = Callable[[Venue, tuple[Held, ...], str, NameTable], VenueText]
"""What an adapter's `emit.py` provides: (venue, its positions, constructor argument, names) to text."""

SwapEmitter = Callable[[Venue, SwapModel, str, NameTable], VenueText]
"""The same for a venue to swap in."""
