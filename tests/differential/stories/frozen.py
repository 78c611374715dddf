"""Stories of a vault that takes no new risk."""

from __future__ import annotations

from differential.operations import (
    Deposit,
    Keep,
    Mint,
    Move,
    Redeem,
    Run,
    Save,
    Settle,
    Turn,
    Wait,
    Withdraw,
)
from differential.story import OPENING, Story
from vyper_target.vaults import USDC

FROZEN: dict[str, Story] = {
    "frozen": Story(
        "treasury",
        (
            *OPENING,
            Turn("freeze", "guardian"),
            Deposit(2, 100 * USDC),
            Mint(2, 2, 10**21),
            Settle(),
            Withdraw(0, 0, 10),
            Redeem(0, 10, past=True),
            Save("gain", 500_000),
            Run("rebalance"),
            Wait(86_400),
            Run("harvest_save"),
            Turn("freeze", "owner"),
            Turn("unfreeze", "owner"),
            Deposit(2, 100 * USDC),
            Keep(),
        ),
        {"deposit": 3, "withdraw": 1, "redeem": 1, "settle": 1, "unfreeze": 1, "rebalance": 2, "harvest_save": 2},
        {"deposit": 1, "mint": 1, "rebalance": 1, "harvest_save": 1, "freeze": 1},
    ),
    "frozen with a loan": Story(
        "eth_carry",
        (
            *OPENING,
            Turn("freeze", "guardian"),
            Deposit(2, 100 * USDC),
            Mint(2, 2, 10**21),
            Settle(),
            Withdraw(0, 0, 10),
            Move("WETH", 850),
            Run("rebalance"),
            Move("WETH", 750),
            Keep(),
            Turn("freeze", "owner"),
            Turn("unfreeze", "owner"),
            Turn("accept_prices", "owner"),
            Deposit(2, 100 * USDC),
            Keep(),
        ),
        {"deleverage_aave": 1, "deposit": 3, "withdraw": 1, "settle": 1, "unfreeze": 1},
        {"deposit": 1, "mint": 1, "rebalance": 1, "freeze": 1},
    ),
}
