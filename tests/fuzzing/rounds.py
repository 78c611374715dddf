"""Random rounds in exact integers, drawn from what a strategy says and not from what the proofs make of it.

Prices, interest, losses, liquidity and flows come from the assumptions as they are written: `environment.py`,
`rounds.py` and `inside_box.py` of the compiler have no part in it, so that a box which is too small is noticed like
any other fault. Venues round as badly as their models allow, swaps pay anything inside the slippage, timers are due or
not.

Every choice has a name and lies between 0 and 1, mostly at one of the ends: whoever looks for the worst round keeps
most of a bad one and draws the rest again.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from math import ceil, floor

from msgspec import Struct
from msgspec.structs import replace

from fuzzing.accounts import accounts, close, funded, realize
from fuzzing.choices import Choices
from fuzzing.worths import FEED, FINE, State, delta, dust, nav, readable, root, settled, worth, worth_held
from stratc_compiler.text import WAD
from stratc_compiler.vault import Held, Vault
from stratc_dsl.strategy import (
    DepositsAtMost,
    KeeperEvery,
    LiquidityAtLeast,
    LossAtMost,
    PairMoves,
    PairStays,
    PriceMoves,
    PriceStays,
    RateAtMost,
    RatioPrice,
    RoomAtLeast,
    Token,
    WithdrawalsAtMost,
)

SCALE = 1_000_000
"""Nav at least, in the largest smallest unit in play: the assumption `scale`."""

GAIN = Fraction(1, 100)
"""What others may give in a round: the assumption `gain`."""

SINCE = Fraction(5)
"""By such a factor the price of a range's token may have changed since the range was placed, or more."""

OF_THE_MOMENT = ("liquidity(", "room(", "fees(", "volatility(")

ANYTHING = Fraction(1000)
"""A factor that nobody bounds is at most so large, or at least so small."""


class Round(Struct):
    """A settled state, a moment of the round that follows, and what flowed in between."""

    settled: State
    moment: State
    deposited: int
    withdrawn: int


def at_scale(vault: Vault, played: Round) -> bool:
    """Whether nav was large enough when the round began, for the units of all its moments, and no range too large."""
    if not all(readable(vault, state) for state in (played.settled, played.moment)):
        return False
    largest = max(dust(vault, played.settled), dust(vault, played.moment))
    return nav(vault, played.settled) >= SCALE * largest


# ── prices ─────────────────────────────────────────────────────────────────────────────────


def prices(vault: Vault, choices: Choices) -> State | None:
    """Settled prices, and units; None where no price is what is assumed."""
    state = {f"unit({token.name})": 10**token.decimals for token in vault.strategy.tokens}
    for token in _in_order(vault):
        name = f"price({token.name})"
        stays = _stays(vault, token.name)
        ranges = [] if stays is None else [(*stays, Fraction(1))]
        ranges += [
            (one.low, one.high, met) for one, met in _met(vault, token.name, state) if isinstance(one, PairStays)
        ]
        price = Fraction(10) ** choices.whole(name, -3, 5) * 2
        if ranges:
            low, high = _within(Fraction(0), ranges[0][1] * ranges[0][2], ranges)
            if low > high:
                return None
            price = choices.between(name, low, high)
        step = _step(token)
        state[name] = max(int(price * 10**18 / step), 1) * step
    return state


def _in_order(vault: Vault) -> list[Token]:
    """Tokens whose own price is bounded first: those that only keep to another one have to follow it."""
    bounded = {one.token for one in vault.strategy.assumptions if isinstance(one, PriceMoves | PriceStays)}
    return sorted(vault.strategy.tokens, key=lambda token: token.name not in bounded)


def _step(token: Token) -> int:
    """A feed tells 8 decimals of the 18 that prices have; a product of two feeds may be any."""
    return 1 if isinstance(token.price, RatioPrice) else FEED


def _met(vault: Vault, token: str, state: State) -> Iterator[tuple[PairMoves | PairStays, Fraction]]:
    """What is assumed of the token in another one that has a price, and that price."""
    for one in vault.strategy.assumptions:
        if isinstance(one, PairMoves | PairStays) and token in (one.token, one.other):
            other = one.other if token == one.token else one.token
            if f"price({other})" in state:
                yield (one if token == one.token else _turned(one)), Fraction(state[f"price({other})"], 10**18)


