"""What the keeper is told of deltas that are hedged, against the model's own formulas."""

from __future__ import annotations

from fractions import Fraction
from math import inf

import pytest

from proofs.strategies import machine_of
from stratc_compiler.vault import OnCondition
from stratc_compiler.volatility import Observation
from stratc_dsl.strategy import When
from stratc_targets.keeper.conditions import Sensitivity, parse_condition, parse_goals
from stratc_targets.keeper.goals import condition, sensitivities
from stratc_targets.keeper.overview import Exposed
from stratc_targets.keeper.status_text import _exposed
from stratc_targets.vyper.symbols import symbols_of
from vyper_target.vaults import example

ETH, USD = 10**18, 10**6


CASES = [(2_000, 0, False), (2_250, 0, True), (1_500, 0, True), (2_050, 0, False), (2_050, 4, False)]
CASES += [(2_050, 5, True), (2_000, 90, False)]


@pytest.mark.parametrize(("ether", "volatile", "due"), CASES)
def test_the_trigger_is_the_model_s(ether: int, volatile: int, due: bool) -> None:
    """40% ether held and 30% owed at 2,000 USD: delta is 10% of nav there, and more as ether rises.

    Inside its band it is due where so many percent of it are more than half a percent of nav, and it is above 10.2%.
    """
    vault = example("half_hedged").vault
    symbols = symbols_of(vault)
    (written,) = [rule for rule in vault.strategy.rules if "delta" in str(rule.trigger)]
    assert isinstance(written.trigger, When)
    reads = {"price(WETH)": ether * ETH, "price(USDC)": ETH, "unit(WETH)": ETH, "unit(USDC)": USD, "idle(WETH)": 0}
    reads |= {"aave.collateral(WETH)": 20 * ETH, "aave.debt(WETH)": 15 * ETH}
    reads |= {"aave.collateral(USDC)": 40_000 * USD, "idle(USDC)": 50_000 * USD}
    machine = machine_of(vault, reads)
    machine.book.observations["volatility(WETH, 1d)"] = (Observation(0, ether * ETH * 100 // (100 + volatile)),)
    state = machine.state()
    members = {symbols.fields[name]: state.named(name) for name in symbols.fields}
    goals = parse_goals(
        {
            "floors": [],
            "loans": [],
            "bands": [],
            "readings": {"nav": symbols.fields["nav"]},
            "sensitivities": sensitivities(vault, symbols),
        }
    )
    (rule,) = [rule for rule in vault.rules if rule.name == "rehedge"]
    assert isinstance(rule.trigger, OnCondition)
    assert state.holds(rule.trigger.condition.formula) is due
    told = parse_condition(condition(written.trigger.predicate, vault, symbols))
    assert goals.holds(told, members) is due
    gamma, delta = sorted(goals.sensitivities, key=lambda one: one.name, reverse=True)
    assert (delta.name, delta.low, delta.high) == ("delta(WETH)", Fraction("0.095"), Fraction("0.105"))
    assert (delta.room(members, goals.nav) < 0) is (due and not volatile)
    assert delta.share(members, goals.nav) == Fraction(5 * ether, 5 * ether + 90_000)
    assert (gamma.low, gamma.high, gamma.room(members, goals.nav)) == (None, None, inf)


def test_a_row_of_the_status() -> None:
    hedged = Sensitivity("delta(WETH)", "up", "down", Fraction("-0.03"), Fraction("0.03"))
    state = {"up": 50 * ETH, "down": 60 * ETH, "nav": 1_000 * ETH}
    seen = Exposed(hedged, Fraction(-10), hedged.share(state, "nav"), hedged.room(state, "nav"))
    assert _exposed(seen) == ("delta(WETH)", "-10 USD", "-1%", "-3% .. 3%", "2 points of nav")
    free = Sensitivity("gamma(WETH)", "up", "down", None, None)
    seen = Exposed(free, Fraction(-10), free.share(state, "nav"), free.room(state, "nav"))
    assert _exposed(seen) == ("gamma(WETH)", "-10 USD", "-1%", "any", "")
    bare = {"up": 1, "down": 0, "nav": 0}
    assert (hedged.room(bare, "nav"), free.room(bare, "nav"), hedged.room(bare | {"up": 0}, "nav")) == (-inf, inf, inf)
    assert _exposed(Exposed(hedged, Fraction(1), None, -inf))[4] == "outside, without nav"
