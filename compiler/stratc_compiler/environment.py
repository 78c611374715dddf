"""What the environment may do in one round: the box of the assumptions, in the coordinates of the proofs.

Coordinates: every amount is told by its worth in base tokens at the oracle prices of the moment. All claims are
homogeneous in prices, so dividing by the base token's price changes none of them; a base amount is then exact, and
a position in another token T is multiplied by the relative factor of T against base. Decimals and absolute prices
never appear: they stay fully symbolic.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from math import ceil

from msgspec.structs import replace

from stratc_compiler.errors import Unsupported
from stratc_compiler.holding import ANYTHING, Range, begun_within, of_a_round, while_held
from stratc_compiler.perps import in_dollars
from stratc_compiler.ranges import slide
from stratc_compiler.vault import Held, Vault
from stratc_dsl.record import Record
from stratc_dsl.strategy import (
    KeeperEvery,
    LiquidityAtLeast,
    LossAtMost,
    LossPerRound,
    PairMoves,
    PairStays,
    PriceMoves,
    PriceStays,
    RateAtMost,
    Strategy,
)


class Interval(Record):
    """A factor between `low` and `high`; `high` None means without bound."""

    low: Fraction
    high: Fraction | None


class Pair(Record):
    """How two prices move together: `factor` is what happens to price(token) / price(other) in a round.

    `stays` is the range of that ratio itself at every moment, where one is assumed. `id` is the assumption's.
    """

    id: str
    token: str
    other: str
    factor: Interval
    stays: Interval | None


class Box(Record):
    """The environment of one round.

    `relative` is the price factor of each token against base, `because` names what its two bounds follow from, as
    hypotheses are labelled; `pairs` are what prices keep to each other. `usd` is a token's price factor in USD,
    `absolute` the USD range of tokens that stay in one; `growth` is what happens to each position's amount; `liquidity`
    the share of an asset position that can be drawn at any moment; `withdrawals` and `deposits` are shares of the
    opening nav, None where nothing bounds them. Tokens that are short at venues of perpetuals are there a second time,
    in `dollars` (see `perps`): what their price against base keeps to that in dollars are pairs of their own.
    """

    period: int
    relative: dict[str, Interval]
    because: dict[str, tuple[str, str]]
    pairs: tuple[Pair, ...]
    usd: dict[str, Interval]
    absolute: dict[str, Interval]
    growth: dict[str, Interval]
    liquidity: dict[str, Fraction]
    withdrawals: Fraction | None
    deposits: Fraction | None
    dollars: tuple[Pair, ...] = ()

    def joint(self, base: str) -> tuple[Pair, ...]:
        """The pairs that are more than bounds of one token's factor: in base, base itself never moves."""
        return (*(pair for pair in self.pairs if base not in (pair.token, pair.other)), *self.dollars)


ONE = Fraction(1)

MOST_GAIN = Fraction(1, 100)
"""What a position gains in one round at most, by yield or gifts: an implied assumption, `gain(position)`.

Without a bound whoever multiplies the vault's money could break floors on shares of nav before the keeper can act.
"""

SHARE_ROUNDING = Fraction(1, 100_000)
"""By so much of itself the units of rounding of an inner vault at scale may change the price of its share, and more."""


