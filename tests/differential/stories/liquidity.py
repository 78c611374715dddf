"""Stories of liquidity in a range of a pool, in which the vault trades as well."""

from __future__ import annotations

from differential.operations import (
    Deposit,
    Keep,
    Move,
    MovePool,
    Operation,
    PresentLiquidity,
    Redeem,
    RedeemInKind,
    Report,
    Run,
    Settle,
    TradeInPool,
    Turn,
    Wait,
    Withdraw,
)
from differential.story import Story
from vyper_target.vaults import USDC

_BEGUN = (Deposit(0, 1_000_000 * USDC), Deposit(1, 500_000 * USDC + 1), Keep())


def _after_an_hour(token: str, *permille: int) -> tuple[Operation, ...]:
    """Moves, each in a round of its own."""
    return tuple(step for by in permille for step in (Wait(3_600), Settle(), Move(token, by), Keep()))


IN_A_RANGE: dict[str, Story] = {
    "fees are earned and fetched, prices move, all leave": Story(
        "fee_range",
        (
            *_BEGUN,
            TradeInPool("WETH", 20_000),
            TradeInPool("USDC", 40_000_000),
            RedeemInKind(1, 100),  # without the fees that wait
            Move("WETH", 1_000),
            Wait(86_400),
            Keep(),
            Move("WETH", 850),
            Keep(),
            Settle(),
            Withdraw(0, 0, 1_000),
            Move("WETH", 1_150),
            Deposit(2, 77_777 * USDC),
            Keep(),
            PresentLiquidity(1_000),
            Turn("emergency_exit", "guardian"),
            Redeem(0, 1_000),
            Redeem(1, 1_000),
            Redeem(2, 1_000),
        ),
        {"harvest_pool": 2, "trade in the pool": 2, "redeem in kind": 1, "emergency_exit": 1, "redeem": 3},
        {},
    ),
    "a pool that is off its oracle is neither entered nor left by a rule": Story(
        "fee_range",
        (
            Deposit(0, 1_000_000 * USDC),
            MovePool(980_000),
            Run("rebalance"),
            Run("harvest_pool"),
            MovePool(1_020_408),  # back, almost
            Run("rebalance"),
            MovePool(1_009_000),
            Wait(86_400),
            Run("harvest_pool"),
            Deposit(1, 800_000 * USDC),
            Run("rebalance"),  # what it buys costs too much
            RedeemInKind(0, 300),
            RedeemInKind(0, 300, forgone=1),
            Turn("emergency_exit", "guardian"),
            Redeem(0, 1_000),
            Redeem(1, 1_000),
        ),
        {"rebalance": 1, "redeem in kind": 2, "emergency_exit": 1, "redeem": 2},
        {"rebalance": 2, "harvest_pool": 2},
    ),
    "at a price at which the range's worth is no word, limits are zero": Story(
        "fee_range",
        (
            *_BEGUN,
            Report("USDC", 2**128),
            Redeem(0, 1_000, 1),
            Deposit(2, USDC),
            Keep(),
            Report("USDC", 10**8),
            Redeem(0, 10),
        ),
        {"redeem": 1},
        {"redeem": 1, "deposit": 1},
    ),
    "prices swing: what bends the range is told inside and beyond it, and makes a rebalance due": Story(
        "bent_range",
        (
            *_BEGUN,
            Run("rebalance"),  # still
            *_after_an_hour("WETH", 1_150, 1_150),
            *_after_an_hour("WETH", *[800] * 5),
            Redeem(0, 500),
            Turn("emergency_exit", "guardian"),
            Redeem(0, 1_000),
            Redeem(1, 1_000),
        ),
        {"rebalance": 4, "emergency_exit": 1, "redeem": 3},
        {"rebalance": 1},
    ),
}
