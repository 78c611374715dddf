"""What a check found on chain, and what checks may ask."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction

from stratc_compiler.vault import Vault
from stratc_dsl.strategy import Venue
from stratc_targets.deploy.manifest import Manifest
from stratc_targets.deploy.node import Head, Node
from stratc_targets.vyper.arguments import BindingKind


class Level(Enum):
    """What a finding means."""

    OK = "ok"
    NOTE = "note"  # nothing that the proofs rest on, but whoever deploys should know it
    UNKNOWN = "?"  # the endpoint does not say
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found of one thing; `place` is where the manifest says what it is."""

    level: Level
    place: str
    said: str


@dataclass(frozen=True, slots=True)
class Site:
    """A place for a vault: the chain at one block, and the addresses that the vault is to be bound to.

    `prices` are what the feeds say, by token, in 10^-18 USD per whole token as the contract reads them; a token whose
    feed cannot be read is missing. `account` is the vault's own address, which may have no code yet.
    """

    node: Node
    head: Head
    vault: Vault
    manifest: Manifest
    account: str
    prices: Mapping[str, int]

    def word(self, to: str, signature: str, *arguments: int | str, number: int = 0) -> int:
        """One word of what a view answers. Raises Reverted where there is none."""
        return self.node.word(to, signature, *arguments, block=self.head.number, number=number)

    def address(self, to: str, signature: str, *arguments: int | str, number: int = 0) -> str:
        """The same of a view that answers with an address."""
        return self.node.address(to, signature, *arguments, block=self.head.number, number=number)

    def venue(self, venue: Venue) -> str:
        """The venue's address."""
        return self.manifest.address(BindingKind.VENUE, venue.name)

    def token(self, name: str) -> str:
        """A token's address."""
        return self.manifest.address(BindingKind.TOKEN, name)

    def unit_worth(self, token: str) -> Fraction:
        """What one smallest unit of a token is worth, in 10^-18 USD. KeyError where its feed cannot be read."""
        return Fraction(self.prices[token], 10 ** self.vault.strategy.token(token).decimals)


VenueCheck = Callable[[Venue, Site], Iterator[Finding]]
"""What an adapter's `deployment.py` provides. What it asks may raise Reverted, which is a finding too."""


def percent(share: Fraction) -> str:
    """A share as people read it, to a hundredth of a percent."""
    return f"{float(share):.2%}"
