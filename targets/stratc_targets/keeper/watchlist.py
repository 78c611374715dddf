"""What keeper.json says of watching: which numbers of the chain are read, and between which edges they are assumed.

Units: amounts are smallest units of their token, prices and nav 10^-18 USD, times seconds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from stratc_targets.keeper.conditions import members_of, parse_condition, parse_goals

THE_VAULT = "vault"
"""As an argument of a view: the vault's own address. As a subject: the vault as a whole."""

ONE_SHARE = 10**18
"""What `Worth.view` is asked of, so that a share that is worth less than one unit has a worth too."""

PRICE_SCALE = 10**36
"""What a price in another token is told of, so that the worth of a token of many small units is not cut to nothing."""

USD_SCALE = 10**8
"""Parts of a dollar in which a price in USD is told."""

COUNTED = ("rounds_begun",)
"""Quantities that are counts: they may be at their edge, and often are."""

TOKENS_OF = {"price_usd": (1,), "price_ratio": (2,), "price_move": (1, 2)}
"""How many tokens a price is of: one, told in USD, or one told in another."""


@dataclass(frozen=True, slots=True)
class View:
    """A view of a venue, and which word of its answer is the number that is looked for, `less` another word of it.

    `contract` names the vault's getter of an address, `function` is a signature ("balanceOf(address)"), and
    `argument` another getter, THE_VAULT or a decimal number; None where the function takes none. `through` are
    functions without argument that lead from that contract to the one that is asked, each to the next address. `given`
    is a view whose answer is the argument, in its place. `further` are arguments after it, and `as_vault` says that the
    vault itself asks: what only its owner may do with a position is tried out, and leaves no trace.
    """

    contract: str
    function: str
    argument: str | None
    word: int = 0
    through: tuple[str, ...] = ()
    given: View | None = None
    less: int | None = None
    further: tuple[str, ...] = ()
    as_vault: bool = False


@dataclass(frozen=True, slots=True)
class TokenRead:
    """`price` is the member of the vault's State that holds the price.

    `age` says how many seconds ago its feed was written, at least every `heartbeat`; None where there is none.
    Where the price comes from two feeds these are the older answer and the longer heartbeat.
    """

    name: str
    decimals: int
    price: str
    age: View | None
    heartbeat: int | None


@dataclass(frozen=True, slots=True)
class Booked:
    """How a venue's own books bound what it pays out of what lies there.

    It pays nothing where bit `off` of the word `flags` is set, and no more than `most` where bit `on` is.
    """

    flags: View
    off: int
    on: int
    most: View


@dataclass(frozen=True, slots=True)
class PositionRead:
    """One position; `venue` is None where the vault holds it itself.

    `amount` is a member of State, `payable` what the venue could pay out of it now (None for debts and idle tokens),
    but for what its books say, `booked` (None where they say nothing).
    """

    name: str
    token: str
    venue: str | None
    debt: bool
    amount: str
    payable: View | None
    booked: Booked | None = None


@dataclass(frozen=True, slots=True)
class Worth:
    """What ONE_SHARE shares of a venue are worth in a token."""

    token: str
    view: View


@dataclass(frozen=True, slots=True)
class Parameter:
    """A number that governance can move: so many bits of a word from `shift` on, and what they were when it was proved.

    Where `zero_says_nothing`, a zero is no difference: an account without collateral has no threshold.
    """

    venue: str
    view: View
    shift: int
    bits: int
    proved: int
    zero_says_nothing: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    """What a venue's own oracle says: units of `other` for PRICE_SCALE units of `token`, rounded down.

    Where `other` is None: USD for one whole token, in so many parts of a dollar as `scale`. `subject` is what the alarm
    is about that compares it, the token or the venue.
    """

    venue: str
    token: str
    other: str | None
    view: View
    subject: str = ""
    scale: int = USD_SCALE


@dataclass(frozen=True, slots=True)
class FundingRead:
    """What an account that is `short` would pay now, in 10^-18 USD, signed: below zero it would be paid."""

    venue: str
    short: str
    pending: View


@dataclass(frozen=True, slots=True)
class FeesRead:
    """What waits to be fetched from a position in two tokens: `waiting` are amounts, in the order of the venue.

    That is the order of `tokens` where `first`, the token that the venue has first, is what `own` tells of the former
    of them. `worth` is the member of State that says what the position is worth, in 10^-18 USD.
    """

    venue: str
    worth: str
    tokens: tuple[str, str]
    own: View
    first: View
    waiting: tuple[View, View]


@dataclass(frozen=True, slots=True)
class RoundsRead:
    """A vault of ours that is held, by the getter of its address.

    At most `inside` of its rounds may begin within one of this vault, and at most `own` of this one's within one of it.
    """

    venue: str
    vault: str
    inside: int
    own: int


