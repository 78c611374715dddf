"""Stories of a loan in a category of assets (eMode)."""

from __future__ import annotations

from differential.operations import Deposit, Keep, Liquidate, Move, RedeemInKind, Withdraw
from differential.story import OPENING, Story
from vyper_target.vaults import USDC

CATEGORY: dict[str, Story] = {
    "a loan beyond the reserve's own loan-to-value, which falls and is paid down": Story(
        "category",
        (
            *OPENING,
            Keep(),
            Move("WETH", 970),
            Keep(),
            Move("WETH", 970),
            Keep(),
            Liquidate(1_000),
            Deposit(2, 1_000 * USDC),
            Withdraw(0, 0, 10, 1, past=True),
            RedeemInKind(0, 100),
            Keep(),
        ),
        {"rebalance": 1, "deleverage_aave": 1},
        {},
    ),
}
