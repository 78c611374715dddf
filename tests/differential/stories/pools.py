"""Stories of loans from a pool of Uniswap v3, for its fee, beside the pool that is traded in."""

from __future__ import annotations

from differential.operations import (
    Deposit,
    DrainPool,
    Keep,
    Move,
    Redeem,
    RedeemUnwound,
    Run,
    Settle,
    Turn,
    Wait,
)
from differential.story import OPENING, Story
from vyper_target.vaults import USDC

AT_A_POOL: dict[str, Story] = {
    "a loop goes up, down and out by loans from a pool": Story(
        "pool_loop",
        (
            *OPENING,
            Wait(30 * 86_400),
            Keep(),
            Move("WETH", 870),
            Run("deleverage_aave"),
            Run("rebalance"),
            Settle(),
            Deposit(2, 77_777 * USDC),
            Keep(),
            RedeemUnwound(0, 100),
            Turn("emergency_exit", "guardian"),
            Redeem(0, 1_000),
            Redeem(1, 1_000),
        ),
        {"deleverage_aave": 1, "rebalance": 3, "emergency_exit": 1, "redeem": 2},
        {},
    ),
    "a pool with nothing at its price lends nothing": Story(
        "pool_loop",
        (
            *OPENING,
            Move("WETH", 870),
            DrainPool(),
            Run("deleverage_aave"),
            Turn("emergency_exit", "guardian"),
            DrainPool(back=True),
            Turn("emergency_exit", "guardian"),
            Redeem(0, 1_000),
        ),
        {"emergency_exit": 2, "redeem": 1},
        {"deleverage_aave": 1},
    ),
}
