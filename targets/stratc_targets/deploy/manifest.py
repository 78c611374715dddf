"""The manifest of a chain: which address is meant by each token, feed, venue and role of a strategy.

    chain = 1                        # the chain's id
    sequencer_feed = "none"          # or Chainlink's uptime feed of the chain's sequencer

    [roles]                          # owner, guardian, keeper; fee_recipient where the strategy has fees
    [tokens]                         # the ERC-20 contracts
    [feeds]                          # the aggregators of their prices: an address, or { address, description }
    [venues]                         # an address, or { address, and what else the venue needs: oracle, irm }
    [depositors]                     # service, attester, resolver, where depositors are attested

    [strategies.NAME.roles]          # what is other for one strategy; so with every table above

One manifest may serve several strategies: tokens, feeds and venues that this one does not have are looked at for their
form alone. Everything that is wrong is said at once.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from vyper.utils import checksum_encode

from stratc_compiler.vault import Vault
from stratc_dsl.scope import nearest
from stratc_targets.keeper.errors import SetupError
from stratc_targets.vyper.adapters import FURTHER
from stratc_targets.vyper.arguments import (
    DEPOSITORS,
    FEE_RECIPIENT,
    ROLES,
    SEQUENCER,
    Binding,
    BindingKind,
    constructor_layout,
)

NOWHERE = "0x" + "00" * 20
"""The zero address."""

NONE = "none"
"""What is written for an address that there is not."""

CHAIN, STRATEGIES = "chain", "strategies"
ADDRESS, DESCRIPTION = "address", "description"

TABLES = {
    BindingKind.ROLE: "roles",
    BindingKind.TOKEN: "tokens",
    BindingKind.FEED: "feeds",
    BindingKind.VENUE: "venues",
    BindingKind.MARKET: "venues",
    BindingKind.DEPOSITORS: "depositors",
}
"""The table in which addresses of a kind stand; the sequencer's feed stands in none."""

OPTIONAL = (SEQUENCER, "resolver")
"""Which addresses may be `none`."""

_FIXED = {"roles": (*ROLES, FEE_RECIPIENT), "depositors": DEPOSITORS}
_NAMED = ("tokens", "feeds", "venues")
_OF_FEEDS = (ADDRESS, DESCRIPTION)

Path = tuple[str, ...]


class ManifestError(SetupError):
    """A manifest cannot be used; says everything that is wrong with it."""


@dataclass(frozen=True, slots=True)
class Bound:
    """One argument of the constructor with its address, which has a checksum. `place` is where it stands."""

    binding: Binding
    address: str
    place: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a manifest says of one strategy: the constructor's addresses, in order.

    `descriptions` are what feeds call themselves, by token, where the manifest says it in place of the strategy.
    """

    chain_id: int
    arguments: tuple[Bound, ...]
    descriptions: Mapping[str, str]

    def address(self, kind: BindingKind, name: str) -> str:
        """What is bound to a name."""
        return next(one.address for one in self.arguments if (one.binding.kind, one.binding.name) == (kind, name))


def parse_manifest(text: str, name: str, vault: Vault) -> Manifest:
    """What a manifest says of a vault; `name` is the file's, for messages. Raises ManifestError."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ManifestError(f"{name}: not TOML: {error}") from None
    return _parsed(document, name, vault)


def skeleton(vault: Vault, chain_id: int) -> str:
    """A manifest for this vault with every address left open."""
    tables: dict[str, list[str]] = {}
    for binding in constructor_layout(vault):
        table, *keys = place_of(binding)
        if binding.kind is not BindingKind.SEQUENCER:
            spoken = keys if len(keys) == 1 or binding.kind is BindingKind.MARKET else keys[:1]
            tables.setdefault(table, []).append(f'{".".join(spoken)} = "0x..."')
    further = [(venue.name, FURTHER.get(venue.adapter)) for venue in vault.strategy.venues]
    for venue in (venue for venue, more in further if more):
        lines = tables["venues"]
        lines[lines.index(f'{venue} = "0x..."')] = f'{venue}.{ADDRESS} = "0x..."'
    head = f'{CHAIN} = {chain_id}\n{SEQUENCER} = "{NONE}"\n'
    return head + "".join(f"\n[{table}]\n" + "".join(f"{line}\n" for line in lines) for table, lines in tables.items())


