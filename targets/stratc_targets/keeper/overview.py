"""What stands where in a vault at one block: weights against bands, floors, triggers, prices' ages. Reads the chain."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import inf

from stratc_targets.keeper.chain import Chain, Head
from stratc_targets.keeper.conditions import Account, Band, Compare, Floor, Number, Sensitivity
from stratc_targets.keeper.config import KeeperConfig, Rule, Stale, Timer
from stratc_targets.keeper.errors import Refused
from stratc_targets.keeper.measures import USD
from stratc_targets.keeper.watch import Measured
from stratc_targets.keeper.watchlist import Alarm

NEVER = 2**256 - 1
"""What the vault says of the age of a feed that never answered."""


@dataclass(frozen=True, slots=True)
class Weighed:
    """A position; its worth is in USD. `room` is how much of nav may come or go before it leaves its band."""

    band: Band
    worth: Fraction
    weight: Fraction | None
    room: Number


@dataclass(frozen=True, slots=True)
class Kept:
    """A floor: both sides of it where it is one comparison, and how far it is, as a share of the edge."""

    floor: Floor
    now: Number | None
    edge: Number | None
    usd: bool
    room: Number


@dataclass(frozen=True, slots=True)
class Owing:
    """A loan: its health factor and its buffer, at the vault's prices."""

    venue: str
    health: Number
    buffer: Number


@dataclass(frozen=True, slots=True)
class Short:
    """What is short at a venue: its margin ratio, and by what share the price may rise before it may be liquidated."""

    account: Account
    margin: Number
    rise: Number


@dataclass(frozen=True, slots=True)
class Exposed:
    """A sensitivity, in USD for each 100% of a move. `room` is how much of nav it is away from the nearer edge."""

    sensitivity: Sensitivity
    worth: Fraction
    share: Fraction | None
    room: Number


@dataclass(frozen=True, slots=True)
class Coming:
    """A rule: whether it is due, None where that cannot be told; how far it is, in `seconds` or by its condition."""

    rule: Rule
    due: bool | None
    away: Number | None = None
    seconds: int | None = None


@dataclass(frozen=True, slots=True)
class Aged:
    """How old a price is, in seconds, and how old it may be; None where the feed never answered or cannot be read."""

    token: str
    age: int | None
    heartbeat: int


@dataclass(frozen=True, slots=True)
class Overview:
    """`why` says why the vault cannot be read now; then nothing is known of weights and floors. `nav` is in USD."""

    head: Head
    mode: int
    nav: Fraction | None
    supply: int
    why: str | None
    weights: tuple[Weighed, ...]
    floors: tuple[Kept, ...]
    loans: tuple[Owing, ...]
    rules: tuple[Coming, ...]
    ages: tuple[Aged, ...]
    sensitivities: tuple[Exposed, ...] = ()
    shorts: tuple[Short, ...] = ()

    @property
    def broken(self) -> list[Kept]:
        """The floors that do not hold."""
        return [one for one in self.floors if one.room < 0]


def overview(config: KeeperConfig, chain: Chain, head: Head) -> Overview:
    """Everything at one block. Raises RpcDown where the endpoint does not answer."""
    ages = tuple(_ages(config, chain, head))
    mode, supply = chain.mode(head.number), int(chain.view("totalSupply", head.number))
    try:
        state = chain.state(head.number)
    except Refused as refusal:
        coming = tuple(_coming(rule, config, chain, head, None, ages) for rule in config.rules)
        return Overview(head, mode, None, supply, str(refusal), (), (), (), coming, ages)
    goals = config.goals
    return Overview(
        head,
        mode,
        Fraction(state[goals.nav], USD),
        supply,
        None,
        tuple(
            Weighed(band, Fraction(band.worth(state), USD), band.weight(state, goals.nav), band.room(state, goals.nav))
            for band in goals.bands
        ),
        tuple(_kept(floor, config, state) for floor in goals.floors),
        tuple(Owing(loan.venue, loan.health.of(state), loan.buffer(state)) for loan in goals.loans),
        tuple(_coming(rule, config, chain, head, state, ages) for rule in config.rules),
        ages,
        tuple(_exposed(one, state, goals.nav) for one in goals.sensitivities),
        tuple(Short(one, one.margin.of(state), one.rise(state)) for one in goals.accounts),
    )


def _exposed(one: Sensitivity, state: dict[str, int], nav: str) -> Exposed:
    worth = Fraction(state[one.long] - state[one.short], USD)
    return Exposed(one, worth, one.share(state, nav), one.room(state, nav))


def _kept(floor: Floor, config: KeeperConfig, state: dict[str, int]) -> Kept:
    room = config.goals.room(floor.condition, state)
    match floor.condition:
        case Compare(left, _, right, usd):
            return Kept(floor, left.of(state), right.of(state), usd, room)
        case _:
            return Kept(floor, None, None, False, room)


def _coming(
    rule: Rule, config: KeeperConfig, chain: Chain, head: Head, state: dict[str, int] | None, ages: tuple[Aged, ...]
) -> Coming:
    try:
        due = bool(chain.view(rule.due, head.number))
        match rule.trigger:
            case Timer(period, last_run):
                return Coming(rule, due, seconds=max(chain.ask(last_run, head.number) + period - head.time, 0))
            case Stale(token):
                known = [one for one in ages if one.token == token and one.age is not None]
                left = [max(one.heartbeat - one.age, 0) for one in known if one.age is not None]
                return Coming(rule, due, seconds=left[0] if left else None)
            case None:
                return Coming(rule, due)
            case condition:
                return Coming(rule, due, None if state is None else -config.goals.room(condition, state))
    except Refused:
        return Coming(rule, None)


def _ages(config: KeeperConfig, chain: Chain, head: Head) -> list[Aged]:
    found = []
    for token in config.readings.tokens:
        if token.age is not None and token.heartbeat is not None:
            try:
                age: int | None = chain.ask(token.age, head.number)
            except Refused:
                age = None
            found.append(Aged(token.name, None if age == NEVER else age, token.heartbeat))
    return found


def used_up(measured: Measured) -> Number | None:
    """How much of what an assumption allows is used up: 0 nothing, 1 at the edge; None where nothing is measured."""
    return None if measured.value is None else _used(measured.alarm, measured.value)


def _used(alarm: Alarm, value: Fraction) -> Number:
    low, high = alarm.low, alarm.high
    if low is None and high is not None:
        return _share(max(value, Fraction(0)), high)
    if high is None and low is not None:
        # What can be paid out is assumed to fall short of all by so much; what has no whole is told against its edge.
        return _share(max(1 - value, Fraction(0)), 1 - low) if low < 1 else _share(low, value)
    if low is None or high is None:
        return 0
    # Moves are counted from nothing, ranges from their middle.
    middle = Fraction(0) if low <= 0 <= high else (low + high) / 2
    return _share(value - middle, high - middle) if value >= middle else _share(middle - value, middle - low)


def _share(part: Fraction, whole: Fraction) -> Number:
    if whole > 0:
        return part / whole
    return inf if part > 0 else Fraction(0)
