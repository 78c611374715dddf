"""Stories of answers that are too old, or no prices at all."""

from __future__ import annotations

from differential.operations import (
    Deposit,
    Keep,
    Mend,
    Mint,
    Redeem,
    Report,
    Run,
    Settle,
    Turn,
    Withdraw,
)
from differential.story import OPENING, Story
from vyper_target.vaults import USDC

PRICES: dict[str, Story] = {
    "a price that is stale to the second": Story(
        "eth_carry",
        (
            *OPENING,
            Report("WETH", age=3_600),
            Deposit(2, 100 * USDC),
            Run("freeze_when_due"),
            Report("WETH", age=3_601),
            Deposit(2, 100 * USDC),
            Withdraw(0, 0, 10, 1, past=True),
            Settle(),
            Keep(),
            Turn("unfreeze", "owner"),
            Mend(),
            Report("USDC", age=86_401),
            Deposit(2, 100 * USDC),
            Turn("emergency_exit", "guardian"),
        ),
        {"deposit": 3, "freeze_when_due": 1, "emergency_exit": 1},  # WETH stays unsold: the swap alone reads a price
        {"deposit": 2, "freeze_when_due": 1, "withdraw": 1, "settle": 1},
    ),
    "answers that are no prices": Story(
        "treasury",
        (
            *OPENING,
            *(
                step
                for answer in (0, -1, -(2**255), 2**128 + 1)
                for step in (Report("USDC", answer), Deposit(2, USDC), Redeem(0, 10, past=True))
            ),
            Report("USDC", 10**8, age=-1),
            Deposit(2, USDC),
            Mend(),
            Deposit(2, USDC),
        ),
        {"deposit": 3},
        {"deposit": 5, "redeem": 4},
    ),
    "an answer as old as its heartbeat, and a second older": Story(
        "treasury",
        (
            *OPENING,
            Report("USDC", age=86_400),
            Deposit(2, USDC),
            Withdraw(0, 0, 10),
            Report("USDC", age=86_401),
            Deposit(2, USDC),
            Mint(2, 2, 10**21),
            Withdraw(0, 0, 10, 1),
            Redeem(0, 10, past=True),
            Settle(),
        ),
        {"deposit": 3, "withdraw": 1},
        {"deposit": 1, "mint": 1, "withdraw": 1, "redeem": 1, "settle": 1},
    ),
}
