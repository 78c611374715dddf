"""`oracle(T) off by <= r`: what a venue's own oracle may read stands in its checks, and in nothing else."""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from itertools import product

import pytest

from proofs.strategies import claim, refuted, vault_of, verified
from stratc_compiler.assumptions import guarded_assumptions, rests_on
from stratc_compiler.claims import claims_of
from stratc_compiler.constants import assumed
from stratc_compiler.driver import Options
from stratc_compiler.effort import Effort
from stratc_compiler.environment import box_of
from stratc_compiler.expr import Cmp
from stratc_compiler.findings import answer_all
from stratc_compiler.ideal_world import IdealWorld
from stratc_compiler.interpret import Evaluator
from stratc_compiler.judge import judge
from stratc_compiler.margins import margins
from stratc_compiler.readings import Loan
from stratc_compiler.recall import Forgetful, Past
from stratc_compiler.replay import health, worst_health
from stratc_compiler.verdict import ClaimResult, Guardian, Proved, Refuted, Scenario
from stratc_dsl.strategy import OracleOffBy, Position
from stratc_targets.venues import venue_factories

RATE = "rate(aave.debt(USDC)) <= 60% per 1y"
AT_ANY_MOMENT = {"survives", "solvent", "safe(aave)"}


def stating(*bounds: str) -> tuple[str, str]:
    """A change of the carry: with these assumptions of oracles."""
    return RATE, "\n        ".join((RATE, *bounds))


@cache
def judged(*bounds: str, name: str = "eth_carry", change: tuple[str, str] | None = None) -> dict[str, ClaimResult]:
    """The claims that speak of any moment."""
    vault, _ = vault_of(name, change or stating(*bounds))
    box, past = box_of(vault), Past(Forgetful(), Effort(), vault)
    specs = [spec for spec in claims_of(vault, box) if spec.name in AT_ANY_MOMENT or spec.name.startswith("safe")]
    answers, _ = answer_all(specs, past, 1)
    return {spec.name: judge(spec, found, box, past) for spec, found in zip(specs, answers, strict=True)}


def broken(*bounds: str) -> set[str]:
    return {name for name, one in judged(*bounds).items() if isinstance(one.verdict, Refuted)}


def scenario_of(found: ClaimResult) -> Scenario:
    assert isinstance(found.verdict, Refuted)
    assert found.verdict.scenario is not None
    return found.verdict.scenario


def test_what_a_loan_outlives_is_proved_and_what_it_does_not_is_refuted() -> None:
    """From the edge of the bands, WETH -20% against a dollar that goes from 0.98 to 1.02 leaves a health of 1.32."""
    outlived = judged("oracle(WETH) off by <= 24%")
    assert all(isinstance(one.verdict, Proved) for one in outlived.values())
    # Nothing else speaks of the venue's prices.
    assert broken("oracle(WETH) off by <= 25%") == {"survives", "safe(aave)"}


def test_a_debt_that_is_read_too_high_breaks_it_as_well() -> None:
    assert not broken("oracle(USDC) off by <= 30%")
    assert broken("oracle(USDC) off by <= 34%") == {"survives", "safe(aave)"}
    # Each alone is outlived, both together are not.
    assert broken("oracle(WETH) off by <= 24%", "oracle(USDC) off by <= 30%") == {"survives", "safe(aave)"}


def test_the_scenario_tells_both_health_factors_and_names_the_assumption() -> None:
    scenario = scenario_of(judged("oracle(WETH) off by <= 25%")["safe(aave)"])
    venue = vault_of("eth_carry", stating("oracle(WETH) off by <= 25%"))[0].venue("aave")
    state = Evaluator(vault_of("eth_carry")[0], IdealWorld(vault_of("eth_carry")[0], dict(scenario.after)))
    own, worst = health(state.vault, "aave", state), worst_health(venue, state)
    assert worst == own * Fraction(75, 100) * Fraction(8_249, 8_250) < 1 <= own
    assert f"= {float(own):.4f}, {float(worst):.4f} where aave reads WETH 25% off" in scenario.broken
    assert [one.fully for one in scenario.assumptions if one.assumption.id == "oracle(WETH)"] == [True]


@pytest.mark.long
def test_what_may_be_borrowed_is_by_the_venues_prices_too() -> None:
    """The carry owes 40% of its collateral: half of what WETH may secure, and more where that is read 60% too low."""
    found = verified("eth_carry", stating("oracle(WETH) off by <= 60%"))
    assert "recovers" in refuted(found)
    told = scenario_of(claim(found, "recovers")).broken
    assert "would leave the debt uncovered where aave reads WETH 60% off" in told