def box_of(vault: Vault) -> Box:
    """The box that the strategy's assumptions describe. Raises Unsupported for interest beyond all bounds."""
    strategy = vault.strategy
    usd = {token.name: _usd_factor(strategy, token.name) for token in strategy.tokens}
    pairs = tuple(_pairs(strategy))
    own = {name: _against(factor, usd[vault.base], name == vault.base) for name, factor in usd.items()}
    bounds = _tightened(own, pairs, strategy)
    relative = {name: Interval(low.value or Fraction(0), high.value) for name, (low, high) in bounds.items()}
    because = {name: (low.label(name), high.label(name)) for name, (low, high) in bounds.items()}
    short = dict.fromkeys(held.token for held in vault.held if held.margin is not None)
    told = {in_dollars(token): usd[token] for token in short}
    return Box(
        period=period_of(strategy),
        relative=relative | told,
        because=because | {in_dollars(token): (f"price({token})", f"price({token})") for token in short},
        pairs=pairs,
        dollars=tuple(_dollars(token, usd[vault.base], vault.base) for token in short),
        usd=usd | told,
        absolute={a.token: Interval(a.low, a.high) for a in strategy.assumptions if isinstance(a, PriceStays)},
        growth={held.name: _growth(vault, held) for held in vault.held},
        liquidity={held.name: _liquidity(strategy, held) for held in vault.held if not held.debt},
        withdrawals=vault.withdrawals,
        deposits=vault.deposits,
    )


def unbounded(box: Box) -> Box:
    """The box in which markets, venues and users do whatever they like between the same two looks of the keeper."""
    whatever = Interval(Fraction(0), None)
    return replace(
        box,
        # Base is the measure of all others: against itself it cannot move.
        relative={name: one if one == Interval(ONE, ONE) else whatever for name, one in box.relative.items()},
        pairs=(),
        dollars=(),
        usd=dict.fromkeys(box.usd, whatever),
        absolute={},
        growth=dict.fromkeys(box.growth, whatever),
        liquidity=dict.fromkeys(box.liquidity, Fraction(0)),
        withdrawals=None,
        deposits=None,
    )


def _usd_factor(strategy: Strategy, token: str) -> Interval:
    """Price at any moment of the round over the settled price: the tighter of `moves` and what `stays` implies."""
    low, high = Fraction(0), None
    for assumption in strategy.assumptions:
        match assumption:
            case PriceMoves(name, down, up) if name == token:
                low, high = max(low, 1 + down), _tighter(high, 1 + up)
            case PriceStays(name, least, most) if name == token:
                low, high = max(low, least / most), _tighter(high, most / least)
            case _:
                pass
    return Interval(low, high)


def _tighter(high: Fraction | None, other: Fraction) -> Fraction:
    return other if high is None else min(high, other)


def _against(token: Interval, base: Interval, is_base: bool) -> Interval:
    """The factor of a token's price in base tokens, both moving freely in their own intervals."""
    if is_base:
        return Interval(ONE, ONE)
    low = Fraction(0) if base.high is None else token.low / base.high
    high = None if token.high is None or base.low == 0 else token.high / base.low
    return Interval(low, high)


# ── prices that move together ──────────────────────────────────────────────────────────────


def _pairs(strategy: Strategy) -> Iterator[Pair]:
    for assumption in strategy.assumptions:
        match assumption:
            case PairMoves(token, other, down, up):
                yield Pair(f"moves({token}/{other})", token, other, Interval(1 + down, 1 + up), None)
            case PairStays(token, other, least, most):
                factor = Interval(least / most, most / least)
                yield Pair(f"stays({token}/{other})", token, other, factor, Interval(least, most))
            case _:
                pass


class _Bound(Record):
    """One bound of a factor; `through` are the assumptions that it follows from by way of a pair, if it does."""

    value: Fraction | None
    alone: tuple[str, ...] = ()
    through: tuple[str, ...] = ()

    def label(self, token: str) -> str:
        return f"price({token})" + (f" by {', '.join(self.through)}" if self.through else "")

    def times(self, factor: Fraction | None, pair: str) -> _Bound:
        """What the bound of one token is for the other token of a pair."""
        value = None if factor is None or self.value is None else self.value * factor
        return _Bound(value, through=tuple(dict.fromkeys((pair, *(self.through or self.alone)))))


