"""Is what stands on chain what the strategy says, and what its proofs used? Everything is asked at one block.

The vault's constructor asks most of this again and has the last word; what it cannot know is asked here alone: what
feeds call themselves, and whether loans are valued by the same prices.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

from vyper.utils import keccak256

from stratc_compiler.refuse import feed_of
from stratc_compiler.vault import Vault
from stratc_dsl.strategy import OracleOffBy, RatioPrice, Token
from stratc_targets.deploy.findings import Finding, Level, Site, VenueCheck, percent
from stratc_targets.deploy.manifest import NOWHERE, Bound, Manifest
from stratc_targets.deploy.node import Head, Node, Unanswered
from stratc_targets.keeper.alarms import readings
from stratc_targets.keeper.errors import Reverted
from stratc_targets.keeper.measures import LAST_DIGITS, USD
from stratc_targets.keeper.watchlist import (
    PRICE_SCALE,
    THE_VAULT,
    FlashRead,
    Parameter,
    Told,
    View,
    parse_readings,
)
from stratc_targets.venues.aave_v3.deployment import check as aave_v3
from stratc_targets.venues.erc4626.deployment import check as erc4626
from stratc_targets.venues.morpho_blue.deployment import check as morpho_blue
from stratc_targets.venues.perp_v2.deployment import check as perp_v2
from stratc_targets.venues.uniswap_v3.deployment import check as uniswap_v3
from stratc_targets.venues.uniswap_v3_lp.deployment import check as uniswap_v3_lp
from stratc_targets.vyper.arguments import SEQUENCER, BindingKind
from stratc_targets.vyper.symbols import symbols_of

VENUES: dict[str, VenueCheck] = {
    "aave_v3": aave_v3,
    "erc4626": erc4626,
    "morpho_blue": morpho_blue,
    "perp_v2": perp_v2,
    "uniswap_v3": uniswap_v3,
    "uniswap_v3_lp": uniswap_v3_lp,
}
"""What each adapter's `deployment.py` asks, by adapter name."""

SEQUENCER_GRACE = 3_600
"""Seconds for which a sequencer must have been up: as the vault has it (`oracle.vy`)."""

SEQUENCED = {10: "OP Mainnet", 42161: "Arbitrum One", 8453: "Base"}
"""Chains whose sequencer has a feed for certain."""

MOST_DECIMALS = 36
"""Of a feed: more the vault does not take."""

ANSWER, STARTED_AT, UPDATED_AT = 1, 2, 3
"""Words of `latestRoundData`."""


def check(vault: Vault, manifest: Manifest, node: Node, head: Head, account: str) -> tuple[Finding, ...]:
    """All findings at a block. Raises RpcDown where the endpoint does not answer."""
    site = Site(node, head, vault, manifest, account, {})
    site = replace(site, prices=_prices(site))
    return tuple(_findings(site))


