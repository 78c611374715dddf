"""Realised volatility of a price, out of a ring of observations that the contract keeps.

What is measured is the square root of the sum of the squared relative moves of the price from one observation to the
next: realised volatility over the window, no mean taken off, not annualised. A move counts as long as the observation
that ended it is inside the window; the move since the last observation counts as it stands. So an observation changes
nothing at the moment at which it is made, whoever makes it. Each move and the root are rounded up: what is measured is
never less than what was seen.

No proof rests on any of this: there a ring may say whatever it likes (see `rounds`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import pairwise

from stratc_compiler.errors import Unsupported
from stratc_compiler.expr import (
    Add,
    Expr,
    Formula,
    Kind,
    Min,
    Monus,
    Mul,
    MulDiv,
    Plain,
    Root,
    Rounding,
    TokenDim,
    Var,
    number,
    price,
    variables,
)
from stratc_compiler.interpret import Evaluator, World
from stratc_compiler.text import WAD
from stratc_compiler.vault import Exits, Freezes, OnCondition, Ring, RuleModel, Vault
from stratc_dsl.record import Leaf, Record, parts
from stratc_dsl.span import Span
from stratc_dsl.strategy import KeeperEvery, Quantity, Strategy

MOST_PERIODS = 96
"""A window is divided into so many parts at the most, a day into quarters of an hour: each is a word of storage."""

LEAST_PERIODS = 2
"""And into so many at least: the deviation of one move is the move."""

EARLY = Fraction(3, 4)
"""The part of a period after which another observation may be made: a keeper that comes a little early is on time."""

LARGEST_MOVE = 10**27
"""In 10^-18: a price that has changed a billion times over counts as this, so that no sum of squares is too large."""

VARIANCE = Var("variance", Plain.NUMBER)
"""The sum of squared moves, in 10^-36."""

VOLATILITY: Expr = Root(VARIANCE, number(1), Rounding.UP)
"""In 10^-18. Rounded up it is above a whole number exactly where the root itself is."""


class Observation(Record):
    """A price, in 10^-18 USD per whole token, and when it was seen."""

    time: int
    price: int


def observed_price(token: str) -> Var:
    """The price at the observation before."""
    return Var(f"observed_price({token})", TokenDim(Kind.PRICE, token))


def move(token: str) -> Expr:
    """By how much the price differs from the one that was observed, as a share of that in 10^-18, rounded up."""
    now, then = price(token), observed_price(token)
    apart = Add(Monus(now, then), Monus(then, now))
    return Min(MulDiv(number(WAD), apart, then, Rounding.UP), number(LARGEST_MOVE))


# ── which rings a strategy needs ───────────────────────────────────────────────────────────


def rings(strategy: Strategy) -> tuple[Ring, ...]:
    """One for each token and window that is asked for, in the order of the strategy. Raises Unsupported."""
    for floor in strategy.floors:
        for one in _measured(floor):
            what = f"a floor on `volatility({one.token}, ..)`"
            cure = "no transaction mends what a market has done: make it the condition of a rule"
            raise Unsupported(what, cure, one.span)
    period = next((one.period for one in strategy.assumptions if isinstance(one, KeeperEvery)), None)
    asked = {(one.token, one.period): one for one in _measured((strategy.rules, strategy.claims))}
    return tuple(_ring(one, period or 1) for one in asked.values())


def _measured(node: object) -> Iterator[Quantity]:
    if isinstance(node, Span | Leaf):
        return
    if isinstance(node, Quantity) and node.name == "volatility":
        yield node
    for part in parts(node):
        yield from _measured(part)


def _ring(asked: Quantity, period: int) -> Ring:
    assert asked.token is not None
    window = asked.period or 0
    if window < LEAST_PERIODS * period:
        what = "a volatility over less than two of the keeper's periods"
        raise Unsupported(what, "nobody observes prices more often: ask for a longer window", asked.span)
    gap = int(max(period, _up(window, MOST_PERIODS)) * EARLY) or 1
    return Ring(asked.token, window, gap, _up(window, gap))


def _up(left: int, right: int) -> int:
    return -(-left // right)


# ── what they say ──────────────────────────────────────────────────────────────────────────


def realised(ring: Ring, seen: Sequence[Observation], now: Observation, vault: Vault, world: World) -> int:
    """The volatility that is measured now, in 10^-18: of all observations so far, of which the ring keeps the last."""
    ended = [(after.time, _squared(ring, one, after, vault, world)) for one, after in pairwise(seen)]
    variance = sum(squared for time, squared in ended if time + ring.window > now.time)
    if seen:
        variance += _squared(ring, seen[-1], now, vault, world)
    return Evaluator(vault, world, {VARIANCE.name: variance}).value(VOLATILITY)


def _squared(ring: Ring, then: Observation, now: Observation, vault: Vault, world: World) -> int:
    prices = {observed_price(ring.token).name: then.price, price(ring.token).name: now.price}
    moved = move(ring.token)
    return Evaluator(vault, world, prices).value(Mul(moved, moved))


def is_due(ring: Ring, seen: Sequence[Observation], now: int) -> bool:
    """Whether an observation may be made."""
    return not seen or now >= seen[-1].time + ring.gap


# ── rules under one ────────────────────────────────────────────────────────────────────────


def reads(formula: Formula, vault: Vault) -> bool:
    """Whether a condition reads a ring."""
    return any(var.name in vault.measured for var in variables(formula))


def stops_on_volatility(rule: RuleModel, vault: Vault) -> bool:
    """Whether the rule freezes or exits under a condition that reads a ring.

    No action of the vault ends such a condition, and the rule has nothing left to do once it has run.
    """
    return isinstance(rule.effect, Freezes | Exits) and _reads_a_ring(rule, vault)


def freezes_on_volatility(rule: RuleModel, vault: Vault) -> bool:
    """Whether it freezes: in a frozen vault it is not due again, and keeps no round from beginning, as an exit does."""
    return isinstance(rule.effect, Freezes) and _reads_a_ring(rule, vault)


def _reads_a_ring(rule: RuleModel, vault: Vault) -> bool:
    return isinstance(rule.trigger, OnCondition) and reads(rule.trigger.condition.formula, vault)
