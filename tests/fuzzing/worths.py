"""What a state is worth, and what venues and hedges would say of it, exactly and without the model's expressions.

Only `view`, `holds` and `settled` ask the model: they are what the contract itself computes.
"""

from __future__ import annotations

from fractions import Fraction
from math import isqrt

from fuzzing.accounts import State, buying_back, can_be_liquidated
from fuzzing.choices import Choices
from stratc_compiler.expr import Formula
from stratc_compiler.ideal_world import IdealWorld
from stratc_compiler.interpret import Evaluator, Reverted
from stratc_compiler.ranges import MOST_MEAN, Range, most_prices
from stratc_compiler.vault import Hedged, Held, Vault
from stratc_dsl.strategy import AaveV3, Collateral, MorphoBlue, OracleOffBy, RatioPrice, Strategy

FEED = 10**10
"""Prices have 8 decimals of the 18 that they are told in."""

FINE = 2**96
"""Roots of prices are told in parts of it."""

CUT = Fraction(9_999, 10_000) / 10_000
"""Aave truncates the average of what collateral counts for to basis points, and anybody can add a cent to it."""


class Unassumed(Exception):
    """Here a range would be worth more than can be read, or its pool further off than is assumed: it breaks nothing."""


def view(world: IdealWorld) -> Evaluator:
    """The state with every definition computed once. Raises Unassumed where a root would be of no word."""
    state = Evaluator(world.vault, world)
    for name, expr in world.vault.definitions.items():
        try:
            state.bound[name] = state.value(expr)
        except Reverted as reverted:
            if str(reverted) == "overflow":
                raise Unassumed(name) from None
            raise
    return state


def holds(vault: Vault, state: State, formulas: tuple[Formula, ...]) -> bool:
    seen = view(IdealWorld(vault, state))
    return all(seen.holds(formula) for formula in formulas)


def settled(vault: Vault, state: State) -> bool:
    return holds(vault, state, tuple(condition.formula for condition in vault.settled))


# ── worth ──────────────────────────────────────────────────────────────────────────────────


def worth(vault: Vault, state: State, token: str, units: int | Fraction) -> Fraction:
    """An amount, in smallest units of base, exactly."""
    usd = Fraction(units * state[f"price({token})"]) / state[f"unit({token})"]
    return usd * state[f"unit({vault.base})"] / state[f"price({vault.base})"]


def worth_held(vault: Vault, state: State, held: Held, size: int) -> Fraction:
    """So much of a position, in smallest units of base: an amount, or liquidity, of which roots are cut off.

    Of a short at a venue of perpetuals what buying it back costs: its margin is base.
    """
    if held.perp is not None:
        return buying_back(vault, state, held, size)
    if held.range is None:
        return worth(vault, state, held.token, size)
    token, base = amounts(held.range, state, size, root(held.range, state))
    return worth(vault, state, held.range.token, token) + base


def nav(vault: Vault, state: State) -> Fraction:
    """Assets less debts in smallest units of base, without any rounding."""
    return sum(
        ((-1 if held.debt else 1) * worth_held(vault, state, held, state[held.name]) for held in vault.held),
        Fraction(0),
    )


def dust(vault: Vault, state: State) -> Fraction:
    """The largest smallest unit in play, in smallest units of base."""
    cent = Fraction(FEED * state[f"unit({vault.base})"], state[f"price({vault.base})"])
    return max(cent, *(worth(vault, state, token.name, 1) for token in vault.strategy.tokens))


# ── ranges of liquidity ────────────────────────────────────────────────────────────────────


def root(of: Range, state: State, off: Fraction = Fraction(0)) -> int:
    """Of the price of the token in base, in smallest units, where a pool is so far off the oracle's."""
    token = Fraction(state[f"price({of.token})"], state[f"unit({of.token})"])
    base = Fraction(state[f"price({of.base})"], state[f"unit({of.base})"])
    return isqrt(int(token / base * (1 + off) * FINE**2))


def amounts(of: Range, state: State, liquidity: int, at: int) -> tuple[Fraction, Fraction]:
    """How much of token and base liquidity consists of at that root of the price (whitepaper, 6.29 and 6.30)."""
    low, high = state[of.low.name], state[of.high.name]
    at = min(max(at, low), high)
    return Fraction(liquidity * (high - at) * FINE, at * high), Fraction(liquidity * (at - low), FINE)


