"""Stories of everything being sold, as far as venues let go."""

from __future__ import annotations

from differential.operations import (
    Deposit,
    Donate,
    Redeem,
    RedeemInKind,
    Run,
    Save,
    Settle,
    Turn,
    Wait,
    WhaleRepays,
    Withdraw,
)
from differential.story import OPENING, Story
from vyper_target.vaults import USDC

EXITS: dict[str, Story] = {
    "the exit, in two goes": Story(
        "treasury",
        (
            *OPENING,
            Save("lend", 20_000),
            Turn("emergency_exit", "guardian"),
            Redeem(0, 500, past=True),  # nobody gives up what is lent out
            RedeemInKind(0, 100),
            Save("lend", 1_000_000),
            Turn("emergency_exit", "guardian"),
            Turn("unfreeze", "owner"),
            Turn("freeze", "owner"),
            Deposit(2, 100 * USDC),
            Run("rebalance"),
            Run("harvest_save"),
            Settle(),
            Wait(10 * 86_400, refresh=False),
            Redeem(0, 500),
            Withdraw(0, 2, 1_000, 1),
            Withdraw(0, 2, 1_000),
            Redeem(1, 1_000),
        ),
        {"emergency_exit": 2, "redeem in kind": 1, "redeem": 2, "withdraw": 1},
        {
            "unfreeze": 1,
            "freeze": 1,
            "deposit": 1,
            "rebalance": 1,
            "harvest_save": 1,
            "settle": 1,
            "redeem": 1,
            "withdraw": 1,
        },
    ),
    "the exit of a loan, in two goes": Story(
        "eth_carry",
        (
            *OPENING,
            Wait(86_400),
            Save("lend", 50_000),
            WhaleRepays("WETH"),
            Turn("emergency_exit", "guardian"),
            Save("lend", 1_000_000),
            Turn("emergency_exit", "guardian"),
            Turn("unfreeze", "owner"),
            Deposit(2, 100 * USDC),
            Run("deleverage_aave"),
            Run("rebalance"),
            Settle(),
            Wait(10 * 86_400, refresh=False),
            Redeem(0, 500),
            Donate("idle", "USDC", 1_000 * USDC),
            Withdraw(0, 2, 1_000, 1),
            Withdraw(0, 2, 1_000),
            Redeem(1, 1_000),
        ),
        {"emergency_exit": 2, "redeem": 2, "withdraw": 1},
        {"unfreeze": 1, "deposit": 1, "deleverage_aave": 1, "rebalance": 1, "settle": 1, "withdraw": 1},
    ),
    "an exit that cannot repay the loan": Story(
        "eth_carry",
        (
            *OPENING,
            Save("lend", 20_000),
            Turn("emergency_exit", "guardian"),  # without Aave, which keeps collateral that a debt needs
            Redeem(0, 10, past=True),
            RedeemInKind(0, 900),
            Save("lend", 1_000_000),
            Turn("emergency_exit", "guardian"),
            Redeem(1, 1_000),
        ),
        {"emergency_exit": 2, "redeem in kind": 1, "redeem": 1},
        {"redeem": 1},
    ),
}
