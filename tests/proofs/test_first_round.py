"""The first round begins with a deposit and with what others sent before it: nothing is forgotten of either."""

from __future__ import annotations

from random import Random

import pytest

from fuzzing.attack import tell
from fuzzing.choices import Choices
from fuzzing.rounds import Round
from stratc_compiler.driver import Options, model, verify
from stratc_compiler.verdict import Proved, Verification
from stratc_dsl import Source, parse_strategies
from stratc_targets.venues import venue_factories

TEXT = """strategy Gift {
    base USDC
    token USDC { decimals: 6, price: chainlink("USDC/USD", heartbeat=24h, deviation=0.25%) }
    venue save = erc4626(asset=USDC)
    assume {
        keeper every 6h
        price(USDC) stays 1 .. 1
        liquidity(save) >= 10%
        withdrawals <= 1% of nav
    }
    allocate {
        save:       0.5% +- 0.02%
        idle(USDC): 99.5% +- 5%
    }
    rules { when weights outside band do rebalance }
}
"""


def verified(text: str) -> Verification:
    source = Source("gift.strat", text)
    (strategy,) = parse_strategies(source).strategies
    return verify(model(strategy, source, venue_factories(strategy)), source, Options(workers=1))


def proves_recovery(verification: Verification) -> bool:
    return next(isinstance(claim.verdict, Proved) for claim in verification.claims if claim.name == "recovers")


def test_a_gift_that_was_there_before_can_only_be_drawn_as_far_as_is_assumed() -> None:
    """1% of the deposit lies at a venue whose target is half of that, and which pays out a tenth."""
    verification = verified(TEXT)
    state = {"price(USDC)": 10**18, "unit(USDC)": 10**6, "idle(USDC)": 10**12, "save": 10**10}
    state["liquidity(save)"] = state["save"] // 10
    first = Round({**state, "idle(USDC)": 0}, state, 10**12, 0)
    broken = tell(verification.vault, "recovers", first, Choices(Random(0))).broken
    assert broken is not None
    assert "the venue can pay 1000000000" in broken
    assert not proves_recovery(verification)


@pytest.mark.parametrize("enough", ["liquidity(save) >= 60%", "loss(save) <= 0%"])
def test_where_the_venue_pays_enough_it_is_proved(enough: str) -> None:
    assert proves_recovery(verified(TEXT.replace("liquidity(save) >= 10%", enough)))
