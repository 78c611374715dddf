"""Everything that the template lays out, as text: what each part of the contract says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from itertools import combinations, product
from pathlib import PurePosixPath

from stratc_compiler.expr import has_root
from stratc_compiler.fees import mark
from stratc_compiler.refuse import feed_of
from stratc_compiler.requests import SERVED_AT_ONCE, SMALLEST_REQUEST
from stratc_compiler.shares import SUPPLY
from stratc_compiler.vault import NOT_HEDGED, Exits, OnTimer, Trades, Vault
from stratc_compiler.volatility import freezes_on_volatility
from stratc_dsl.administration import DepositLimit
from stratc_dsl.span import Source
from stratc_dsl.strategy import DepositsAtMost, Token, WithdrawalsAtMost
from stratc_dsl.words import duration
from stratc_targets.venues.emitter import INNER_CODE, Callback, Immutable, Stored
from stratc_targets.vyper.adapters import ASKED_FOR, RUNTIME
from stratc_targets.vyper.arguments import DEPOSITORS, OF_THE_BOOK, SEQUENCER, BindingKind
from stratc_targets.vyper.build import ACTIONS_CODE
from stratc_targets.vyper.fee_text import FeesText, fees_text
from stratc_targets.vyper.formula_text import FormulaText, formula_texts
from stratc_targets.vyper.guard_text import GuardText, guard_text
from stratc_targets.vyper.layout import both, statement
from stratc_targets.vyper.leaving_text import InKindText, LeavingText, in_kind_text, leaving_gas, leaving_texts
from stratc_targets.vyper.perp_text import TradeFunction, trade_functions
from stratc_targets.vyper.plan_text import Loans, LoanText, ResizeText, resize_texts
from stratc_targets.vyper.predicate_text import (
    ConversionText,
    FloorText,
    RiskText,
    band_text,
    conserved_text,
    conversion_texts,
    definition_lines,
    floor_texts,
    greek_texts,
    hedged_text,
    named_formulas,
    risk_texts,
    room_text,
    round_limit,
    settled_text,
)
from stratc_targets.vyper.price_text import oldest_answer, prices_usable, read_prices
from stratc_targets.vyper.range_text import NearText, WorthText, near_texts, worth_texts
from stratc_targets.vyper.ring_text import RingText, read_volatilities, ring_texts
from stratc_targets.vyper.rule_text import RuleContext, RuleText, marked_positions, rule_text
from stratc_targets.vyper.swap_text import SwapFunction, swap_functions
from stratc_targets.vyper.symbols import BOOK, Symbols, from_outside, state_positions, symbols_of
from stratc_targets.vyper.words import file_name, place, plain


@dataclass(frozen=True, slots=True)
class StateField:
    name: str
    comment: str


@dataclass(frozen=True, slots=True)
class TokenText:
    """One token: its names in the contract and what the constructor checks and stores."""

    name: str
    address: str
    feed: str
    unit: str
    decimals: int
    heartbeat: int
    token_parameter: str
    feed_parameter: str
    age: str


@dataclass(frozen=True, slots=True)
class FixedText:
    """One immutable of the book, and the member of its struct `Fixed` by which it is passed on; `value` is told by
    members that come before it."""

    name: str
    type: str
    member: str
    value: str


@dataclass(frozen=True, slots=True)
class BaseText:
    """The base token; `idle` is its balance in the State, which `read` reads in the book, `read_outside` elsewhere."""

    name: str
    address: str
    idle: str
    read: str
    read_outside: str


@dataclass(frozen=True, slots=True)
class SchemaText:
    """The schema whose attestations depositors hold, and the constructor's parameters that go with it."""

    text: str
    comment: str
    service: str
    attester: str
    resolver: str