def _turned(one: PairMoves | PairStays) -> PairMoves | PairStays:
    """The same of the other token's price in this one's."""
    if isinstance(one, PairStays):
        return replace(one, token=one.other, other=one.token, low=1 / one.high, high=1 / one.low)
    return replace(one, token=one.other, other=one.token, low=1 / (1 + one.high) - 1, high=1 / (1 + one.low) - 1)


def _within(
    low: Fraction, high: Fraction, ranges: list[tuple[Fraction, Fraction, Fraction]]
) -> tuple[Fraction, Fraction]:
    """A range of prices, narrowed to ranges that are told in another token's price."""
    return max([low, *(least * price for least, _, price in ranges)]), min(
        [high, *(most * price for _, most, price in ranges)]
    )


def _stays(vault: Vault, token: str) -> tuple[Fraction, Fraction] | None:
    """In USD; None where nothing is assumed."""
    ranges = [(a.low, a.high) for a in vault.strategy.assumptions if isinstance(a, PriceStays) and a.token == token]
    return (max(low for low, _ in ranges), min(high for _, high in ranges)) if ranges else None


def moved_prices(vault: Vault, before: State, choices: Choices, when: str) -> State | None:
    """Prices at a moment of the round, and units; None where they have nowhere to go."""
    state = {name: value for name, value in before.items() if name.startswith(("unit(", "low(", "high("))}
    for token in _in_order(vault):
        name = f"price({token.name})"
        price = Fraction(before[name], 10**18)
        low, high = _stays(vault, token.name) or (price / ANYTHING, price * ANYTHING)
        for one in vault.strategy.assumptions:
            if isinstance(one, PriceMoves) and one.token == token.name:
                low, high = max(low, price * (1 + one.low)), min(high, price * (1 + one.high))
        for pair, met in _met(vault, token.name, state):
            if isinstance(pair, PairStays):
                low, high = _within(low, high, [(pair.low, pair.high, met)])
            else:
                ratio = Fraction(before[name], before[f"price({pair.other})"])
                low, high = _within(low, high, [(ratio * (1 + pair.low), ratio * (1 + pair.high), met)])
        step = _step(token)
        least, most = max(ceil(low * 10**18 / step), 1), floor(high * 10**18 / step)
        if least > most:
            return None
        state[name] = choices.whole(f"{when}{name}", least, most) * step
    return state


# ── settled states ─────────────────────────────────────────────────────────────────────────


def opening(vault: Vault, choices: Choices) -> State | None:
    """A settled state, often one at an edge of what is settled; None where the draw is none."""
    start = prices(vault, choices)
    goal = _weights(vault, choices)
    if start is None or goal is None:
        return None
    most_dust = dust(vault, start) * choices.between("dust after", Fraction(1), Fraction(3))
    size = ceil(SCALE * most_dust) + choices.whole("spare", 0, 30)
    size *= 10 ** choices.whole("size", 0, 6)
    start |= _ends(vault, start, choices)
    state = _at(vault, start, goal, size, choices)
    if settled(vault, state):
        return state
    return _nearest(vault, start, goal, size, choices)


def _ends(vault: Vault, start: State, choices: Choices) -> State:
    """Of every range the roots of its ends, which are where they were put when its token cost something else."""
    ends: State = {}
    for of in (held.range for held in vault.held if held.range is not None):
        since = SINCE ** choices.whole(f"since {of.name}", -1, 1)
        if choices.share(f"moved on {of.name}") == 0:
            since = choices.between(f"since then {of.name}", 1 / SINCE, SINCE)
        ends[of.low.name] = max(root(of, start, since * of.below - 1), 1)
        ends[of.high.name] = root(of, start, since * of.above - 1) + 1
    return ends


def _nearest(vault: Vault, start: State, goal: dict[str, Fraction], size: int, choices: Choices) -> State | None:
    """The settled state on the way from the targets that is nearest to the goal."""
    targets = {str(one.position): one.target for one in vault.strategy.allocations}
    found: State | None = None
    least, most = Fraction(0), Fraction(1)
    for _ in range(22):
        middle = (least + most) / 2 if found is not None else least
        on_way = {name: targets.get(name, Fraction(0)) * (1 - middle) + w * middle for name, w in goal.items()}
        state = _at(vault, start, on_way, size, choices)
        if settled(vault, state):
            found, least = state, middle
        elif found is None:
            return None
        else:
            most = middle
    return found


