"""What the Vyper target must know of a venue: how its positions are read and moved, what it is deployed with.

Everything here is Vyper text for one line. An emitter decides no amounts: those come from the model.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from stratc_compiler.vault import Held, SwapModel
from stratc_dsl.strategy import Venue

INNER_CODE = "inner_code"
"""The generated module that knows the code of the vaults of ours that are held."""


VAULT_CODE, ACTIONS_CODE = "CODE", "ACTIONS_CODE"


def inner_constants(venue: str, which: str) -> tuple[str, str]:
    """What the size and the hash of one of the two codes of the inner vault at a venue are called there."""
    return f"{venue.upper()}_{which}_SIZE", f"{venue.upper()}_{which}_HASH"


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

    def unit(self, name: str) -> str:
        """The constant that holds a token's smallest units per whole token."""
        ...

    def price(self, name: str) -> str:
        """A token's price now, for the constructor: feeds are known before venues are."""
        ...

    def stored(self, *words: str) -> str:
        """How a variable in the vault's storage is called, made of the words, which no function is called by."""
        ...

    def argument(self, venue: Venue, name: str) -> str:
        """The constructor's parameter for an address that a venue needs beside its own, by `FURTHER` of its emitter."""
        ...


@dataclass(frozen=True, slots=True)
class Stored:
    """What the vault stores about a venue, public, nothing at first: its bare name, its type and what it is."""

    name: str
    type: str
    comment: str


@dataclass(frozen=True, slots=True)
class RangeText:
    """Liquidity in a range: expressions that read it and the roots of its ends, statements that move it.

    `near` reverts while the pool is further from the price than is assumed, which is told as the text of two numbers,
    its quotient (see `ranges.quotient`). `provide` takes (token, base) and `withdraw` the liquidity as text; both are
    told the names of two locals, to which what was taken or came of each is assigned. `give` takes (liquidity,
    receiver).
    """

    read: str
    low: str
    high: str
    near: Callable[[str, str], str]
    provide: Callable[[str, str, str, str], str]
    withdraw: Callable[[str, str, str], str]
    give: Callable[[str, str], str]


@dataclass(frozen=True, slots=True)
class PositionText:
    """One position: expressions that read it and what its venue would pay out now, statements that move it.

    `liquidity` is None for debts. `enter` and `leave` take the text of a non-zero amount. `receipt` is the ERC-20
    token that stands for the position and may be given to somebody else. Without one a part of the position is given in
    its own token, drawn first; debts have none.
    """

    read: str
    enter: Callable[[str], str]
    leave: Callable[[str], str]
    liquidity: str | None = None
    receipt: str | None = None


@dataclass(frozen=True, slots=True)
class Callback:
    """The function by which a lender calls back, with a loan that has come. `parameters` are lines of its head.

    What it says of the loan are expressions in it: `owed` is what is taken back. What a lender does not say is what was
    expected: it can call for nothing else. It is answered with true where that `answers`. What it takes back it is
    allowed to take, or paid in the callback where the vault `pays`.
    """

    function: str
    parameters: tuple[str, ...]
    amount: str
    owed: str
    token: str = "flash.token"
    initiator: str = "self"
    answers: bool = False
    pays: bool = False


@dataclass(frozen=True, slots=True)
class FlashText:
    """Flash loans of a venue: who calls back and how, and the statement that borrows.

    `borrow` takes (token, amount) as text. `check` is a statement of the constructor, None where nothing can differ.
    `reserve` holds the address at which the lender keeps a token, by its name, None for the lender's own; `lent` names
    those of the tokens that the vault's plans borrow.
    """

    lender: str
    callback: Callback
    borrow: Callable[[str, str], str]
    check: str | None = None
    reserve: Callable[[str], Immutable] | None = None
    lent: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TradeText:
    """How a short is traded at its venue, as text: statements that sell exactly so much for at least so much of the
    account's cash, and that buy exactly so much back for at most so much of it.
    """

    sell: Callable[[str, str], str]
    buy: Callable[[str, str], str]


@dataclass(frozen=True, slots=True)
class VenueText:
    """One venue. `module` names the adapter's file in the bundle; `checks` are statements of the vault's constructor.

    Immutables are assigned in order, by both contracts of a vault, the first from the constructor's argument with the
    venue's address; then the vault runs the checks, which may set what is `stored`. Both may use token immutables.
    `swap` takes (sold, bought, amount, minimum) as text. `account` is what no two venues of the vault may have in
    common, since their positions would be one: an immutable, or None where that is the venue's address; positions in
    `ranges`, by their names, have numbers of their own. `shortfall` reads by how much the venue's terms are worse than
    was proved, in basis points or finer, None where nobody can change them. `trade` is of a venue of shorts, `settle` a
    statement that has funding booked when a round begins.
    """

    module: str
    immutables: tuple[Immutable, ...]
    checks: tuple[str, ...]
    positions: dict[str, PositionText]
    swap: Callable[[str, str, str, str], str] | None = None
    flash: FlashText | None = None
    trade: TradeText | None = None
    settle: str | None = None
    account: str | None = None
    shortfall: str | None = None
    ranges: dict[str, RangeText] = field(default_factory=dict)
    stored: tuple[Stored, ...] = ()

    @property
    def address(self) -> str:
        """The immutable that holds the venue's address."""
        return self.immutables[0].name


VenueEmitter = Callable[[Venue, tuple[Held, ...], str, NameTable], VenueText]
"""What an adapter's `emit.py` provides: (venue, its positions, constructor argument, names) to text."""

SwapEmitter = Callable[[Venue, SwapModel, str, NameTable], VenueText]
"""The same for a venue to swap in."""
