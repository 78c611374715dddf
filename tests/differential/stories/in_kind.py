"""Stories of those who take their part of everything as it lies there."""

from __future__ import annotations

from differential.operations import (
    Flag,
    Keep,
    Mend,
    Move,
    Redeem,
    RedeemInKind,
    Report,
    Run,
    Save,
    Settle,
    Turn,
    Withdraw,
)
from differential.story import OPENING, Story

IN_KIND: dict[str, Story] = {
    "a venue that is stuck is left out of the exit, and left in kind": Story(
        "eth_carry",
        (
            *OPENING,
            Flag("pause", "USDC", True),
            Turn("emergency_exit", "guardian"),
            Redeem(0, 200, past=True),
            RedeemInKind(1, 500),  # Aave takes no repayment
            RedeemInKind(1, 500, forgone=2),
            Flag("pause", "USDC", False),
            RedeemInKind(1, 500),
            RedeemInKind(1, 1_000),
            Turn("emergency_exit", "guardian"),
            Redeem(0, 1_000),
        ),
        {"emergency_exit": 2, "redeem in kind": 3, "redeem": 1},
        {"redeem in kind": 1, "redeem": 1},
    ),
    "the way out in kind needs no price, no keeper and no guardian": Story(
        "eth_carry",
        (
            *OPENING,
            Save("gain", 7_777),
            RedeemInKind(1, 333),
            Report("WETH", age=10**6),
            Withdraw(0, 0, 100),
            RedeemInKind(0, 500, short=True),
            RedeemInKind(0, 500),
            Turn("freeze", "guardian"),
            RedeemInKind(0, 1_000),
            RedeemInKind(1, 1_000),
            Mend(),
        ),
        {"redeem in kind": 4},
        {"withdraw": 1, "redeem in kind": 1},
    ),
    "who has left in kind has left the others what they had, and the keeper his work": Story(
        "eth_carry",
        (
            *OPENING,
            Withdraw(0, 0, 400),
            RedeemInKind(1, 1_000),
            Withdraw(0, 0, 1_000),
            Move("WETH", 900),
            RedeemInKind(0, 300),
            Keep(),
            Settle(),
            Run("harvest_save"),
        ),
        {"redeem in kind": 2, "withdraw": 2, "harvest_save": 1},
        {},
    ),
}