def place_of(binding: Binding) -> Path:
    """Where the address of an argument stands in a manifest."""
    if binding.kind is BindingKind.SEQUENCER:
        return (SEQUENCER,)
    if binding.kind is BindingKind.MARKET:
        return (TABLES[binding.kind], *binding.name.split(".", 1))
    return (TABLES[binding.kind], binding.name)


# ── the form ───────────────────────────────────────────────────────────────────────────────


def _parsed(document: Mapping[str, Any], name: str, vault: Vault) -> Manifest:
    own = _own(document, vault.strategy.name)
    mistakes = [*_form(document, vault), *_form_of_own(own, vault)]
    merged = {**document, **{table: _merged(document.get(table), own.get(table)) for table in (*_FIXED, *_NAMED)}}
    if SEQUENCER in own:
        merged[SEQUENCER] = own[SEQUENCER]
    arguments = []
    layout = constructor_layout(vault)
    spoken_for = frozenset(map(place_of, layout))
    for binding in layout:
        found = _address(merged, binding, spoken_for)
        if isinstance(found, Bound):
            arguments.append(found)
        elif found not in mistakes:
            mistakes.append(found)
    mistakes += _twice(arguments)
    if mistakes:
        raise ManifestError("\n".join(f"{name}: {one}" for one in mistakes))
    feeds = merged["feeds"]
    said = {token: feed[DESCRIPTION] for token, feed in feeds.items() if isinstance(feed, dict) and DESCRIPTION in feed}
    return Manifest(document[CHAIN], tuple(arguments), said)


def _own(document: Mapping[str, Any], strategy: str) -> Mapping[str, Any]:
    """What it says of this strategy alone."""
    strategies = document.get(STRATEGIES)
    own = strategies.get(strategy) if isinstance(strategies, dict) else None
    return own if isinstance(own, dict) else {}


def _merged(shared: Any, own: Any) -> dict[str, Any]:
    return {**(shared if isinstance(shared, dict) else {}), **(own if isinstance(own, dict) else {})}


def _form(document: Mapping[str, Any], vault: Vault) -> Iterator[str]:
    """What is wrong with it whatever the strategy."""
    known = (CHAIN, SEQUENCER, *_FIXED, *_NAMED, STRATEGIES)
    yield from (_unknown((key,), known) for key in document if key not in known)
    chain = document.get(CHAIN)
    if chain is None:
        yield f"{CHAIN} is missing: the id of the chain that the addresses are of"
    elif not isinstance(chain, int) or isinstance(chain, bool) or chain <= 0:
        yield f"{CHAIN} is the id of the chain, a positive number, and here it is {chain!r}"
    yield from _tables(document, ())
    strategies = document.get(STRATEGIES, {})
    if not isinstance(strategies, dict):
        yield f"{STRATEGIES} is a table with one table for each strategy"
        return
    for strategy, own in strategies.items():
        if not isinstance(own, dict):
            yield f"{STRATEGIES}.{strategy} is a table"
    near = nearest(vault.strategy.name, strategies)
    if near is not None and vault.strategy.name not in strategies and near.lower() == vault.strategy.name.lower():
        yield f"{STRATEGIES}.{near}: the strategy is called {vault.strategy.name}"


def _form_of_own(own: Mapping[str, Any], vault: Vault) -> Iterator[str]:
    """What is wrong with what it says of this strategy alone: there every name must be the strategy's."""
    at = (STRATEGIES, vault.strategy.name)
    known = (SEQUENCER, *_FIXED, *_NAMED)
    yield from (_unknown((*at, key), known) for key in own if key not in known)
    yield from _tables(own, at)
    tokens = [token.name for token in vault.strategy.tokens]
    venues = [venue.name for venue in vault.strategy.venues]
    for table, names in (("tokens", tokens), ("feeds", tokens), ("venues", venues)):
        given = own.get(table)
        for name in given if isinstance(given, dict) else ():
            if name not in names:
                yield _unknown((*at, table, name), names)


def _tables(document: Mapping[str, Any], at: Path) -> Iterator[str]:
    for table in (*_FIXED, *_NAMED):
        given = document.get(table, {})
        if not isinstance(given, dict):
            yield f"{_text((*at, table))} is a table"
            continue
        known = _FIXED.get(table)
        for key, value in given.items():
            if known is not None and key not in known:
                yield _unknown((*at, table, key), known)
            elif isinstance(value, dict):
                yield from _entry((*at, table, key), table, value)
            else:
                yield from _form_of_address((*at, table, key), value)
    if SEQUENCER in document:
        yield from _form_of_address((*at, SEQUENCER), document[SEQUENCER])