@dataclass(frozen=True, slots=True)
class FlashRead:
    """Whether a venue would lend a token by a flash loan: what it has of it, and its terms.

    It lends where bit `on` of the word `flags` is set and bit `off` is not, and where `liquidity` is not zero, for a
    `premium` of at most `basis_points`. What of these is None cannot change.
    """

    venue: str
    token: str
    available: View
    flags: View | None = None
    on: int = 0
    off: int = 0
    premium: View | None = None
    basis_points: int = 0
    liquidity: View | None = None


@dataclass(frozen=True, slots=True)
class RoomRead:
    """How much more of a token a venue takes, or lends.

    Its cap stands in the word `flags` from bit `cap_shift` on, in whole tokens, zero for none; `total` counts against
    it, and so does `accrued` (in rays of `index`, where the venue has that). It takes nothing unless the bits `on` of
    the word are set and the bits `off` are not. `stock` is what there is to lend. Where `flags` is None it has no such
    word, and no cap.
    """

    venue: str
    token: str
    flags: View | None = None
    cap_shift: int = 0
    cap_bits: int = 1
    on: tuple[int, ...] = ()
    off: tuple[int, ...] = ()
    total: View | None = None
    accrued: View | None = None
    index: View | None = None
    stock: View | None = None


@dataclass(frozen=True, slots=True)
class VenueReadings:
    """What one venue adds, by its own `watch.py`; `payable` and `booked` by the name of the position."""

    payable: dict[str, View]
    shares: tuple[Worth, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    oracles: tuple[Told, ...] = ()
    flash_loans: tuple[FlashRead, ...] = ()
    rooms: tuple[RoomRead, ...] = ()
    booked: dict[str, Booked] = field(default_factory=dict)
    fundings: tuple[FundingRead, ...] = ()
    fees: tuple[FeesRead, ...] = ()


@dataclass(frozen=True, slots=True)
class Readings:
    """Everything that alarms are computed from. `nav` is a member of State, and so is each of `rings`: a volatility."""

    nav: str
    tokens: tuple[TokenRead, ...]
    positions: tuple[PositionRead, ...]
    shares: tuple[Worth, ...]
    parameters: tuple[Parameter, ...]
    oracles: tuple[Told, ...]
    flash_loans: tuple[FlashRead, ...]
    rooms: tuple[RoomRead, ...]
    rings: tuple[str, ...]
    fundings: tuple[FundingRead, ...] = ()
    fees: tuple[FeesRead, ...] = ()
    rounds: tuple[RoundsRead, ...] = ()

    @property
    def members(self) -> set[str]:
        """The members of State that are read."""
        return {self.nav, *(one.price for one in self.tokens), *(one.amount for one in self.positions), *self.rings} | {
            one.worth for one in self.fees
        }

    def held(self, subject: str) -> list[PositionRead]:
        """The positions of a venue, or the one of that name."""
        return [one for one in self.positions if subject in (one.venue, one.name)]


@dataclass(frozen=True, slots=True)
class Alarm:
    """One watched assumption. It holds while `low` <= `quantity` of `subject` <= `high`; an edge of None is open."""

    id: str
    text: str
    claims: tuple[str, ...]
    quantity: str
    subject: str
    low: Fraction | None
    high: Fraction | None
    per_seconds: int | None

    @property
    def tokens(self) -> tuple[str, ...]:
        """Of a price: the token, and the one that it is told in where that is not USD."""
        return tuple(self.subject.split("/")) if self.quantity.startswith("price") else ()

    def inside(self, measured: Fraction) -> bool:
        """Whether the assumption holds where this is measured."""
        return (self.low is None or self.low <= measured) and (self.high is None or measured <= self.high)


def parse_alarms(document: dict[str, Any]) -> tuple[Alarm, ...]:
    """The alarms of a document that fits the schema."""
    return tuple(_alarm(one) for one in document["alarms"])


def parse_readings(document: dict[str, Any]) -> Readings:
    """The readings of a document that fits the schema."""
    given = document["readings"]
    return Readings(
        nav=given["nav"],
        tokens=tuple(TokenRead(**one | {"age": _view_or_none(one["age"])}) for one in given["tokens"]),
        positions=tuple(_position_read(one) for one in given["positions"]),
        shares=tuple(Worth(one["token"], parse_view(one["view"])) for one in given["shares"]),
        parameters=tuple(Parameter(**one | {"view": parse_view(one["view"])}) for one in given["parameters"]),
        oracles=tuple(Told(**one | {"view": parse_view(one["view"])}) for one in given["oracles"]),
        flash_loans=tuple(_flash_read(one) for one in given["flash_loans"]),
        rooms=tuple(_room_read(one) for one in given["rooms"]),
        rings=tuple(given["rings"]),
        fundings=tuple(
            FundingRead(**one | {"pending": parse_view(one["pending"])}) for one in given.get("fundings", ())
        ),
        fees=tuple(_fees_read(one) for one in given.get("fees", ())),
        rounds=tuple(RoundsRead(**one) for one in given.get("rounds", ())),
    )


def _position_read(given: dict[str, Any]) -> PositionRead:
    booked = given["booked"]
    if booked is not None:
        booked = Booked(**booked | {name: parse_view(booked[name]) for name in ("flags", "most")})
    return PositionRead(**given | {"payable": _view_or_none(given["payable"]), "booked": booked})


def _room_read(given: dict[str, Any]) -> RoomRead:
    views = {name: _view_or_none(given[name]) for name in ("flags", "total", "accrued", "index", "stock")}
    return RoomRead(**given | views | {bits: tuple(given[bits]) for bits in ("on", "off")})


def _fees_read(given: dict[str, Any]) -> FeesRead:
    former, latter = given["tokens"]
    one, other = map(parse_view, given["waiting"])
    own, first = (parse_view(given[name]) for name in ("own", "first"))
    return FeesRead(given["venue"], given["worth"], (former, latter), own, first, (one, other))


def _flash_read(given: dict[str, Any]) -> FlashRead:
    terms = {name: _view_or_none(given[name]) for name in ("flags", "premium", "liquidity")}
    return FlashRead(**given | {"available": parse_view(given["available"])} | terms)


def mistakes(document: dict[str, Any]) -> Iterator[str]:
    """What a document that fits the schema says of things that it does not have, each with its place."""
    readings = parse_readings(document)
    tokens = {one.name for one in readings.tokens}
    for member in sorted(readings.members - set(state_members(document["abi"]))):
        yield f"readings: `state` of abi has no member `{member}`"
    used = {one.token for one in readings.positions} | {one.token for one in readings.shares}
    used |= {token for one in readings.oracles for token in (one.token, one.other) if token is not None}
    used |= {token for one in readings.fees for token in one.tokens}
    used |= {one.token for one in readings.flash_loans} | {one.token for one in readings.rooms}
    goals = parse_goals(document)
    conditions = [floor.condition for floor in goals.floors]
    conditions += [
        parse_condition(rule["trigger"]["condition"]) for rule in document["rules"] if "condition" in rule["trigger"]
    ]
    read = {member for one in conditions for member in members_of(one)} | {band.value for band in goals.bands}
    read |= {band.less for band in goals.bands if band.less is not None}
    read |= {member for one in goals.loans for member in members_of(one.health)}
    read |= {member for one in goals.accounts for member in members_of(one.margin)}
    read |= {side for one in goals.sensitivities for side in (one.long, one.short)}
    for member in sorted(read - set(state_members(document["abi"]))):
        yield f"floors, bands, loans, accounts, rules: `state` of abi has no member `{member}`"
    for token in sorted(used - tokens):
        yield f"readings: the token `{token}` is not in readings.tokens"
    venues = {one.venue for one in readings.positions} | {one.venue for one in readings.parameters}
    venues |= {one.venue for one in readings.fundings} | {one.venue for one in readings.fees}
    venues |= {one.venue for one in readings.oracles} | {one.venue for one in readings.flash_loans}
    known = {THE_VAULT, *tokens, *venues, *(one.name for one in readings.positions)}
    for place, alarm in enumerate(parse_alarms(document)):
        if not (tokens.issuperset(alarm.tokens) if alarm.tokens else alarm.subject in known):
            yield f"alarms[{place}].measure.subject: nothing is read of `{alarm.subject}`"
        elif len(alarm.tokens) not in TOKENS_OF.get(alarm.quantity, (0,)):
            yield f"alarms[{place}].measure.subject: `{alarm.subject}` has no `{alarm.quantity}`"


def state_members(abi: list[dict[str, Any]]) -> list[str]:
    """The names of what the vault's `state` returns, in order; none where the ABI does not say."""
    outputs = [output for entry in abi if entry["name"] == "state" for output in entry["outputs"][:1]]
    return [part["name"] for output in outputs for part in output.get("components", [])]


def _alarm(given: dict[str, Any]) -> Alarm:
    measure = given["measure"]
    edges = {edge: None if measure[edge] is None else Fraction(measure[edge]) for edge in ("low", "high")}
    return Alarm(
        given["id"],
        given["text"],
        tuple(given["claims"]),
        measure["quantity"],
        measure["subject"],
        per_seconds=measure["per_seconds"],
        **edges,
    )


def parse_view(given: dict[str, Any]) -> View:
    """A view of a document that fits the schema."""
    several = {name: tuple(given.get(name, ())) for name in ("through", "further")}
    return View(**given | several | {"given": _view_or_none(given["given"])})


def _view_or_none(given: dict[str, Any] | None) -> View | None:
    return None if given is None else parse_view(given)