def test_a_token_on_both_sides_is_tried_at_both_ends_and_nothing_else_is() -> None:
    """The formula is the worst of all readings, exactly: compared with a grid of them, for a grid of holdings."""
    vault, _ = vault_of("eth_carry")
    weth, usdc = (next(one for one in vault.idle if one.token == token) for token in ("WETH", "USDC"))
    lent = next(one for one in vault.held if one.position == Position("aave", "debt", "USDC"))
    other = type(lent)(Position("aave", "debt", "WETH"), debt=True)
    loan = Loan(
        {weth: Fraction(4, 5), usdc: Fraction(3, 4)}, (lent, other), {"WETH": Fraction(1, 10), "USDC": Fraction(1, 20)}
    )
    assert len(list(loan.corners())) == 4
    steps = [Fraction(step, 4) for step in range(-4, 5)]
    for values in product((0, 60, 100), repeat=4):
        held = dict(zip((weth.value.name, usdc.value.name, lent.value.name, other.value.name), values, strict=True))
        state = Evaluator(vault, IdealWorld(vault, {}), dict(held))

        def covers(w: Fraction, u: Fraction, state: Evaluator = state) -> bool:
            weighted, owed = loan.read({"WETH": 1 + w * loan.off["WETH"], "USDC": 1 + u * loan.off["USDC"]})
            sums = [sum((x * state.value(e) for e, x in side.items()), Fraction(0)) for side in (weighted, owed)]
            return sums[0] >= sums[1]

        everywhere = all(covers(w, u) for w, u in product(steps, steps))
        assert state.holds(loan.covered()) == everywhere, values


def test_without_a_statement_the_formula_and_the_assumption_are_those_of_equal_prices() -> None:
    plain, stated = vault_of("eth_carry")[0], vault_of("eth_carry", stating("oracle(WETH) off by <= 0%"))[0]
    assert plain.venue("aave").never_liquidated == stated.venue("aave").never_liquidated
    listed = {one.id: one for one in guarded_assumptions(plain)}
    assert listed["oracle(aave)"].guardian is Guardian.WATCHED
    assert "WETH and USDC" in listed["oracle(aave)"].text
    listed = {one.id: one for one in guarded_assumptions(stated)}
    assert listed["oracle(WETH)"].guardian is Guardian.WATCHED
    assert "aave prices USDC as" in listed["oracle(aave)"].text
    both = vault_of("eth_carry", stating("oracle(WETH) off by <= 1%", "oracle(USDC) off by <= 1%"))[0]
    assert "oracle(aave)" not in {one.id for one in guarded_assumptions(both)}
    assert {"oracle(WETH)", "oracle(USDC)"} <= set(rests_on((), both))


def test_a_market_that_prices_one_token_in_the_other_is_off_by_what_is_said_of_the_one() -> None:
    rate = "rate(blue.debt(USDC)) <= 60% per 1y"
    change = rate, f"{rate}\n        oracle(WETH) off by <= 40%"
    vault, _ = vault_of("blue_carry", change)
    venue = vault.venue("blue")
    assert venue.off == {"WETH": Fraction(2, 5)}
    assert not any(one.id == "oracle(blue)" for one in guarded_assumptions(vault))
    assert venue.never_liquidated != vault_of("blue_carry")[0].venue("blue").never_liquidated
    found = scenario_of(judged(name="blue_carry", change=change)["safe(blue)"])
    assert "where blue reads WETH 40% off" in found.broken


@pytest.mark.long
def test_margins_tell_how_far_a_reading_may_be_off() -> None:
    found = verified("eth_carry", stating("oracle(WETH) off by <= 20%"))
    factories = venue_factories(found.vault.strategy)
    options = Options(Effort(rlimit=2_000_000, nodes=500), workers=1)
    told = [one for one in margins(found, factories, options, ("oracle(WETH)",)) if one.claim == "safe(aave)"]
    assert [isinstance(one, OracleOffBy) for one in found.vault.strategy.assumptions].count(True) == 1
    assert any(one.field.name == "ratio" and one.value == Fraction(20, 100) for one in assumed(found.vault.strategy))
    (margin,) = told
    assert Fraction(23, 100) < margin.holds < Fraction(25, 100)
    assert margin.fails is not None
    assert isinstance(margin.verdict, Refuted)


def test_a_comparison_stays_one_comparison_where_no_token_is_on_both_sides() -> None:
    """Two corners would be a conjunction, which the search would split."""
    formula = vault_of("eth_carry", stating("oracle(WETH) off by <= 20%"))[0].venue("aave").never_liquidated
    assert formula is not None
    assert all(isinstance(part, Cmp) for part in getattr(formula, "operands", ()))
