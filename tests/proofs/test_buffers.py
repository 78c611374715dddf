"""Buffers as margins tell them: each proved to the step, and the next not."""

from __future__ import annotations

from fractions import Fraction

from msgspec.structs import replace

from proofs.strategies import vault_of
from proofs.test_readings import stating
from stratc_compiler.buffers import STEPS, Buffer, buffers
from stratc_compiler.effort import Effort
from stratc_compiler.environment import box_of
from stratc_compiler.vault import Vault

EFFORT = Effort(rlimit=2_000_000, nodes=500)
STEP = Fraction(1, STEPS)


def of(vault: Vault) -> Buffer:
    (one,) = buffers(vault, box_of(vault), EFFORT)
    return one


def test_the_buffers_of_the_carry_are_those_of_its_numbers() -> None:
    """Targets 80% and -32%, at the bands' edges 75% and -36%, WETH -20% against a dollar of 0.98 to 1.02."""
    found = of(vault_of("eth_carry")[0])
    threshold, move = Fraction(825, 1000), Fraction(80, 100) * Fraction(98, 102)
    assert found.at_target == 1 - Fraction(32, 80) / threshold
    edge = 1 - Fraction(36, 75) / threshold
    assert found.settled is not None
    assert edge - STEP < found.settled <= edge
    # An hour's interest at 60% a year and a hundredth of the collateral that may be lost are in the rest of a per cent.
    assert found.in_a_round is not None
    after = 1 - Fraction(36, 75) / threshold / move
    assert after - Fraction(1, 100) < found.in_a_round <= after


def test_what_the_venue_may_read_is_in_the_least_of_a_round_alone() -> None:
    plain, read = of(vault_of("eth_carry")[0]), of(vault_of("eth_carry", stating("oracle(WETH) off by <= 10%"))[0])
    assert (plain.at_target, plain.settled) == (read.at_target, read.settled)
    assert plain.in_a_round is not None
    assert read.in_a_round is not None
    expected = 1 - (1 - plain.in_a_round) / Fraction(9, 10)
    assert abs(read.in_a_round - expected) <= 2 * STEP


def test_where_nothing_is_proved_nothing_is_told() -> None:
    """Without floors and bands anything may be owed."""
    vault = replace(vault_of("eth_carry")[0], floors=(), bands=())
    assert of(vault) == Buffer("aave", None, None, None)