def wrong(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Those that say that something is not as the strategy has it."""
    return tuple(one for one in findings if one.level is Level.WRONG)


def _findings(site: Site) -> Iterator[Finding]:
    missing = set()
    for bound in site.manifest.arguments:
        if _has_code(bound) and not site.node.code(bound.address, site.head.number):
            missing.add(bound.place)
            yield Finding(Level.WRONG, bound.place, f"there is no contract at {bound.address}")
    for bound in site.manifest.arguments:
        if bound.place not in missing:
            yield from _told(bound, site)
    yield from _watched(site)


def _has_code(bound: Bound) -> bool:
    """Whether a contract must stand there: accounts and who attests may be keys, and some are none."""
    kind, name = bound.binding.kind, bound.binding.name
    account = kind is BindingKind.ROLE or (kind is BindingKind.DEPOSITORS and name == "attester")
    return not account and bound.address != NOWHERE


def _told(bound: Bound, site: Site) -> Iterator[Finding]:
    """Findings of one address; what it does not answer is one too."""
    try:
        yield from _found(bound, site)
    except Reverted as refusal:
        why = str(refusal) if isinstance(refusal, Unanswered) else f"reverts: {refusal}"
        yield Finding(Level.WRONG, bound.place, f"the contract at {bound.address} {why}")


def _found(bound: Bound, site: Site) -> Iterator[Finding]:
    name, strategy = bound.binding.name, site.vault.strategy
    match bound.binding.kind:
        case BindingKind.ROLE:
            kind = "a contract" if site.node.code(bound.address, site.head.number) else "a key"
            yield Finding(Level.OK, bound.place, kind)
        case BindingKind.TOKEN:
            yield from _token(strategy.token(name), bound, site)
        case BindingKind.FEED:
            yield from _feed(strategy.token(name), bound, site)
        case BindingKind.SEQUENCER:
            yield from _sequencer(bound, site)
        case BindingKind.DEPOSITORS:
            yield from _depositors(bound, site)
        case BindingKind.VENUE:
            venue = next(one for one in strategy.venues if one.name == name)
            yield from VENUES[venue.adapter](venue, site)
        case BindingKind.MARKET:
            pass  # part of what the venue was asked for


# ── tokens and prices ──────────────────────────────────────────────────────────────────────


def _token(token: Token, bound: Bound, site: Site) -> Iterator[Finding]:
    decimals = site.word(bound.address, "decimals()")
    symbol = site.node.text(bound.address, "symbol()", block=site.head.number)
    if decimals != token.decimals:
        said = f"{symbol} has {decimals} decimals, and the strategy says {token.decimals}"
        yield Finding(Level.WRONG, bound.place, said)
        return
    yield Finding(Level.OK, bound.place, f"{symbol}, {decimals} decimals")
    if symbol.lower() != token.name.lower():
        yield Finding(Level.NOTE, bound.place, f"it calls itself {symbol}, the strategy calls it {token.name}")


def _feed(token: Token, bound: Bound, site: Site) -> Iterator[Finding]:
    feed = feed_of(token)
    decimals = site.word(bound.address, "decimals()")
    calls = site.node.text(bound.address, "description()", block=site.head.number)
    expected = site.manifest.descriptions.get(token.name, feed.pair)
    if _plain(calls) != _plain(expected):
        cure = f'if it is the one, say so: description = "{calls}"'
        yield Finding(Level.WRONG, bound.place, f'the feed is "{calls}", and "{expected}" is expected; {cure}')
    if decimals > MOST_DECIMALS:
        yield Finding(Level.WRONG, bound.place, f"it has {decimals} decimals, of at most {MOST_DECIMALS}")
        return
    answer, updated_at = (site.word(bound.address, "latestRoundData()", number=word) for word in (ANSWER, UPDATED_AT))
    if answer == 0 or answer >= 2**255 or updated_at == 0:
        yield Finding(Level.WRONG, bound.place, "it has no answer, or none above zero")
        return
    age = site.head.time - updated_at
    if age < 0:
        yield Finding(Level.WRONG, bound.place, f"its answer is from the future, by {-age} s")
    elif age > feed.heartbeat:
        said = f"its answer is {age:,} s old, and the strategy has a heartbeat of {feed.heartbeat:,} s"
        yield Finding(Level.WRONG, bound.place, said)
    else:
        said = f'"{calls}", {decimals} decimals, {answer / 10**decimals:,.6g}, {age:,} s old of {feed.heartbeat:,} s'
        yield Finding(Level.OK, bound.place, said)


def _plain(description: str) -> str:
    return "".join(description.split()).lower()


def _prices(site: Site) -> dict[str, int]:
    """What feeds say, as the vault reads it, whatever their age."""
    prices: dict[str, int] = {}
    waiting = list(site.vault.strategy.tokens)
    for token in sorted(waiting, key=lambda one: isinstance(one.price, RatioPrice)):
        told = _price(token, site)
        if told is not None and isinstance(token.price, RatioPrice):
            other = prices.get(token.price.other)
            told = None if other is None else told * other // 10**18
        if told:
            prices[token.name] = told
    return prices


def _price(token: Token, site: Site) -> int | None:
    source = site.manifest.address(BindingKind.FEED, token.name)
    try:
        decimals = site.word(source, "decimals()")
        answer = site.word(source, "latestRoundData()", number=ANSWER)
    except Reverted:
        return None
    usable = decimals <= MOST_DECIMALS and 0 < answer < 2**255
    return answer * 10**18 // 10**decimals if usable else None


def _sequencer(bound: Bound, site: Site) -> Iterator[Finding]:
    if bound.address == NOWHERE:
        name = SEQUENCED.get(site.manifest.chain_id)
        if name is None:
            yield Finding(Level.OK, SEQUENCER, "none: right for a chain without a sequencer alone")
        else:
            said = f"{name} has a sequencer, and Chainlink a feed of it: without it prices of before an outage count"
            yield Finding(Level.WRONG, SEQUENCER, said)
        return
    answer, since = (site.word(bound.address, "latestRoundData()", number=word) for word in (ANSWER, STARTED_AT))
    if answer not in (0, 1) or since == 0:
        yield Finding(Level.WRONG, SEQUENCER, "it does not answer as a sequencer's uptime feed: 0 is up, 1 is down")
    elif answer == 1 or site.head.time - since <= SEQUENCER_GRACE:
        yield Finding(Level.WRONG, SEQUENCER, "the sequencer is down, or has been up for less than an hour")
    else:
        yield Finding(Level.OK, SEQUENCER, f"the sequencer has been up for {site.head.time - since:,} s")


def _depositors(bound: Bound, site: Site) -> Iterator[Finding]:
    role = site.vault.depositors
    assert role is not None, "only such a vault has these arguments"
    if bound.binding.name != "service":
        yield Finding(Level.OK, bound.place, "none" if bound.address == NOWHERE else bound.address)
        return
    resolver = site.manifest.address(BindingKind.DEPOSITORS, "resolver")
    packed = role.schema.encode() + bytes.fromhex(resolver[2:]) + b"\x01"
    schema = keccak256(packed)
    registry = site.address(bound.address, "getSchemaRegistry()")
    record = site.node.call(registry, "getSchema(bytes32)", int.from_bytes(schema), block=site.head.number)
    if record[32:64] != schema:
        said = f'its registry has no schema "{role.schema}" with this resolver that can be revoked'
        yield Finding(Level.WRONG, bound.place, said)
    else:
        yield Finding(Level.OK, bound.place, f'it knows the schema "{role.schema}"')


# ── what the keeper will watch ─────────────────────────────────────────────────────────────


def _watched(site: Site) -> Iterator[Finding]:
    """Parameters, oracles and flash loans of venues, read as the keeper reads them."""
    watched = parse_readings({"readings": readings(site.vault)})
    getters = _getters(site)
    for parameter in watched.parameters:
        yield from _asked(f"venues.{parameter.venue}", lambda one=parameter: _parameter(one, getters, site))
    for told in watched.oracles:
        yield from _asked(f"venues.{told.venue}", lambda one=told: _oracle(one, getters, site))
    for loan in watched.flash_loans:
        yield from _asked(f"venues.{loan.venue}", lambda one=loan: _flash_loan(one, getters, site))


def _asked(place: str, ask: object) -> Iterator[Finding]:
    assert callable(ask)
    try:
        yield ask()
    except Reverted as refusal:
        yield Finding(Level.WRONG, place, f"what the keeper watches cannot be read: {refusal}")


def _getters(site: Site) -> dict[str, str]:
    """The addresses that the vault's getters will answer with, by their names, of those that are bound."""
    symbols = symbols_of(site.vault)
    bound = {one.binding.parameter: one.address for one in site.manifest.arguments}
    getters = {symbols.tokens[name].address: site.token(name) for name in symbols.tokens}
    immutables = (one for venue in symbols.venues.values() for one in venue.immutables)
    getters |= {one.name: bound[one.value] for one in immutables if one.value in bound}
    return {THE_VAULT: site.account, **getters}


def _view(view: View, getters: dict[str, str], site: Site) -> int:
    arguments: tuple[int | str, ...] = ()
    if view.given is not None:
        arguments = (_view(view.given, getters, site),)
    elif view.argument is not None:
        arguments = (int(view.argument) if view.argument.isdecimal() else getters[view.argument],)
    to = getters[view.contract]
    for step in view.through:
        to = site.address(to, step)
    found = site.word(to, view.function, *arguments, number=view.word)
    less = 0 if view.less is None else site.word(to, view.function, *arguments, number=view.less)
    return max(found - less, 0)


def _parameter(parameter: Parameter, getters: dict[str, str], site: Site) -> Finding:
    now = _view(parameter.view, getters, site) >> parameter.shift & (1 << parameter.bits) - 1
    view = parameter.view
    asked = view.function.partition("(")[0] + (f"({view.argument})" if view.argument else "")
    what = f"{asked}, from bit {parameter.shift}"
    place = f"venues.{parameter.venue}"
    if now == parameter.proved or (parameter.zero_says_nothing and now == 0):
        return Finding(Level.OK, place, f"{what}: {parameter.proved}, as it was proved with")
    return Finding(Level.WRONG, place, f"{what}: it is {now}, and it was proved with {parameter.proved}")


def _oracle(told: Told, getters: dict[str, str], site: Site) -> Finding:
    """As the keeper measures it (`measures.py`)."""
    place = f"venues.{told.venue}"
    tokens = [token for token in (told.token, told.other) if token is not None]
    if not site.prices.keys() >= set(tokens):
        return Finding(Level.WRONG, place, f"its price of {told.token} cannot be compared: a feed does not answer")
    if told.other is None:
        exact = Fraction(site.prices[told.token] * told.scale, USD)
    else:
        exact = site.unit_worth(told.token) / site.unit_worth(told.other) * PRICE_SCALE
    slack = sum(LAST_DIGITS * exact / site.prices[token] for token in tokens) + 1
    off = max(abs(_view(told.view, getters, site) - exact) - slack, Fraction(0)) / exact
    allowed = _assumed_off(told.subject, site.vault)
    if off > allowed:
        said = f"its price of {told.token} and that of the feeds differ by {percent(off)}"
        return Finding(Level.WRONG, place, f"{said}, of {percent(allowed)} that are assumed")
    return Finding(Level.OK, place, f"it values {told.token} as the feeds do, to {percent(off)}")


def _assumed_off(subject: str, vault: Vault) -> Fraction:
    """By how much a venue's oracle may be off, as it is stated of the token, or follows from how a venue fills."""
    stated = [one.ratio for one in vault.strategy.assumptions if isinstance(one, OracleOffBy) and one.token == subject]
    filled = [venue.perp.off for venue in vault.perps if venue.perp is not None and venue.name == subject]
    return next(iter((*stated, *filled)), Fraction(0))


def _flash_loan(loan: FlashRead, getters: dict[str, str], site: Site) -> Finding:
    flags = None if loan.flags is None else _view(loan.flags, getters, site)
    premium = loan.basis_points if loan.premium is None else _view(loan.premium, getters, site)
    place = f"venues.{loan.venue}"
    if flags is not None and (not flags >> loan.on & 1 or flags >> loan.off & 1):
        return Finding(Level.WRONG, place, f"it lends no {loan.token} by flash loans")
    if premium > loan.basis_points:
        said = f"flash loans cost {premium} basis points, and it was proved with {loan.basis_points}"
        return Finding(Level.WRONG, place, said)
    return Finding(Level.OK, place, f"flash loans of {loan.token}, for {premium} basis points")