@dataclass(frozen=True, slots=True)
class Contract:
    """What the template is given. Lists of lines are bodies; everything else is one line or a name."""

    title: str
    version: str
    source_name: str
    source_hash: str
    share_name: str
    share_symbol: str
    vault_modules: tuple[str, ...]
    actions_modules: tuple[str, ...]
    book_modules: tuple[str, ...]
    book_uses: tuple[str, ...]
    book_parameters: tuple[str, ...]
    book_public: tuple[str, ...]
    base: BaseText
    nav: str
    total_assets: str
    state: tuple[StateField, ...]
    tokens: tuple[TokenText, ...]
    parameters: tuple[str, ...]
    sequencer_feed: str
    fixed: tuple[FixedText, ...]
    venue_constants: tuple[Immutable, ...]
    venue_stored: tuple[Stored, ...]
    deployment_checks: tuple[str, ...]
    timers: tuple[str, ...]
    marks: tuple[str, ...]
    longest_rule: int
    longest_position: int
    read_prices: list[str]
    read_balances: list[str]
    worths: tuple[WorthText, ...]
    formulas: tuple[FormulaText, ...]
    rule_formulas: tuple[FormulaText, ...]
    derive: list[str]
    prices_usable: list[str]
    ranged: bool
    floors: tuple[FloorText, ...]
    floors_hold: list[str]
    in_band: list[str]
    hedged: list[str]
    not_hedged: str
    settled: list[str]
    conversions: tuple[ConversionText, ...]
    round_limit: list[str]
    round_comment: str
    owner_delay: int
    keeper_silence: str
    keeper_is_replaced: bool
    who_keeps: str
    fees: FeesText | None
    schema: SchemaText | None
    room: list[str]
    room_is_bounded: bool
    round_room: bool
    room_notice: str
    room_comment: str
    rules: tuple[RuleText, ...]
    leaving: tuple[LeavingText, ...]
    trades: bool
    swaps: tuple[SwapFunction, ...]
    nears: tuple[NearText, ...]
    shorts: tuple[TradeFunction, ...]
    resizes: tuple[ResizeText, ...]
    loans: tuple[LoanText, ...]
    callbacks: tuple[Callback, ...]
    carried: tuple[str, ...]
    exits_by_rule: bool
    leaving_gas: int
    in_kind: InKindText
    exit_comment: str
    risks: tuple[RiskText, ...]
    conserved: list[str]
    queues: bool
    smallest_request: int
    served_at_once: int
    guard: GuardText | None
    settlements: tuple[str, ...]
    rings: tuple[RingText, ...]
    freezes: bool


def contract_of(vault: Vault, source: Source) -> Contract:
    """The text of every part. Raises Unsupported for what no emitter knows."""
    book = symbols_of(vault)
    outside = from_outside(book, vault)
    marks = marked_positions(vault, book)
    places = {rule.name: place(rule.span, source, rule.text) for rule in vault.rules}
    guard = guard_text(vault, book)
    loans = Loans()
    context = RuleContext(vault, outside, book, marks, named_formulas(vault), places, guard, loans)
    rules = tuple(rule_text(rule, context) for rule in vault.rules)
    leaving = leaving_texts(vault, outside, marks, loans)
    floors = floor_texts(vault, book, source)
    timers = tuple(f"{rule.name}_last_run" for rule in vault.rules if isinstance(rule.trigger, OnTimer))
    marked = tuple(mark.removeprefix(f"{BOOK}.") for mark in marks.values())
    modules, adapters, book_uses = used_modules(vault), _adapters(vault), _book_uses(vault)
    immutables = tuple(one for venue in book.venues.values() for one in venue.immutables)
    stored = tuple(one for venue in book.venues.values() for one in venue.stored)
    tokens = tuple(_token(token, vault, book, outside) for token in vault.strategy.tokens)
    return Contract(
        title=f"{plain(vault.strategy.name)} vault",
        version=version("stratc"),
        source_name=", ".join(plain(name) for name, _ in source.digests()),
        source_hash=source.digest(),
        share_name=f"{plain(vault.strategy.name)} over {vault.base}"[:64],
        share_symbol=plain(vault.strategy.name)[:64],
        vault_modules=(*(one for one in modules if one not in adapters), BOOK, PurePosixPath(ACTIONS_CODE).stem),
        actions_modules=(*(one for one in modules if one != "depositors"), BOOK),
        book_modules=_book_modules(vault),
        book_uses=book_uses,
        book_parameters=tuple(one.parameter for one in book.arguments if one.kind in OF_THE_BOOK),
        book_public=(
            *(token.address for token in book.tokens.values()),
            *(one.name for one in immutables if not one.constant),
            *(one.name for one in stored),
            *timers,
            *(one.variable for one in (guard.remembered if guard else ())),
            *marked,
        ),
        base=BaseText(
            vault.base, book.token(vault.base), book.fields[f"idle({vault.base})"], book.base_read, outside.base_read
        ),
        nav=book.fields["nav"],
        total_assets=book.fields["total_assets"],
        state=_state(vault, book),
        tokens=tokens,
        parameters=tuple(binding.parameter for binding in book.arguments),
        sequencer_feed=book.argument(BindingKind.SEQUENCER, SEQUENCER),
        fixed=_fixed(tokens, immutables),
        venue_constants=immutables,
        venue_stored=stored,
        deployment_checks=(*_distinct(vault, book), *_venue_checks(book)),
        timers=timers,
        marks=marked,
        longest_rule=max((len(rule.name) for rule in vault.rules), default=1),
        longest_position=max((len(name) for name in marks), default=1),
        read_prices=[*read_prices(vault, book), *read_volatilities(vault, book)],
        read_balances=[f"s.{book.fields[held.name]} = {book.read(held)}" for held in state_positions(vault)],
        worths=worth_texts(vault, book),
        formulas=formula_texts(vault, book, of_rules=False),
        rule_formulas=formula_texts(vault, outside, of_rules=True),
        derive=definition_lines(vault, book),
        prices_usable=statement("return ", prices_usable(vault, book)),
        ranged=bool(vault.ranges),
        floors=floors,
        floors_hold=statement("return ", both(*(f"self.{floor.function}(s)" for floor in floors))),
        in_band=band_text(vault, book),
        hedged=hedged_text(vault, book),
        not_hedged=NOT_HEDGED,
        settled=settled_text(vault),
        conversions=conversion_texts(vault, outside),
        round_limit=round_limit(vault),
        round_comment=_round_comment(vault, source),
        owner_delay=vault.owner_delay,
        keeper_silence="max_value(uint256)" if vault.keeper_silence is None else str(vault.keeper_silence),
        keeper_is_replaced=vault.keeper_silence is not None,
        who_keeps=_who_keeps(vault),
        fees=fees_text(vault, book, source),
        schema=_schema(vault, book, source),
        room=room_text(vault, outside),
        room_is_bounded=bool(vault.strategy.limits),
        round_room=vault.deposits is not None,
        room_notice=_room_notice(vault) + (", for who is attested," if vault.schema else ""),
        room_comment="; ".join(place(one.span, source, source.words(one.span)) for one in _inflow(vault)),
        rules=rules,
        leaving=leaving,
        swaps=swap_functions(vault, outside),
        nears=near_texts(vault, outside),
        shorts=trade_functions(vault, outside),
        resizes=resize_texts(vault, outside),
        loans=tuple(loans.texts),
        callbacks=_callbacks(book),
        carried=tuple(loans.carried.values()),
        trades=any(isinstance(rule.effect, Trades) for rule in vault.rules),
        exits_by_rule=any(isinstance(rule.effect, Exits) for rule in vault.rules),
        leaving_gas=leaving_gas(vault),
        in_kind=in_kind_text(vault, outside, marks),
        exit_comment=_exit_comment(vault, source),
        risks=(*risk_texts(vault, outside), *greek_texts(vault, outside)),
        conserved=conserved_text(vault, outside),
        queues=vault.queues,
        smallest_request=SMALLEST_REQUEST,
        served_at_once=SERVED_AT_ONCE,
        guard=guard,
        settlements=tuple(venue.settle for venue in book.venues.values() if venue.settle is not None),
        rings=ring_texts(vault, book),
        freezes=any(freezes_on_volatility(rule, vault) for rule in vault.rules),
    )


