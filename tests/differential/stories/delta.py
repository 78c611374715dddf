"""Stories of a vault that is short at Perp v2 for the ether in its range of liquidity, its margin's reserve."""

from __future__ import annotations

from differential.operations import (
    Deposit,
    Keep,
    Move,
    MovePool,
    Operation,
    Pause,
    PresentLiquidity,
    Redeem,
    RedeemInKind,
    Run,
    Settle,
    SettleFunding,
    TradeInPool,
    Turn,
    Wait,
    Withdraw,
)
from differential.story import Story
from vyper_target.vaults import USDC

BEGUN = (Deposit(0, 100_000 * USDC), Deposit(1, 50_000 * USDC + 1), Keep())


def by(permille: int, times: int) -> tuple[Operation, ...]:
    """So many steps of the price, each small enough for Perp's pool to follow."""
    return tuple(step for _ in range(times) for step in (Wait(60, refresh=False), Move("WETH", permille)))


RALLY, FALL = by(1_062, 3), by(930, 3)
"""Up by 19.8%, down by 19.6%."""

HEDGED_RANGE: dict[str, Story] = {
    "a rally and a fall of 20% are hedged again by one rebalance each, fees are fetched, and everything is left": Story(
        "topped_range",
        (
            *BEGUN,
            *RALLY,
            Keep(),
            Settle(),
            TradeInPool("WETH", 20_000),
            TradeInPool("USDC", 40_000_000),
            Wait(86_400),
            SettleFunding(),
            Keep(),
            *FALL,
            Keep(),
            Settle(),
            Withdraw(0, 0, 20),
            RedeemInKind(0, 333),
            RedeemInKind(1, 500, forgone=0b1),
            RedeemInKind(1, 500, forgone=0b10),
            Turn("emergency_exit", "guardian"),
            Redeem(0, 1_000),
            Redeem(1, 1_000),
        ),
        {"rebalance": 3, "harvest_pool": 2, "redeem in kind": 3, "emergency_exit": 1, "redeem": 2, "settle": 2},
        {"harvest_pool": 1},
    ),
    "pools off their oracle: the range is neither entered nor left by a rule, and the short goes with it": Story(
        "topped_range",
        (
            Deposit(0, 100_000 * USDC),
            MovePool(980_000),
            Run("rebalance"),
            MovePool(1_020_408),
            Run("rebalance"),
            PresentLiquidity(1_000),
            Run("rebalance"),
            Pause(),
            *by(1_060, 2),
            Run("rebalance"),
            Pause(paused=False),
            Run("rebalance"),
            Turn("emergency_exit", "guardian"),
            Redeem(0, 1_000),
        ),
        {"rebalance": 2, "emergency_exit": 1, "redeem": 1},
        {"rebalance": 3},
    ),
    "margin out of the range: only near its oracle, and the rebalance waits for it": Story(
        "topped_range",
        (
            *BEGUN,
            *(step for _ in range(3) for step in (*FALL, Keep(), Settle())),
            *RALLY,
            MovePool(1_020_408),
            Run("top_up_perp_margin"),
            Run("rebalance"),
            MovePool(980_000),
            Run("top_up_perp_margin"),
            Run("rebalance"),
            Run("top_up_perp_margin"),
            Turn("emergency_exit", "guardian"),
            Redeem(0, 1_000),
        ),
        {"top_up_perp_margin": 1, "rebalance": 5, "emergency_exit": 1, "redeem": 1},
        {"top_up_perp_margin": 2, "rebalance": 1},
    ),
    "a rally beyond what is assumed: guarded, and frozen, margin is put in out of the range, and nothing else": Story(
        "topped_range",
        (
            *BEGUN,
            *by(1_062, 9),
            MovePool(980_000),
            Run("top_up_perp_margin"),
            MovePool(1_020_408),
            Run("top_up_perp_margin"),
            Run("rebalance"),
            Turn("freeze", "guardian"),
            *by(1_062, 4),
            Run("top_up_perp_margin"),
            Run("rebalance"),
            Turn("emergency_exit", "guardian"),
            Redeem(0, 1_000),
            Redeem(1, 1_000),
        ),
        {"top_up_perp_margin": 2, "rebalance": 1, "emergency_exit": 1, "redeem": 2},
        {"top_up_perp_margin": 1, "rebalance": 2},
    ),
}
