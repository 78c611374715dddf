"""Stories of fees: for time, and for gains."""

from __future__ import annotations

from differential.operations import (
    Deposit,
    Donate,
    Keep,
    Mint,
    Redeem,
    RedeemInKind,
    Save,
    Settle,
    Turn,
    Wait,
    Withdraw,
)
from differential.story import OPENING, Story
from vyper_target.vaults import USDC

FEES: dict[str, Story] = {
    "fees for time, and for gains above the mark": Story(
        "fund",
        (
            *OPENING,
            Wait(30 * 86_400),
            Deposit(2, 10_000 * USDC),
            Save("gain", 900_000),
            Settle(),
            Withdraw(0, 0, 300),
            Save("lose", 20),  # below the mark, which stays
            Deposit(2, 7),
            Wait(86_400),
            Redeem(1, 200, 1),
            Save("gain", 100_000),
            Mint(2, 2, 10**20),
            Keep(),
            Wait(86_400),
            RedeemInKind(1, 500),  # for time alone
            Wait(1),
            Withdraw(0, 1, 500),
        ),
        {"deposit": 4, "mint": 1, "withdraw": 2, "redeem": 1, "redeem in kind": 1},
        {},
    ),
    "fees of a vault that was empty, of one that slept for years, and of one that is over": Story(
        "fund",
        (
            Wait(400 * 86_400),
            Donate("idle", "USDC", 10_000 * USDC),
            Deposit(0, 5_000 * USDC),
            Settle(),
            Wait(3 * 365 * 86_400),
            Deposit(1, 5_000 * USDC),
            Turn("freeze", "guardian"),
            Wait(86_400),
            Redeem(1, 100),
            Turn("emergency_exit", "guardian"),
            Wait(365 * 86_400),
            Donate("idle", "USDC", 10_000 * USDC),
            Redeem(0, 500),
            Withdraw(1, 1, 1_000),
            RedeemInKind(0, 1_000),
            Redeem(1, 1_000, past=True),
        ),
        {"deposit": 2, "redeem": 3, "withdraw": 1, "redeem in kind": 1, "emergency_exit": 1},
        {},
    ),
}
