"""From what one look saw to the numbers that alarms compare with their edges. Exact arithmetic, no I/O."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

from stratc_targets.keeper.state import Seen
from stratc_targets.keeper.watchlist import (
    PRICE_SCALE,
    Alarm,
    Booked,
    FeesRead,
    FlashRead,
    FundingRead,
    PositionRead,
    Readings,
    RoomRead,
    Told,
    View,
)

USD = 10**18
RAY = 10**27
AAVE_UNIT = Fraction(USD, 10**8)
BASIS_POINTS = 10_000

WORD: int = 2**256

LEAST_SECONDS = 60
"""A rate is not told from less: interest comes in blocks, and looks are as coarse."""

LAST_DIGITS = 4
"""Units by which a price of the vault may fall short of its feeds: products of two are rounded down."""

FINEST = 10**18
"""To so many parts growth is kept from stretch to stretch, far finer than any edge: its digits must not pile up."""

Ask = Callable[[View], int]


@dataclass(frozen=True, slots=True)
class Sight:
    """One look: the vault's State, what was seen of the round up to this block, and the worth of the coarsest unit.

    `coarsest`, in 10^-18 USD, is what the proofs call dust. `empty` means that nobody has shares.
    """

    readings: Readings
    state: dict[str, int]
    coarsest: Fraction
    seen: Seen
    empty: bool

    def slack(self, position: PositionRead) -> Fraction:
        """How many smallest units two readings of a position may differ by rounding: a dust each, as in the proofs."""
        return 2 * self.coarsest / unit_worth(self.readings, self.state, position.token)

    def growth(self, position: PositionRead) -> Fraction:
        """By which factor a position has grown in this round without the vault's doing; as little as it may have."""
        start, last = (look.amounts[position.name] for look in (self.seen.start, self.seen.last))
        slack = self.slack(position)
        change = last - start
        sure = max(change - slack, Fraction(0)) if change > 0 else min(change + slack, Fraction(0))
        # What is less than rounding may be anything, so nothing is told of it.
        return self.seen.growth[position.name] * max(start + sure, slack) / max(Fraction(start), slack)


def kept(growth: Fraction) -> Fraction:
    """Growth as it is remembered: not exactly, and never zero or without bound."""
    return min(max(growth, Fraction(1, FINEST)), Fraction(FINEST)).limit_denominator(FINEST)


def unit_worth(readings: Readings, state: Mapping[str, int], token: str) -> Fraction:
    """What one smallest unit of a token is worth, in 10^-18 USD."""
    read = next(one for one in readings.tokens if one.name == token)
    return Fraction(state[read.price], 10**read.decimals)


def parameter_difference(alarm: Alarm, readings: Readings, ask: Ask) -> Fraction:
    """The largest difference of a parameter of the venue from what was proved, in basis points as most of them are."""
    mine = [one for one in readings.parameters if one.venue == alarm.subject]
    found = ((one, ask(one.view) >> one.shift & (1 << one.bits) - 1) for one in mine)
    off = (abs(now - one.proved) for one, now in found if now or not one.zero_says_nothing)
    return Fraction(max(off, default=0), BASIS_POINTS)


def measure(alarm: Alarm, sight: Sight, ask: Ask) -> Fraction | None:
    """The quantity of an alarm that is computed from the State.

    None where there is nothing to measure, or too little time has passed to tell.
    """
    if alarm.quantity.startswith("price"):
        return _price(alarm, sight)
    if alarm.quantity == "oracle_difference":
        mine = [one for one in sight.readings.oracles if one.subject == alarm.subject]
        return max((_off(one, sight, ask) for one in mine), default=None)
    if sight.empty:
        return None
    held = sight.readings.held(alarm.subject)
    growths = [(one, sight.growth(one)) for one in held]
    match alarm.quantity:
        case "scale":
            return sight.state[sight.readings.nav] / sight.coarsest
        case "gain":
            return max((1 - grown if one.debt else grown - 1 for one, grown in growths), default=None)
        case "loss":
            return max((1 - grown for one, grown in growths if not one.debt), default=None)
        case "debt_rate":
            return max((rate for _, grown in growths for rate in _rate(alarm, sight, grown)), default=None)
        case "flash_loan":
            return min(
                (lent for one in sight.readings.flash_loans for lent in _flash_loan(alarm, sight, one, ask)),
                default=None,
            )
        case "funding":
            accounts = (one for one in sight.readings.fundings if one.venue == alarm.subject)
            return max((share for one in accounts for share in _funding(one, sight, ask)), default=None, key=abs)
        case "waiting_fees":
            earned = (one for one in sight.readings.fees if one.venue == alarm.subject)
            return max((share for one in earned for share in _waiting(one, sight, ask)), default=None)
        case "room":
            rooms = (one for one in sight.readings.rooms if one.venue == alarm.subject)
            return min((share for one in rooms for share in _room(sight, one, ask)), default=None)
        case _:
            return min((share for one in held for share in _liquidity(sight, one, ask)), default=None)


def _price(alarm: Alarm, sight: Sight) -> Fraction:
    """A price now, or what became of it since the round began; in USD, or in the other token of a pair."""
    prices = {one.name: sight.state[one.price] for one in sight.readings.tokens}
    now = _told_in(alarm, prices)
    return now / _told_in(alarm, sight.seen.prices) - 1 if alarm.quantity == "price_move" else now


