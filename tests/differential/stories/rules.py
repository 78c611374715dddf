"""Stories of rules that are due, or not, and of the trades that they make."""

from __future__ import annotations

from differential.operations import (
    Keep,
    Mend,
    Move,
    Run,
    Save,
    Settle,
    Wait,
)
from differential.story import OPENING, Story

RULES: dict[str, Story] = {
    "rules that are not due": Story(
        "treasury",
        (
            *OPENING,
            Run("rebalance"),
            Run("harvest_save"),
            Wait(86_399),
            Run("harvest_save"),
            Wait(1),
            Run("harvest_save"),
            Settle(),
            Save("gain", 500_000),
            Settle(),
            Run("rebalance"),
            Run("rebalance"),
        ),
        {"harvest_save": 2, "rebalance": 2, "settle": 1},
        {"harvest_save": 2, "rebalance": 2, "settle": 1},
    ),
    "rules of a loan that are not due": Story(
        "eth_carry",
        (
            *OPENING,
            Run("deleverage_aave"),
            Run("rebalance"),
            Run("harvest_save"),
            Run("freeze_when_due"),
            Wait(86_399),
            Run("harvest_save"),
            Wait(1),
            Run("harvest_save"),
            Settle(),
        ),
        {"harvest_save": 2, "rebalance": 1},
        {"deleverage_aave": 1, "rebalance": 1, "harvest_save": 2, "freeze_when_due": 1},
    ),
    "a trade against a pool that is worse than the oracle": Story(
        "eth_carry",
        (
            *OPENING,
            Move("WETH", 1_190, arbitrage=False),  # selling
            Run("rebalance"),
            Mend(),
            Keep(),
            Move("WETH", 810, arbitrage=False),  # buying
            Run("rebalance"),
            Mend(),
            Keep(),
        ),
        {"rebalance": 3},
        {"rebalance": 2},
    ),
}
