"""Stories of a loan whose collateral falls."""

from __future__ import annotations

from differential.operations import (
    Keep,
    Liquidate,
    Move,
    Redeem,
    Run,
    Save,
    Settle,
    Turn,
    Wait,
)
from differential.story import OPENING, Story

LENDING: dict[str, Story] = {
    "a crash, the keeper, and the way back": Story(
        "eth_carry",
        (
            *OPENING,
            Wait(30 * 86_400),
            Keep(),
            Move("WETH", 720),
            Turn("accept_prices", "owner"),
            Run("rebalance"),
            Keep(),
            Settle(),
            Move("WETH", 850),
            Wait(3_600),
            Keep(),
            Move("WETH", 1_400),
            Turn("accept_prices", "owner"),
            Keep(),
            Wait(86_400),
            Keep(),
        ),
        {"deleverage_aave": 1, "settle": 1, "harvest_save": 3},
        {"rebalance": 1},  # the rule that saves the loan comes first
    ),
    "a crash while most of the savings are lent out": Story(
        "eth_carry",
        (
            *OPENING,
            Save("lend", 2_000),
            Move("WETH", 700),
            Keep(),  # what the savings do not pay is paid out of idle
            Save("lend", 10_000),
            Move("WETH", 950),
            Keep(),
        ),
        {"deleverage_aave": 1},
        {},
    ),
    "liquidated while the keeper sleeps": Story(
        "eth_carry",
        (
            *OPENING,
            Liquidate(1_000),
            Move("WETH", 550),
            Move("WETH", 850),
            Liquidate(300),
            Wait(12),
            Liquidate(1_000),
            Keep(),
            Turn("emergency_exit", "guardian"),
            Redeem(0, 1_000),
        ),
        {"liquidate": 1, "deleverage_aave": 1, "emergency_exit": 1},
        {"liquidate": 2},
    ),
}