def _weights(vault: Vault, choices: Choices) -> dict[str, Fraction] | None:
    """Weights inside all bands that sum to one, mostly at their edges; None where there are none.

    A short at a venue of perpetuals has none: its account's is what margin is left when it is bought back.
    """
    ranges = {held.name: (Fraction(0), Fraction(3)) for held in vault.held if held.perp is None}
    for one in vault.strategy.allocations:
        low, high = (Fraction(-3), Fraction(0)) if one.position.kind == "debt" else (Fraction(0), Fraction(3))
        low = max([low, *(edge for edge in (one.low, one.minimum) if edge is not None)])
        high = min([high, *(edge for edge in (one.high, one.maximum) if edge is not None)])
        ranges[str(one.position)] = low, high
    order = sorted(ranges, key=lambda name: (choices.share(f"order {name}"), name))
    left = Fraction(1)
    weights: dict[str, Fraction] = {}
    for index, name in enumerate(order):
        rest = [ranges[other] for other in order[index + 1 :]]
        low = max(ranges[name][0], left - sum(high for _, high in rest))
        high = min(ranges[name][1], left - sum(low for low, _ in rest))
        if low > high:
            return None
        weights[name] = choices.between(f"weight {name}", low, high)
        left -= weights[name]
    return weights


def _at(vault: Vault, start: State, weights: dict[str, Fraction], size: int, choices: Choices) -> State:
    """The state with these weights of a nav of so many smallest units of base, each up to a unit."""
    state = dict(start)
    for held in dict.fromkeys((*vault.held, *vault.idle)):
        if held in vault.held:
            amount = abs(weights.get(held.name, Fraction(0))) * size * FINE / worth_held(vault, start, held, FINE)
            state[held.name] = floor(amount) + choices.whole(f"unit {held.name}", 0, 1)
        else:
            state[held.name] = choices.whole(f"left {held.name}", 0, 10**9)
    for _, cash, short in accounts(vault):
        state[short.name] = _shorted(vault, state, short, size, choices)
        state[cash.name] += floor(worth_held(vault, start, short, state[short.name]))
    return state


def _shorted(vault: Vault, state: State, short: Held, size: int, choices: Choices) -> int:
    """As much as hedges what else is held, somewhere in the band."""
    (hedge,) = vault.hedges
    left = choices.between(f"delta of {short.name}", hedge.low, hedge.high) * size
    long = delta(vault, {**state, short.name: 0}, hedge.greek.token)
    return floor(max(long - left, Fraction(0)) * FINE / worth_held(vault, state, short, FINE))


def first_deposit(vault: Vault, choices: Choices) -> Round | None:
    """A vault that nobody used before: a deposit, and what others may have sent to its venues."""
    start = prices(vault, choices)
    if start is None:
        return None
    start |= _ends(vault, start, choices)
    state = dict(start) | {held.name: 0 for held in (*vault.held, *vault.idle)}
    size = ceil(SCALE * dust(vault, start)) * 10 ** choices.whole("size", 0, 6)
    state[f"idle({vault.base})"] = size
    for held in vault.held:
        if held.venue is not None and not held.debt and held.range is None:
            most = floor(GAIN * size / worth(vault, start, held.token, 1))
            state[held.name] = choices.whole(f"gift {held.name}", 0, most)
            _liquidity(vault, held, state, choices, "first ")
    _whatever_else(vault, state, choices, "first ")
    return Round({**state, f"idle({vault.base})": 0}, state, size, 0)


# ── moments ────────────────────────────────────────────────────────────────────────────────


def moment(vault: Vault, before: State, choices: Choices, when: str = "", lost: str | None = None) -> Round | None:
    """The settled state after some of a round; `lost` is a venue where everything is lost, or a short is closed."""
    after = moved_prices(vault, before, choices, when)
    if after is None:
        return None
    for held in dict.fromkeys((*vault.held, *vault.idle)):
        gone = lost is not None and held.venue == lost and not held.debt and vault.venue(lost).perp is None
        low, high = (Fraction(0), Fraction(0)) if gone else _growth(vault, held)
        grown = before[held.name] * choices.between(f"{when}growth {held.name}", low, high)
        after[held.name] = _read(held, grown, choices, when)
        if held.venue is not None and not held.debt:
            _liquidity(vault, held, after, choices, when)
    for venue, cash, short in accounts(vault):
        after[cash.name] = max(after[cash.name] + funded(vault, venue, before, choices, when), 0)
        if venue.name == lost:
            dearest = moved_prices(vault, before, choices, f"{when}closed at ")
            close(vault, venue, after, dearest or before, choices, when)
        realize(cash, short, after, choices, when)
    base = f"idle({vault.base})"
    deposited = choices.whole(f"{when}deposited", 0, floor(_most_deposited(vault, before, choices, when)))
    withdrawn = choices.whole(f"{when}withdrawn", 0, _most_withdrawn(vault, before, deposited))
    after[base] = before[base] + deposited - withdrawn
    _whatever_else(vault, after, choices, when)
    return Round(before, after, deposited, withdrawn)


