"""What liquidators take counts in `loss`: it is shown that none comes, and where one does his bonus is lost."""

from __future__ import annotations

from fractions import Fraction
from functools import cache

from proofs.strategies import EXAMPLES, claim, vault_of
from stratc_compiler.claims import LosesAtMost, claims_of
from stratc_compiler.driver import model, verify
from stratc_compiler.effort import Effort
from stratc_compiler.environment import box_of
from stratc_compiler.ideal_world import IdealWorld
from stratc_compiler.interpret import Evaluator
from stratc_compiler.prove import all_proved
from stratc_compiler.verdict import Proved, Refuted, Verification
from stratc_dsl import Source, parse_strategies
from stratc_targets.venues import venue_factories

TEXT = (EXAMPLES / "refuted" / "lowered_threshold.strat").read_text()
LOSS = "loss <= 40% per round"


@cache
def lowered(*changes: tuple[str, str]) -> Verification:
    text = TEXT
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    source = Source("lowered.strat", text)
    (strategy,) = parse_strategies(source).strategies
    return verify(model(strategy, source, venue_factories(strategy)), source)


def test_a_loan_that_may_be_liquidated_loses_the_bonus_too() -> None:
    """900 WETH at 1,700 USD secure 1,090,000 USDC: a liquidator takes all of them, and repays 70% of their worth."""
    found = lowered(("        safe(aave)\n", ""))
    verdict = claim(found, LOSS).verdict
    assert isinstance(verdict, Refuted)
    assert verdict.scenario is not None
    assert "72.900% is lost at this moment" in verdict.scenario.broken
    steps = [step for who, step in verdict.scenario.lines if who == "a liquidator"]
    assert steps == [
        "liquidated at aave: aave.collateral(WETH) 900 WETH taken",
        "liquidated at aave: aave.debt(USDC) 1,071,000 USDC repaid",
    ]
    # Markets alone take less, which is all that `loss` speaks of where `safe(aave)` is claimed beside it.
    assert isinstance(claim(lowered(), LOSS).verdict, Proved)


def test_where_nobody_can_liquidate_nothing_is_lost_to_liquidators() -> None:
    vault, _ = vault_of("eth_carry", ("        safe(aave)\n", ""))
    (spec,) = (one for one in claims_of(vault, box_of(vault)) if one.name.startswith("loss"))
    assert spec.about == LosesAtMost(Fraction(1, 5), ("aave",))
    asked = [one for one in spec.obligations if "/liquidated/" in one.id]
    assert [one.id.split("/")[1] for one in asked] == ["step", "base"]
    assert all_proved(asked, Effort(rlimit=2_000_000, nodes=500))


def test_a_liquidation_closes_what_collateral_allows_and_no_more() -> None:
    vault, _ = vault_of("eth_carry")
    venue = vault.venue("aave")
    state = {"unit(USDC)": 10**6, "unit(WETH)": 10**18, "price(USDC)": 10**18, "price(WETH)": 1_000 * 10**18}
    state |= {"aave.collateral(WETH)": 10 * 10**18, "aave.debt(USDC)": 8_000 * 10**6}
    safe = IdealWorld(vault, dict(state))
    assert not safe.liquidate(venue)
    assert safe.state == state
    broken = IdealWorld(vault, state | {"aave.debt(USDC)": 8_251 * 10**6})
    before = Evaluator(vault, broken).value(venue.positions[0].value)
    assert broken.liquidate(venue)
    assert broken.state["aave.collateral(WETH)"] == 0
    repaid = 8_251 * 10**6 - broken.state["aave.debt(USDC)"]
    assert repaid == Fraction(before, 10**12) * Fraction(825, 1000)