def _tightened(
    own: dict[str, Interval], pairs: tuple[Pair, ...], strategy: Strategy
) -> dict[str, tuple[_Bound, _Bound]]:
    """What is known of each factor once pairs have carried the bounds of one token to the other.

    A chain of pairs is at most as long as there are tokens. Going around never tightens: no pair excludes that
    nothing moves.
    """
    bounds = {name: _own_bounds(name, interval, strategy) for name, interval in own.items()}
    steps = [(pair.id, *ends) for pair in pairs for ends in _both_ways(pair)]
    for _ in own:
        for id_, token, other, down, up in steps:
            low, high = bounds[token]
            least, most = bounds[other][0].times(down, id_), bounds[other][1].times(up, id_)
            if least.value is not None and least.value > (low.value or 0):
                low = least
            if most.value is not None and (high.value is None or most.value < high.value):
                high = most
            bounds[token] = low, high
    return bounds


def _own_bounds(token: str, interval: Interval, strategy: Strategy) -> tuple[_Bound, _Bound]:
    about = {token, strategy.base} if token != strategy.base else set()
    moves = [f"moves({a.token})" for a in strategy.assumptions if isinstance(a, PriceMoves) and a.token in about]
    stays = [f"stays({a.token})" for a in strategy.assumptions if isinstance(a, PriceStays) and a.token in about]
    alone = (*moves, *stays)
    return _Bound(interval.low, alone), _Bound(interval.high, alone)


def _both_ways(pair: Pair) -> tuple[tuple[str, str, Fraction | None, Fraction | None], ...]:
    """(token, other, low, high): price(token) is that many times price(other), and the other way round."""
    low, high = pair.factor.low, pair.factor.high
    back = (1 / high if high else None, 1 / low if low else None)
    return (pair.token, pair.other, low, high), (pair.other, pair.token, *back)


def _dollars(token: str, base: Interval, of: str) -> Pair:
    """A price in base over that in dollars moves as the price of base does, the other way."""
    low = Fraction(0) if base.high is None else 1 / base.high
    return Pair(f"price({of})", token, in_dollars(token), Interval(low, 1 / base.low if base.low else None), None)


def _growth(vault: Vault, held: Held) -> Interval:
    """What one round does to a position's amount: interest on a debt, loss or yield on an asset.

    Gifts count as gains: tokens sent to the vault, debt repaid by others. Gifts of base are deposits without shares.
    """
    strategy = vault.strategy
    if held.venue is None:
        return Interval(ONE, ONE if held.token == strategy.base else ONE + MOST_GAIN)
    if held.margin is not None:
        return Interval(ONE, ONE)  # nobody else buys it back, but whoever liquidates
    if held.debt:
        return Interval(ONE - MOST_GAIN, _interest(strategy, held))
    return Interval(ONE - assumed_loss(strategy, held.venue), most_growth(vault, held.venue))


def assumed_loss(strategy: Strategy, venue: str) -> Fraction:
    """The share of what is held at a venue that it loses in a round at most."""
    losses = [a.ratio for a in strategy.assumptions if isinstance(a, LossAtMost) and a.venue == venue]
    return min(losses, default=Fraction(0))


# ── vaults of ours that are held ───────────────────────────────────────────────────────────


def most_growth(vault: Vault, venue: str) -> Fraction | None:
    """The most that becomes of what is held at a venue in a round, gifts included; None where nothing bounds it."""
    held = vault.inner.get(venue)
    if held is None:
        return ONE + MOST_GAIN
    high = shares_held(vault, venue).high
    return None if high is None else Fraction(ceil(high * (ONE + MOST_GAIN) * 10_000), 10_000)


def shares_held(vault: Vault, venue: str) -> Range:
    """What becomes, in a round of this vault, of the price of a share of the inner vault at a venue (see `holding`)."""
    inner = vault.inner[venue]
    held = while_held(share_of_a_round(inner), begun_within(period_of(vault.strategy), period_of(inner.strategy)))
    high = None if held.high is None else held.high + SHARE_ROUNDING
    return Range(max(held.low - SHARE_ROUNDING, Fraction(0)), high)


