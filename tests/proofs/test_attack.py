"""What was proved is attacked by simulation in exact integers: random and corner-seeking rounds from settled states.

One violation here is a wrong "proved", the worst defect this project can have. `make test-long` attacks for longer.
"""

from __future__ import annotations

from fractions import Fraction
from random import Random

import pytest

from proofs.strategies import vault_of
from stratc_compiler.claims import AtAnyMoment, claims_of
from stratc_compiler.environment import Box, Interval, box_of
from stratc_compiler.inside_box import inside_box
from stratc_compiler.replay import what_breaks
from stratc_compiler.text import WAD
from stratc_compiler.vault import Vault
from stratc_compiler.verdict import Round


def edge(chance: Random, low: Fraction, high: Fraction) -> Fraction:
    """A number in the interval, often one of its ends."""
    return chance.choice([low, high, low + (high - low) * Fraction(chance.randint(0, 10**6), 10**6)])


def weights(vault: Vault, chance: Random) -> dict[str, Fraction] | None:
    """Weights inside all bands that sum to one; base idle takes the rest, if it may."""
    shares: dict[str, Fraction] = {}
    for allocation in vault.strategy.allocations:
        low = max(x for x in (allocation.low, allocation.minimum, Fraction(-9)) if x is not None)
        high = min(x for x in (allocation.high, allocation.maximum, Fraction(9)) if x is not None)
        shares[str(allocation.position)] = edge(chance, low, high)
    idle = f"idle({vault.base})"
    shares[idle] = 1 - sum(share for name, share in shares.items() if name != idle)
    return shares if shares[idle] >= 0 else None


def play(vault: Vault, box: Box, chance: Random, lost: str | None) -> Round | None:
    """One random round, or None where the draw is not settled."""
    shares = weights(vault, chance)
    if shares is None:
        return None
    base = vault.strategy.token(vault.base)
    nav = 10 ** chance.randint(8, 15) * chance.randint(1, 9)
    before: dict[str, int] = {f"unit({t.name})": 10**t.decimals for t in vault.strategy.tokens}
    after = dict(before)
    for token in vault.strategy.tokens:
        first, then = prices(token.name, box, chance)
        before[f"price({token.name})"], after[f"price({token.name})"] = first, then
    for held in dict.fromkeys((*vault.held, *vault.idle)):
        worth = abs(shares.get(held.name, Fraction(0))) * nav * before[f"price({vault.base})"]
        amount = worth / 10**base.decimals * before[f"unit({held.token})"] / before[f"price({held.token})"]
        before[held.name] = int(amount)
        growth = box.growth.get(held.name, Interval(Fraction(1), Fraction(1)))
        if lost is not None and held.venue == lost and not held.debt:
            growth = Interval(Fraction(0), Fraction(0))
        assert growth.high is not None
        after[held.name] = int(before[held.name] * edge(chance, growth.low, growth.high))
        if held.venue is not None and not held.debt:
            before[held.liquidity.name] = before[held.name]
            share = edge(chance, box.liquidity[held.name], Fraction(1))
            after[held.liquidity.name] = -int(-after[held.name] * share // 1)
    deposited = chance.choice([0, 0, nav // 100, nav, 50 * nav])
    most = int((box.withdrawals or Fraction(0)) * nav * Fraction(999_999, 1_000_000))
    withdrawn = chance.choice([0, most, chance.randint(0, most)])
    idle = f"idle({vault.base})"
    withdrawn = min(withdrawn, before[idle] + deposited)
    after[idle] = before[idle] + deposited - withdrawn
    return Round(before, after, deposited, withdrawn)


def prices(token: str, box: Box, chance: Random) -> tuple[int, int]:
    """A settled price and one at a moment of the round, each inside what is assumed, 8 decimals."""
    usd, stays = box.usd[token], box.absolute.get(token)
    assert usd.high is not None
    if stays is not None:
        assert stays.high is not None
        return tuple(int(edge(chance, stays.low, stays.high) * 10**8) * (WAD // 10**8) for _ in range(2))  # type: ignore[return-value]
    first = chance.randint(10**6, 10**13) * 100
    factor = edge(chance, usd.low, usd.high)
    return first * (WAD // 10**8), int(first * factor) * (WAD // 10**8)


def attack(name: str, rounds: int, seed: int) -> int:
    """Play rounds against every claim of an example; how many were admissible."""
    vault, _ = vault_of(name)
    box = box_of(vault)
    specs = claims_of(vault, box)
    chance = Random(seed)
    played = 0
    for _ in range(rounds):
        for spec in specs:
            lost = spec.about.lost if isinstance(spec.about, AtAnyMoment) else None
            one = play(vault, box, chance, lost)
            if one is None or inside_box(vault, box, one, lost) is not None:
                continue
            played += 1
            broken = what_breaks(spec.about, vault, one)
            assert broken is None, f"{spec.name} was proved, yet: {broken}\n{one}"
    return played


@pytest.mark.parametrize("name", ["eth_carry", "eth_loop", "treasury_loan", "treasury"])
def test_proved_claims_withstand_random_rounds(name: str) -> None:
    assert attack(name, 600, seed=1) > 800


@pytest.mark.long
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("name", ["eth_carry", "eth_loop", "treasury_loan", "treasury"])
def test_proved_claims_withstand_many_random_rounds(name: str) -> None:
    """Those that climb, of `fuzzing/test_proofs.py`, go for the same claims."""
    assert attack(name, 8_000, seed=10) > 10_000


def test_an_attack_finds_what_is_refuted() -> None:
    """The same attack on the carry under a 45% hour breaks it: the attack can fail."""
    vault, _ = vault_of("eth_carry", ("-20% .. +20%", "-45% .. +20%"))
    box = box_of(vault)
    specs = {spec.name: spec for spec in claims_of(vault, box)}
    chance = Random(3)
    found = set()
    for _ in range(4_000):
        for name in ("safe(aave)", "loss <= 20% per round"):
            one = play(vault, box, chance, None)
            if one is not None and inside_box(vault, box, one) is None and what_breaks(specs[name].about, vault, one):
                found.add(name)
    assert found == {"safe(aave)", "loss <= 20% per round"}
