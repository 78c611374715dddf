"""Stories of venues that are odd: they cannot pay, take nothing, or have grown dear."""

from __future__ import annotations

from differential.operations import (
    Deposit,
    Flag,
    Run,
    Save,
    Turn,
    Whale,
    WhaleRepays,
)
from differential.story import OPENING, Story
from vyper_target.vaults import USDC

VENUES: dict[str, Story] = {
    "a venue whose shares have grown dear": Story(
        "treasury",
        (
            Save("gain", 10**9),
            Save("gain", 10**7),
            Deposit(0, 100_000 * USDC + 3_210),
            Run("rebalance"),
            Save("lose", 999_990),
            Run("rebalance"),
        ),
        {"rebalance": 2},
        {"rebalance": 0},
    ),
    "venues that cannot pay": Story(
        "treasury",
        (
            *OPENING,
            Save("gain", 500_000),
            Save("lend", 0),
            Run("rebalance"),
            Save("lend", 1_000_000),
            Flag("pause", "USDC", True),
            Run("rebalance"),
            Flag("pause", "USDC", False),
            Flag("freeze", "USDC", True),
            Run("rebalance"),
            Flag("freeze", "USDC", False),
            Run("rebalance"),
            Whale("USDC", 1_000),
            Turn("emergency_exit", "guardian"),
            WhaleRepays("USDC"),
            Turn("emergency_exit", "guardian"),
        ),
        {"rebalance": 2, "emergency_exit": 2},
        {"rebalance": 3},
    ),
}