def readable(vault: Vault, state: State) -> bool:
    """Whether all of nav in a range, and as much again, would be within what is assumed of its size: `scale(pool)`."""
    for held in vault.held:
        of = held.range
        if of is None:
            continue
        token, base = (Fraction(state[f"price({one})"], state[f"unit({one})"]) for one in (of.token, of.base))
        size = 2 * max(FINE * nav(vault, state) / worth_held(vault, state, held, FINE), Fraction(state[held.name]))
        decimals = sum(vault.strategy.token(one).decimals for one in (of.token, of.base))
        usd = state[f"price({of.token})"] * state[f"price({of.base})"] // 10**36
        if size**2 * token * base >= (MOST_MEAN * 10**18) ** 2 or usd >= most_prices(decimals):
            return False
    return True


# ── loans ──────────────────────────────────────────────────────────────────────────────────


def covered(vault: Vault, state: State, venue: str, choices: Choices, borrowing: bool = False) -> bool:
    """Whether a lender lets a loan be, or a venue of perpetuals an account, by what its own oracle may read."""
    if vault.venue(venue).perp is not None:
        return not can_be_liquidated(vault, state, venue, choices)
    owed = [held for held in vault.venue(venue).positions if held.debt]
    if not any(state[held.name] for held in owed):
        return True
    terms = vault.strategy.venue(venue).terms
    read = _read_of(vault.strategy, (terms.collateral.token,) if isinstance(terms, MorphoBlue) else None, choices)
    pledged = {
        one.token: worth(vault, state, one.token, state.get(f"{venue}.collateral({one.token})", 0))
        * read.get(one.token, 1)
        for one in _pledged(terms)
    }
    counted = sum((pledged[one.token] * _weight(one, borrowing) for one in _pledged(terms)), Fraction(0))
    if isinstance(terms, AaveV3):
        counted -= sum(pledged.values()) * choices.between("average is cut", Fraction(0), CUT)
    return counted >= sum(worth(vault, state, one.token, state[one.name]) * read.get(one.token, 1) for one in owed)


def _pledged(terms: object) -> tuple[Collateral, ...]:
    match terms:
        case AaveV3(collateral):
            return collateral
        case MorphoBlue(collateral):
            return (collateral,)
        case _:
            raise TypeError(f"nobody lends as {terms} says")


def _weight(one: Collateral, borrowing: bool) -> Fraction:
    """What collateral counts for; where thresholds are one there is no loan-to-value."""
    told = one.ltv if borrowing and one.ltv is not None else one.threshold
    return told or Fraction(0)


def _read_of(strategy: Strategy, tokens: tuple[str, ...] | None, choices: Choices) -> dict[str, Fraction]:
    """What is read of each price over the vault's: of those `tokens`, or of all."""
    stated = [one for one in strategy.assumptions if isinstance(one, OracleOffBy)]
    return {
        one.token: choices.between(f"reads {one.token}", 1 - one.ratio, 1 + one.ratio)
        for one in stated
        if tokens is None or one.token in tokens
    }


# ── hedges ─────────────────────────────────────────────────────────────────────────────────


def beyond(vault: Vault, state: State, hedge: Hedged) -> Fraction:
    """By how much delta is outside its band, in smallest units of base; below zero where it is inside."""
    moves, total = delta(vault, state, hedge.greek.token), nav(vault, state)
    return max(hedge.low * total - moves, moves - hedge.high * total)


def delta(vault: Vault, state: State, token: str) -> Fraction:
    """What is held and owed that moves with the price of a token, in smallest units of base."""
    exposed = {one.name for one in vault.strategy.tokens if _follows(vault.strategy, one.name, token)}
    return sum(
        (
            (-1 if held.debt else 1) * exposure(vault, state, held)
            for held in vault.held
            if held.token in exposed or (held.range is not None and held.range.token in exposed)
        ),
        Fraction(0),
    )


def exposure(vault: Vault, state: State, held: Held) -> Fraction:
    """What moves with the price of a position's token: all of it, or of a range what it holds of that token."""
    if held.range is None:
        return worth_held(vault, state, held, state[held.name])
    token, _ = amounts(held.range, state, state[held.name], root(held.range, state))
    return worth(vault, state, held.range.token, token)


def _follows(strategy: Strategy, one: str, other: str) -> bool:
    """Whether the price of one token is that of another, times what others say."""
    told = strategy.token(one).price
    return one == other or (isinstance(told, RatioPrice) and _follows(strategy, told.other, other))