def _entry(place: Path, table: str, entry: Mapping[str, Any]) -> Iterator[str]:
    """A feed or a venue of which more is said than an address."""
    further = tuple(name for names in FURTHER.values() for name in names)
    known = {"feeds": _OF_FEEDS, "venues": (ADDRESS, *further)}.get(table)
    if known is None:
        yield f"{_text(place)} is an address, not a table"
        return
    for key, value in entry.items():
        if key not in known:
            yield _unknown((*place, key), known)
        elif key != DESCRIPTION:
            yield from _form_of_address((*place, key), value)
        elif not isinstance(value, str):
            yield f"{_text((*place, key))} is what the feed calls itself, in quotes"


def _form_of_address(place: Path, value: object) -> Iterator[str]:
    where = _text(place)
    if value == NONE and place[-1] in OPTIONAL:
        return
    if not isinstance(value, str):
        yield f'{where} is an address in quotes, "0x" and 40 hex digits, and here it is {value!r}'
        return
    digits = value[2:]
    if value[:2] != "0x" or len(digits) != 40 or not set(digits.lower()) <= set("0123456789abcdef"):
        yield f"{where} is no address: {value!r} is not 0x and 40 hex digits"
    elif int(digits, 16) == 0:
        instead = f'; where there is none, write "{NONE}"' if place[-1] in OPTIONAL else ""
        yield f"{where} is the zero address{instead}"
    elif digits not in (digits.lower(), digits.upper()) and value != checksum_encode(value):
        yield f"{where} has a wrong checksum: is {value} mistyped? Upper and lower case tell"


def _unknown(place: Path, known: Sequence[str]) -> str:
    near = nearest(place[-1], known)
    cure = f"did you mean `{near}`?" if near else f"known are {', '.join(known)}"
    return f"{_text(place)} is unknown: {cure}"


def _text(place: Path) -> str:
    return ".".join(place)


# ── the addresses ──────────────────────────────────────────────────────────────────────────


def _address(document: Mapping[str, Any], binding: Binding, spoken_for: Set[Path]) -> Bound | str:
    """The address of one argument, or what is wrong. Mistakes of form have been told with the same words. What stands
    at a place that is `spoken_for` was meant for another argument.
    """
    place = place_of(binding)
    value: Any = document
    for key in place:
        value = value.get(key) if isinstance(value, dict) else None
    if isinstance(value, dict):
        place = (*place, ADDRESS)
        value = value.get(ADDRESS)
    if value is None:
        return _missing(document, place, binding, spoken_for)
    for mistake in _form_of_address(place, value):
        return mistake
    return Bound(binding, NOWHERE if value == NONE else checksum_encode(value), _text(place))


def _missing(document: Mapping[str, Any], place: Path, binding: Binding, spoken_for: Set[Path]) -> str:
    table = document.get(place[0])
    given = [name for name in table if (place[0], name) not in spoken_for] if isinstance(table, dict) else []
    near = nearest(place[1], given) if len(place) > 1 else None
    what = {
        BindingKind.ROLE: "an account",
        BindingKind.TOKEN: "the token's contract",
        BindingKind.FEED: "the feed of the token's price",
        BindingKind.SEQUENCER: f"Chainlink's uptime feed of the chain's sequencer, or \"{NONE}\"",
        BindingKind.DEPOSITORS: "of the attestations that depositors need",
        BindingKind.VENUE: "the venue's contract",
        BindingKind.MARKET: "part of the market's name",
    }[binding.kind]
    return f"{_text(place)} is missing: {what}" + (f" (did you mean it by `{near}`?)" if near else "")


def _twice(arguments: Sequence[Bound]) -> Iterator[str]:
    """An address that is bound to two things that cannot be one: two tokens, or a token and a venue.

    Two venues may be (several markets are at one contract), two feeds too, and one account may have several roles.
    """
    for one, other in combinations([one for one in arguments if one.address != NOWHERE], 2):
        kinds = {one.binding.kind, other.binding.kind}
        different = len(kinds) == 2 and not kinds <= {BindingKind.ROLE, BindingKind.DEPOSITORS}
        same = kinds == {BindingKind.TOKEN}
        if one.address == other.address and (different or same):
            yield f"{one.place} and {other.place} are one address: {one.address}"