def used_modules(vault: Vault) -> tuple[str, ...]:
    """The runtime library and the adapters of the strategy's venues, in a fixed order."""
    wanted = {
        "depositors": vault.schema is not None,
        "fees": bool(vault.charge),
        "requests": vault.queues,
        "flash": bool(vault.loans),
        "roots": _has_roots(vault),
        "ring": bool(vault.rings),
        "ranges": bool(vault.ranges),
    }
    asked_for = (name for name in ASKED_FOR if wanted[name])
    return (*RUNTIME, *asked_for, *_adapters(vault))


def _book_modules(vault: Vault) -> tuple[str, ...]:
    roots = ("roots",) if _has_roots(vault) else ()
    inner = (INNER_CODE,) if vault.inner else ()
    return ("arith", *roots, "tokens", *_book_uses(vault), *_adapters(vault), *inner)


def _has_roots(vault: Vault) -> bool:
    """Whether anything is a square root: a volatility, or a value, from which sizes and conditions are computed."""
    return bool(vault.rings) or any(has_root(definition) for definition in vault.definitions.values())


def _adapters(vault: Vault) -> tuple[str, ...]:
    return tuple(sorted({venue.adapter for venue in vault.strategy.venues}))


def _book_uses(vault: Vault) -> tuple[str, ...]:
    """Modules whose state the book reads or changes."""
    asked_for = (("share_token", "fees") if vault.charge else ()) + (("requests",) if vault.queues else ())
    return ("oracle", "modes", "rounds", *asked_for, *(("ring",) if vault.rings else ()))


def _venue_checks(book: Symbols) -> Iterator[str]:
    for venue in book.venues.values():
        yield from venue.checks
        if venue.flash is not None and venue.flash.lent and venue.flash.check is not None:
            yield venue.flash.check


def _callbacks(book: Symbols) -> tuple[Callback, ...]:
    """How lenders call back, each way once."""
    lenders = (venue.flash for venue in book.venues.values() if venue.flash is not None and venue.flash.lent)
    return tuple(dict.fromkeys(flash.callback for flash in lenders))


