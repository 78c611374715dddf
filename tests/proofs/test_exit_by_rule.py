"""A rule that leaves by the exit is one of the keeper's pass: what it costs is lost, and it must not revert."""

from __future__ import annotations

from functools import cache

import pytest

from proofs.strategies import claim, model, parse_strategies, proved, refuted
from stratc_compiler.assumptions import guarded_assumptions
from stratc_compiler.driver import verify
from stratc_compiler.resting import claims_resting
from stratc_compiler.vault import Vault
from stratc_compiler.verdict import Proved, Refuted, Verification
from stratc_dsl import Source
from stratc_targets.venues import venue_factories

HALF = """
strategy Half {
    base USDC
    token USDC { decimals: 6,  price: chainlink("USDC/USD", heartbeat=24h, deviation=0.25%) }
    token WETH { decimals: 18, price: chainlink("ETH/USD",  heartbeat=1h,  deviation=0.5%) }
    venue dex  = uniswap_v3(WETH/USDC, fee=0.05%)
    assume {
        keeper every 1h
        price(WETH) moves -20% .. +20%
        price(USDC) stays 1 .. 1
        slippage(dex) <= 10%
        withdrawals <= 1% of nav
    }
    allocate {
        idle(WETH): 50% +- 5%
        idle(USDC): 50% +- 10%
    }
    rules {
        WHEN do exit
        when weights outside band do rebalance
    }
    prove { loss <= LOSS per round }
}
"""


@cache
def half(when: str, loss: str) -> Verification:
    return verify(*strategy_of(HALF.replace("WHEN", when).replace("LOSS", loss)))


def strategy_of(text: str) -> tuple[Vault, Source]:
    source = Source("half.strat", text)
    (strategy,) = parse_strategies(source, lambda path: "").strategies
    return model(strategy, source, venue_factories(strategy)), source


def test_what_it_costs_counts_as_loss() -> None:
    """Of the half in ether a fall of a fifth takes 10% of nav, and selling all of it for a tenth less 4% more."""
    found = claim(half("when weight(idle(WETH)) < 45%", "13%"), "loss <= 13% per round").verdict
    assert isinstance(found, Refuted)
    assert found.why == "14.000% is lost after `exit`, more than 13%"
    assert found.scenario is not None
    assert {one.assumption.id for one in found.scenario.assumptions} == {"moves(WETH)", "slippage(dex)"}


def test_within_a_wider_bound_it_is_proved_and_the_proof_rests_on_the_slippage() -> None:
    verification = half("when weight(idle(WETH)) < 45%", "15%")
    assert not refuted(verification)
    name = "loss <= 15% per round"
    assert name in proved(verification)
    assert name in claims_resting(verification)["slippage(dex)"]
    places = {one.obligation.id.removeprefix(f"{name}/") for one in claim(verification, name).obligations}
    assert {"step/exit_when_due/left", "step/rebalance/exit_when_due/left", "base/exit_when_due/left"} <= places
    needs = {one.obligation.id for one in claim(verification, "recovers").obligations}
    assert {f"recovers/step/rebalance/exit_when_due/{what}/1" for what in ("funds", "asks")} <= needs


@pytest.mark.long
@pytest.mark.parametrize(("when", "holds"), [("when weight(idle(WETH)) < 39%", True), ("every 30d", False)])
def test_a_fuse_costs_nothing_and_a_timer_may_run_out_in_any_round(when: str, holds: bool) -> None:
    """From a weight of 45%, the edge of its band, a fall of a fifth leaves 39.6%."""
    verdict = claim(half(when, "13%"), "loss <= 13% per round").verdict
    assert isinstance(verdict, Proved if holds else Refuted)


def test_an_exit_in_the_box_makes_no_fuse_of_what_stands_after_it() -> None:
    """Ether that rises makes the rebalance due, and the exit not."""
    verification = half("when weight(idle(WETH)) < 45%", "15%")
    rest = claim(verification, "consistent").obligations
    (fires,) = [one for one in rest if one.obligation.id == "consistent/fires/rebalance"]
    assert fires.evidence is not None
    assert fires.evidence.moment["price(WETH)"] > fires.evidence.settled["price(WETH)"]  # type: ignore[union-attr]


def test_a_rule_that_freezes_on_a_condition_is_named_where_claims_speak_of_an_open_vault() -> None:
    """Then the rebalance waits for the owner, and the vault is not settled: no claim says that this cannot be."""
    when = "when weight(idle(WETH)) < 45%"
    (vault, _) = strategy_of(HALF.replace("WHEN do exit", f"{when} do freeze").replace("LOSS", "15%"))
    (told,) = (one for one in guarded_assumptions(vault) if one.id == "open")
    assert told.text.startswith(f"the vault is open, and `{when} do freeze` has not frozen it; after")