def _most_deposited(vault: Vault, before: State, choices: Choices, when: str) -> Fraction:
    """As much as is assumed, with gifts of base beyond it; else as much as fifty times what there is."""
    stated = [a.ratio for a in vault.strategy.assumptions if isinstance(a, DepositsAtMost)]
    if stated:
        return nav(vault, before) * (min(stated) + GAIN)
    return nav(vault, before) * choices.between(f"{when}deposits", Fraction(1, 100), Fraction(50))


def _read(held: Held, grown: Fraction, choices: Choices, when: str) -> int:
    """What a venue says of a position: up to a unit more or less than it is. Nothing is read of nothing.

    Liquidity is told as it is.
    """
    if held.venue is None or held.range is not None or held.perp is not None or not grown:
        return floor(grown)
    return choices.whole(f"{when}reading {held.name}", max(ceil(grown) - 1, 0), floor(grown) + 1)


def _growth(vault: Vault, held: Held) -> tuple[Fraction, Fraction]:
    one = Fraction(1)
    if held.perp is not None:
        return one, one
    if held.venue is None:
        return one, one if held.token == vault.base else one + GAIN
    if held.debt:
        return one - GAIN, _interest(vault, held)
    losses = [a.ratio for a in vault.strategy.assumptions if isinstance(a, LossAtMost) and a.venue == held.venue]
    return one - min(losses, default=Fraction(0)), one + GAIN


def _interest(vault: Vault, held: Held) -> Fraction:
    """What a debt grows to at most: interest that is paid at every instant, by the series of the exponential."""
    assumed = vault.strategy.assumptions
    period = next(a.period for a in assumed if isinstance(a, KeeperEvery))
    rate = min(a.ratio / a.per for a in assumed if isinstance(a, RateAtMost) and a.position == held.position)
    term = total = Fraction(1)
    for number in range(1, 12):
        term *= rate * period / number
        total += term
    return total


def _liquidity(vault: Vault, held: Held, state: State, choices: Choices, when: str) -> None:
    assumed = vault.strategy.assumptions
    least = [a.ratio for a in assumed if isinstance(a, LiquidityAtLeast) and a.venue == held.venue]
    share = choices.between(f"{when}liquidity {held.name}", max(least, default=Fraction(1)), Fraction(1))
    state[held.liquidity.name] = ceil(share * state[held.name])


def _whatever_else(vault: Vault, state: State, choices: Choices, when: str) -> None:
    """What no state has of itself: room at venues, as much as is assumed, fees that wait, and what rings measure."""
    for one in vault.strategy.assumptions:
        if isinstance(one, RoomAtLeast):
            for held in vault.venue(one.venue).positions:
                least = ceil(max(one.ratio * nav(vault, state), Fraction(0)) / worth(vault, state, held.token, 1))
                state[held.room.name] = choices.whole(f"{when}room {held.name}", least, 10 * least)
    for held in vault.held:
        if held.range is not None:
            usd = worth_held(vault, state, held, state[held.name]) * state[f"price({vault.base})"]
            most = floor(GAIN * usd / state[f"unit({vault.base})"])
            state[held.range.fees.name] = choices.whole(f"{when}fees {held.name}", 0, most)
    for ring in vault.rings:
        state[ring.name] = choices.whole(f"{when}{ring.name}", 0, WAD)


def settles(state: State) -> State:
    """What of a moment belongs to the state that the keeper leaves."""
    return {name: value for name, value in state.items() if not name.startswith(OF_THE_MOMENT)}


def _most_withdrawn(vault: Vault, before: State, deposited: int) -> int:
    assumed = [a.ratio for a in vault.strategy.assumptions if isinstance(a, WithdrawalsAtMost)]
    idle = before[f"idle({vault.base})"] + deposited
    return min([idle, *(floor(ratio * nav(vault, before)) for ratio in assumed)])
