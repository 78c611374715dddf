"""The constructor's arguments: what a deployment must bind to addresses, in order."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from stratc_compiler.vault import Vault
from stratc_dsl.strategy import Venue
from stratc_targets.vyper.adapters import FURTHER
from stratc_targets.vyper.names import Names


class BindingKind(Enum):
    ROLE = "role"  # owner, guardian, keeper, and the fee recipient where the strategy has fees
    TOKEN = "token"  # the ERC-20 contract
    FEED = "feed"  # the Chainlink aggregator (proxy) of a token's price
    SEQUENCER = "sequencer"  # Chainlink's uptime feed of the chain's sequencer; zero on a chain without one
    DEPOSITORS = "depositors"  # who attests depositors, where, and the resolver of the schema (zero without one)
    VENUE = "venue"  # the contract that its adapter talks to: Aave's Pool, the vault, Uniswap's router, ..
    MARKET = "market"  # what else tells one market of it: of Morpho its oracle and its interest rate model


OF_THE_BOOK = frozenset({BindingKind.TOKEN, BindingKind.FEED, BindingKind.VENUE, BindingKind.MARKET})
"""What the vault's books are read from."""


@dataclass(frozen=True, slots=True)
class Binding:
    """One address to bind. `name` is the strategy's word for it, `parameter` the constructor's."""

    kind: BindingKind
    name: str
    parameter: str


ROLES = ("owner", "guardian", "keeper")
FEE_RECIPIENT = "fee_recipient"
SEQUENCER = "sequencer_feed"
DEPOSITORS = ("service", "attester", "resolver")


def market_argument(venue: Venue, name: str) -> str:
    """What a binding calls an address that a venue needs beside its own: `blue.oracle`."""
    return f"{venue.name}.{name}"


def constructor_layout(vault: Vault) -> tuple[Binding, ...]:
    """The arguments of the emitted vault's constructor, all of type address, in order."""
    names = Names()
    wanted = [(BindingKind.TOKEN, token.name) for token in vault.strategy.tokens]
    wanted += [(BindingKind.FEED, token.name) for token in vault.strategy.tokens]
    wanted += [(BindingKind.VENUE, venue.name) for venue in vault.strategy.venues]
    further = [(venue, name) for venue in vault.strategy.venues for name in FURTHER.get(venue.adapter, ())]
    wanted += [(BindingKind.MARKET, market_argument(venue, name)) for venue, name in further]
    wanted += [(BindingKind.DEPOSITORS, name) for name in DEPOSITORS if vault.schema is not None]
    people = (*ROLES, FEE_RECIPIENT) if vault.strategy.fees else ROLES
    roles = tuple(Binding(BindingKind.ROLE, one, f"{one}_") for one in people)
    sequencer = Binding(BindingKind.SEQUENCER, SEQUENCER, f"{SEQUENCER}_")
    return (*roles, sequencer, *(Binding(kind, name, names.claim(kind.value, name)) for kind, name in wanted))
