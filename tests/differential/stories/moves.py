"""Stories of rules that move one position: a top-up, and an unwinding."""

from __future__ import annotations

from differential.operations import (
    Deposit,
    FlashLoans,
    Keep,
    Move,
    Redeem,
    Run,
    Save,
    Settle,
    Turn,
    Wait,
)
from differential.story import OPENING, Story
from vyper_target.vaults import USDC

MOVES: dict[str, Story] = {
    "a loan is topped up out of idle, and of savings for the rest": Story(
        "topped",
        (
            *OPENING,
            Wait(30 * 86_400),
            Keep(),
            Move("WETH", 870),
            Run("top_up_aave_collateral_weth"),
            Move("WETH", 950),
            Run("top_up_aave_collateral_weth"),
            Settle(),
            Move("WETH", 600),
            Run("top_up_aave_collateral_weth"),  # it buys, so it waits while guarded
            Turn("accept_prices", "owner"),
            Save("lend", 200_000),
            Run("top_up_aave_collateral_weth"),
            Save("lend", 10**6),
            Run("top_up_aave_collateral_weth"),
            Keep(),
            Move("WETH", 1_700),
            Turn("accept_prices", "owner"),
            Deposit(2, 20_000 * USDC),
            Keep(),
            Turn("emergency_exit", "guardian"),
            Redeem(0, 1_000),
            Redeem(1, 1_000),
        ),
        {"top_up_aave_collateral_weth": 3, "rebalance": 3, "emergency_exit": 1, "redeem": 2},
        {"top_up_aave_collateral_weth": 2},
    ),
    "a loan is closed by a flash loan, and savings that have grown": Story(
        "stop",
        (
            *OPENING,
            Wait(30 * 86_400),
            Keep(),
            Move("WETH", 810),
            Run("unwind_aave_debt_usdc"),
            Move("WETH", 810),
            FlashLoans("USDC", False),
            Run("unwind_aave_debt_usdc"),
            FlashLoans("USDC", True),
            Run("unwind_aave_debt_usdc"),
            Settle(),
            Turn("accept_prices", "owner"),
            Save("gain", 800_000),
            Save("gain", 800_000),
            Run("unwind_save"),
            Keep(),
            Settle(),
            Move("WETH", 1_400),
            Turn("accept_prices", "owner"),
            Keep(),
            Redeem(0, 300),
            Turn("emergency_exit", "guardian"),
            Redeem(0, 1_000),
            Redeem(1, 1_000),
        ),
        {"unwind_aave_debt_usdc": 1, "unwind_save": 1, "rebalance": 2, "emergency_exit": 1, "redeem": 3},
        {"unwind_aave_debt_usdc": 2},
    ),
}