def _told_in(alarm: Alarm, prices: Mapping[str, int]) -> Fraction:
    token, *other = alarm.tokens
    return Fraction(prices[token], prices[other[0]] if other else USD)


def _off(told: Told, sight: Sight, ask: Ask) -> Fraction:
    """By which part a venue's oracle differs from the vault's prices, but for the last digits of both."""
    prices = [sight.state[one.price] for one in sight.readings.tokens if one.name in (told.token, told.other)]
    if told.other is None:
        exact = Fraction(prices[0] * told.scale, USD)
    else:
        worth, other = (unit_worth(sight.readings, sight.state, token) for token in (told.token, told.other))
        exact = worth / other * PRICE_SCALE
    slack = sum(LAST_DIGITS * exact / price for price in prices) + 1
    return max(abs(ask(told.view) - exact) - slack, Fraction(0)) / exact


def _funding(read: FundingRead, sight: Sight, ask: Ask) -> Iterator[Fraction]:
    """What pending funding adds to the account, as a share of what the short is worth; below zero it pays."""
    (short,) = (one for one in sight.readings.positions if one.name == read.short)
    worth = sight.state[short.amount] * unit_worth(sight.readings, sight.state, short.token)
    pays = ask(read.pending)
    if worth:
        yield -(pays - WORD if pays >= WORD // 2 else pays) / worth


def _waiting(read: FeesRead, sight: Sight, ask: Ask) -> Iterator[Fraction]:
    """What waits to be fetched from a position, as a share of what that is worth; nothing where there is none."""
    worth = sight.state[read.worth]
    if worth:
        tokens = read.tokens if ask(read.first) == ask(read.own) else read.tokens[::-1]
        amounts = zip(tokens, read.waiting, strict=True)
        waiting = (ask(view) * unit_worth(sight.readings, sight.state, token) for token, view in amounts)
        yield sum(waiting, Fraction(0)) / worth


def _rate(alarm: Alarm, sight: Sight, grown: Fraction) -> Iterator[Fraction]:
    """The least nominal rate that explains the growth, unless it is too early to tell.

    As in the proofs: a part x of the rate, compounded as often as one likes, is a factor of at most 1 / (1 - x).
    """
    seconds = sight.seen.seconds + sight.seen.last.time - sight.seen.start.time
    if seconds >= LEAST_SECONDS and alarm.per_seconds is not None:
        yield (1 - 1 / grown) * alarm.per_seconds / seconds


def _flash_loan(alarm: Alarm, sight: Sight, read: FlashRead, ask: Ask) -> Iterator[Fraction]:
    """What the lender would lend now, as a share of what is owed in that token; nothing where its terms are others."""
    owed = sum(sight.state[one.amount] for one in sight.readings.positions if one.debt and one.token == read.token)
    if read.venue == alarm.subject:
        yield Fraction(ask(read.available) if _lends(read, ask) else 0, max(owed, 1))


def _lends(read: FlashRead, ask: Ask) -> bool:
    flags = None if read.flags is None else ask(read.flags)
    if flags is not None and not (flags >> read.on & 1 and not flags >> read.off & 1):
        return False
    if read.liquidity is not None and ask(read.liquidity) == 0:
        return False
    return read.premium is None or ask(read.premium) <= read.basis_points


def _room(sight: Sight, read: RoomRead, ask: Ask) -> Iterator[Fraction]:
    """How much more a venue takes of a token, or lends, as a share of nav; nothing is told where that has no end."""
    flags = 0 if read.flags is None else ask(read.flags)
    nav = sight.state[sight.readings.nav]
    left: list[Fraction] = []
    if any(not flags >> bit & 1 for bit in read.on) or any(flags >> bit & 1 for bit in read.off):
        left.append(Fraction(0))
    if cap := flags >> read.cap_shift & (1 << read.cap_bits) - 1:
        unit = 10 ** next(one.decimals for one in sight.readings.tokens if one.name == read.token)
        counted = Fraction(0 if read.total is None else ask(read.total))
        if read.accrued is not None and read.index is not None:
            counted += Fraction(ask(read.accrued) * ask(read.index), RAY)
        left.append(max(cap * unit - counted, Fraction(0)))
    if read.stock is not None:
        left.append(Fraction(ask(read.stock)))
    if left and nav:
        yield min(left) * unit_worth(sight.readings, sight.state, read.token) / nav


def _liquidity(sight: Sight, held: PositionRead, ask: Ask) -> Iterator[Fraction]:
    """What can be paid out of an asset position, as a share of it; rounding counts in favour."""
    amount = sight.state[held.amount]
    if held.payable is not None and amount:
        yield (paid(ask(held.payable), held.booked, ask) + sight.slack(held)) / amount


def paid(there: int, booked: Booked | None, ask: Ask) -> int:
    """What of what lies there is paid out."""
    if booked is None:
        return there
    flags = ask(booked.flags)
    if flags >> booked.off & 1:
        return 0
    return min(there, ask(booked.most)) if flags >> booked.on & 1 else there
