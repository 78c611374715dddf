"""Stories of what shares are worth: how it is rounded, and what gifts do to it."""

from __future__ import annotations

from differential.operations import (
    Deposit,
    Donate,
    Keep,
    Mint,
    Redeem,
    Report,
    Save,
    Send,
    Turn,
    Withdraw,
)
from differential.story import OPENING, Story
from vyper_target.vaults import USDC

SHARES: dict[str, Story] = {
    "first depositor's attack": Story(
        "treasury",
        (Deposit(0, 1), Donate("idle", "USDC", 10_000 * USDC), Deposit(1, 5_000 * USDC), Redeem(0, 1_000, past=True)),
        {"deposit": 2},
        {"redeem": 0},
    ),
    "rounding on the way in and out": Story(
        "treasury",
        (
            *OPENING,
            Save("gain", 3_333),
            Deposit(2, 777),
            Mint(2, 0, 10**12 + 1),
            Mint(2, 1, 999_999_999_999),
            Withdraw(0, 1, 3),
            Withdraw(1, 1, 7, 1),
            Redeem(0, 5, 1),
            Redeem(2, 333, past=True),
            Send(0, 2, 333),
        ),
        {"deposit": 3, "mint": 2, "withdraw": 2, "redeem": 2, "send shares": 1},
        {"mint": 0},
    ),
    "gifts of every kind": Story(
        "eth_carry",
        (
            *OPENING,
            Donate("idle", "WETH", 10**18),
            Donate("idle", "USDC", 5_000 * USDC),
            Donate("supply", "WETH", 10**18),
            Donate("supply", "USDC", 10_000 * USDC),
            Donate("save", "USDC", 10_000 * USDC),
            Deposit(2, 1_000 * USDC),
            Keep(),
            Donate("repay", "USDC", 10**12),
            Donate("repay", "USDC", 1),
            Keep(),
            Turn("emergency_exit", "guardian"),
            Redeem(0, 1_000),
        ),
        {"donate repay": 1, "emergency_exit": 1, "redeem": 1},
        {"donate repay": 1},
    ),
    "amounts beyond 128 bits": Story(
        "treasury",
        (
            *OPENING,
            Mint(2, 2, 2**200, short=True),
            Mint(2, 2, 2**255, short=True),
            Redeem(0, 0, 2**200, past=True),
            Report("USDC", 2**128),
        ),
        {},
        {"mint": 2, "redeem": 1},
    ),
}
