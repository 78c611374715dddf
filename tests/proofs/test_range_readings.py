"""What the contract reads of a range is what the proofs say that it reads: at all prices that are assumed."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal, localcontext
from fractions import Fraction
from random import Random

import pytest

from proofs.strategies import vault_of
from proofs.test_ranges import of_the_pool
from stratc_compiler.ideal_world import IdealWorld
from stratc_compiler.interpret import Evaluator
from stratc_compiler.range_gammas import most_bent
from stratc_compiler.ranges import (
    FEWEST_DECIMALS,
    LEAST_PRICE,
    MOST_MEAN,
    Range,
    curvature,
    least_prices,
    most_prices,
    proportion,
    token_part,
    worth,
)
from stratc_compiler.relax import PROPORTION

DECIMALS = [(18, 18), (18, 6), (6, 18), (18, 0), (0, 18), (8, 2), (6, 6)]
RUNS = 150
CENT = Decimal(10) ** -8
ENDS = Decimal(4295128739), Decimal(1461446703485210103287273052203988822378723970342)
"""Roots of the least and of the highest price of a pool, in parts of 2^-96."""

RANGES = [("0.5", "2"), ("0.9999", "1.0001"), ("0.01", "1.5"), ("0.95", "20"), ("0.001", "100")]


def states(of: Range, decimals: tuple[int, int], chance: Random) -> Iterator[dict[str, int]]:
    """Prices anywhere, and ends anywhere around, or right beside, the price."""
    while True:
        prices = [int(10 ** chance.uniform(-8, 6) * 10**8) or 1 for _ in decimals]
        product, total = Fraction(prices[0] * prices[1], 10**16), sum(decimals)
        if not Fraction(10) ** int(least_prices(of, total)[3:]) <= product < most_prices(total):
            continue
        token, base = (Decimal(price) / 10 ** (8 + places) for price, places in zip(prices, decimals, strict=True))
        beside = 1 + Decimal(chance.uniform(-1, 1)) * Decimal(10) ** -chance.randint(1, 19)
        edge = chance.choice([Fraction(1), Fraction(1), of.below, of.above])
        placed = token / base * beside * edge.denominator / edge.numerator
        placed *= Decimal(5) ** Decimal(chance.uniform(-2, 2)) if edge == 1 else 1
        low, high = ((placed * one.numerator / one.denominator).sqrt() * 2**96 for one in (of.below, of.above))
        liquidity = int(10 ** chance.uniform(0, 28))
        if ENDS[0] < low and high < ENDS[1] and liquidity * (token * base).sqrt() < MOST_MEAN:
            names = (of.token, of.base)
            state = {f"price({name})": price * 10**10 for name, price in zip(names, prices, strict=True)}
            state |= {f"unit({name})": 10**places for name, places in zip(names, decimals, strict=True)}
            yield state | {of.low.name: int(low), of.high.name: int(high) + 1, of.name: liquidity}


def units(of: Range, state: dict[str, int]) -> tuple[Decimal, Decimal]:
    """What a smallest unit of each token is worth, in USD."""
    token, base = (Decimal(state[f"price({one})"]) / state[f"unit({one})"] / 10**18 for one in (of.token, of.base))
    return token, base


def exactly(of: Range, state: dict[str, int]) -> tuple[Decimal, Decimal, Decimal]:
    """What is worth of the token, of base, and by how much it is bent, in USD."""
    token, base = units(of, state)
    low, high = (Decimal(state[one.name]) / 2**96 for one in (of.low, of.high))
    root, liquidity = (token / base).sqrt(), state[of.name]
    at = min(max(root, low), high)
    bent = liquidity * (token * base).sqrt() / 2 if low < root < high else Decimal(0)
    return liquidity * (1 / at - 1 / high) * token, liquidity * (at - low) * base, bent


@pytest.mark.parametrize("decimals", DECIMALS, ids=str)
def test_readings_are_off_by_no_more_than_the_proofs_say(decimals: tuple[int, int]) -> None:
    assert sum(decimals) >= FEWEST_DECIMALS
    chance = Random(str(decimals))
    vault, _ = vault_of("fee_range")
    pool = of_the_pool(vault)
    with localcontext() as context:
        context.prec = 100
        for run in range(RUNS):
            below, above = map(Fraction, RANGES[run % len(RANGES)])
            of = Range(pool.name, pool.token, pool.base, below, above, pool.off, pool.entering)
            state = next(states(of, decimals, chance))
            assert all(state[f"price({one})"] >= LEAST_PRICE * 10**18 for one in (of.token, of.base))
            look = Evaluator(vault, IdealWorld(vault, state))
            whole, part, bent = (
                Decimal(look.value(one(of, of.liquidity))) / 10**18 for one in (worth, token_part, curvature)
            )
            token, base, curve = exactly(of, state)
            dust = max(CENT, *units(of, state))
            nothing = dust / 10**6  # of what is told of a reading there is no more than that too much
            assert -nothing <= token + base - whole <= dust
            assert abs(token - part) <= dust
            most = Decimal(most_bent(of).numerator) / most_bent(of).denominator
            assert bent <= most * (token + base) + dust
            assert curve <= most * (token + base) + nothing
            sample, all_of_it = map(look.value, proportion(of))
            assert abs(Decimal(sample) / all_of_it * (token + base) - token) <= (
                token + base
            ) * PROPORTION.numerator / (PROPORTION.denominator)