def share_of_a_round(inner: Vault) -> Range:
    """What becomes of the price of a share of a vault of ours from the beginning of its round to any moment of it.

    Gifts are a share of its nav at the moment, to which it may have grown before.
    """
    loss, gain = proved_loss(inner.strategy), gain_of_round(inner)
    if loss is None:
        return ANYTHING
    given = None if gain is None else (ONE + gain) * (ONE + MOST_GAIN) - 1
    return of_a_round(loss, given, inner.withdrawals, trades(inner))


def trades(vault: Vault) -> bool:
    """Whether the keeper's pass can cost or bring anything but units of rounding."""
    return bool(vault.swaps or vault.loans)


def proved_loss(strategy: Strategy) -> Fraction | None:
    """The least loss in a round that the strategy claims; None where it claims none."""
    return min((claim.ratio for claim in strategy.claims if isinstance(claim, LossPerRound)), default=None)


def period_of(strategy: Strategy) -> int:
    return next(a.period for a in strategy.assumptions if isinstance(a, KeeperEvery))


def gain_of_round(vault: Vault) -> Fraction | None:
    """A share of opening nav that the vault gains in a round at most; None where nothing bounds it.

    Assets grow by at most the largest factor of any, and what is owed, by its bands a share of nav, shrinks by at most
    the smallest. Trades may be paid better than the oracle says by as much as worse, of everything once. It is shown
    of the model (`backing`), not believed.
    """
    if vault.perps:
        return None
    box = box_of(vault)
    worth = {held.name: _worth_factor(box, held) for held in vault.held}
    owed = [_most_owed(vault, held) for held in vault.held if held.debt]
    highest = [worth[held.name].high for held in vault.held if not held.debt]
    highs, shares = [one for one in highest if one is not None], [one for one in owed if one is not None]
    if len(highs) < len(highest) or len(shares) < len(owed):
        return None
    grown = max(highs, default=ONE)
    shrunk = min((worth[held.name].low for held in vault.held if held.debt), default=ONE)
    better = sum((swap.slippage for swap in vault.swaps), Fraction(0))
    return grown - 1 + sum(shares) * (grown - shrunk) + better * (1 + 2 * sum(shares))


def _worth_factor(box: Box, held: Held) -> Interval:
    """What a round makes of a position's worth in base."""
    growth, price = box.growth[held.name], box.relative[held.token]
    if held.range is not None:
        price = Interval(*slide(box.relative[held.range.token].low, box.relative[held.range.token].high))
    high = None if growth.high is None or price.high is None else growth.high * price.high
    return Interval(growth.low * price.low, high)


def _most_owed(vault: Vault, held: Held) -> Fraction | None:
    """The largest share of nav that a settled vault owes there; None where nothing bounds it."""
    allocation = next(a for a in vault.strategy.allocations if a.position == held.position)
    return min((-edge for edge in (allocation.low, allocation.minimum) if edge is not None), default=None)


def _interest(strategy: Strategy, held: Held) -> Fraction:
    """An upper bound on the compounded growth of a debt in one keeper period.

    A nominal rate r per `per` seconds, compounded as often as one likes, grows by at most exp(x) with
    x = r * period / per, and exp(x) <= 1 / (1 - x) for 0 <= x < 1.
    """
    period = period_of(strategy)
    rate = next(a for a in strategy.assumptions if isinstance(a, RateAtMost) and a.position == held.position)
    growth = rate.ratio * period / rate.per
    if growth >= 1:
        raise Unsupported("interest of 100% and more within one round", "shorten `keeper every`", rate.span)
    return 1 / (1 - growth)


def _liquidity(strategy: Strategy, held: Held) -> Fraction:
    if held.position.kind == "margin":
        return Fraction(0)  # what of it is realized, earlier rounds have left
    stated = [a.ratio for a in strategy.assumptions if isinstance(a, LiquidityAtLeast) and a.venue == held.venue]
    return max(stated, default=ONE)