def _distinct(vault: Vault, book: Symbols) -> tuple[str, ...]:
    """What is counted as two must be two: tokens, accounts at venues, and what stands for a position there."""
    tokens = {token.name: book.token(token.name) for token in vault.strategy.tokens}
    texts = {venue.name: book.venues[venue.name] for venue in vault.venues}
    venues = {name: text.address for name, text in texts.items() if text.account is None and not text.ranges}
    accounts = {name: text.account for name, text in texts.items() if text.account is not None}
    receipts = {held: one.receipt for text in texts.values() for held, one in text.positions.items() if one.receipt}
    pairs = [
        *(pair for counted in (tokens, venues, accounts) for pair in combinations(counted.items(), 2)),
        *product(tokens.items(), receipts.items()),
    ]
    return tuple(f'assert {first} != {second}, "{one} is {other}"' for (one, first), (other, second) in pairs)


def _schema(vault: Vault, symbols: Symbols, source: Source) -> SchemaText | None:
    role = vault.depositors
    if role is None:
        return None
    service, attester, resolver = (symbols.argument(BindingKind.DEPOSITORS, name) for name in DEPOSITORS)
    return SchemaText(role.schema, place(role.span, source, source.words(role.span)), service, attester, resolver)


def _token(token: Token, vault: Vault, book: Symbols, outside: Symbols) -> TokenText:
    names = book.tokens[token.name]
    return TokenText(
        token.name,
        names.address,
        names.feed,
        names.unit,
        token.decimals,
        feed_of(token).heartbeat,
        book.argument(BindingKind.TOKEN, token.name),
        book.argument(BindingKind.FEED, token.name),
        oldest_answer(token.name, vault, outside),
    )


def _fixed(tokens: tuple[TokenText, ...], immutables: tuple[Immutable, ...]) -> tuple[FixedText, ...]:
    """Every immutable of the book, in the order in which they are declared and assigned."""
    values = [(one.name, one.type, one.value) for one in immutables if not one.constant]
    for token in reversed(tokens):
        feed = f"oracle.connect({token.feed_parameter}, {token.heartbeat})"
        values[:0] = [(token.address, "address", token.token_parameter), (token.feed, "oracle.Feed", feed)]
    members = {name: name.lower() for name, _, _ in values}
    word = re.compile(rf"\b({'|'.join(members)})\b")
    return tuple(
        FixedText(name, kind, members[name], word.sub(lambda found: f"fixed.{members[found[1]]}", value))
        for name, kind, value in values
    )


def _state(vault: Vault, symbols: Symbols) -> tuple[StateField, ...]:
    units = {held.name: _balance_comment(held.token, held.debt) for held in state_positions(vault)}
    units |= {f"price({token.name})": f"10^-18 USD per whole {token.name}" for token in vault.strategy.tokens}
    units |= {ring.name: f"10^-18, realised over {duration(ring.window)}" for ring in vault.rings}
    units |= dict.fromkeys(vault.definitions, "10^-18 USD")
    units["total_assets"] = f"smallest units of {vault.base}"
    if vault.charge:
        units[SUPPLY.name] = "shares, with those that fees are due to mint"
        units[mark(vault.base).name] = "smallest units per 10 ** 18 first share prices"
    return tuple(StateField(symbols.fields[name], comment) for name, comment in units.items() if name in symbols.fields)


def _balance_comment(token: str, debt: bool) -> str:
    return f"smallest units of {token}{', owed' if debt else ''}"


def _who_keeps(vault: Vault) -> str:
    if vault.keeper_silence is None:
        return "Keeper or owner"
    return f"Keeper or owner, after {vault.keeper_silence} s of their silence anyone"


def _round_comment(vault: Vault, source: Source) -> str:
    written = (one for one in vault.strategy.assumptions if isinstance(one, WithdrawalsAtMost))
    return next((place(one.span, source, source.words(one.span)) for one in written), "")


def _inflow(vault: Vault) -> Iterator[DepositLimit | DepositsAtMost]:
    """What bounds deposits, as it stands in the strategy."""
    yield from vault.strategy.limits
    yield from (one for one in vault.strategy.assumptions if isinstance(one, DepositsAtMost))


def _room_notice(vault: Vault) -> str:
    if vault.deposits is None:
        return "What the limit leaves" if vault.strategy.limits else "Without limit"
    return "What the limit and the round leave" if vault.strategy.limits else "What the round leaves"


def _exit_comment(vault: Vault, source: Source) -> str:
    return f"{file_name(source)}  exit {{ order: [{', '.join(vault.strategy.exit_order)}] }}, then what is left to sell"
