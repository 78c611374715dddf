"""Stories of a loan whose collateral falls."""

from __future__ import annotations

from differential.operations import (
    Deposit,
    Donate,
    Keep,
    Liquidate,
    Move,
    Rate,
    Redeem,
    RedeemInKind,
    RedeemUnwound,
    Run,
    Save,
    Settle,
    Turn,
    Wait,
    Whale,
    WhaleRepays,
    Withdraw,
)
from differential.story import OPENING, Story
from vyper_target.vaults import USDC

CRASH = (
    Wait(30 * 86_400),
    Keep(),
    Move("WETH", 720),
    Turn("accept_prices", "owner"),
    Run("rebalance"),
    Keep(),
    Settle(),
    Move("WETH", 850),
    Wait(3_600),
    Keep(),
    Move("WETH", 1_400),
    Turn("accept_prices", "owner"),
    Keep(),
    Wait(86_400),
    Keep(),
)
"""A crash that the owner goes on after, another hour of it that the keeper mends, and the way back: the rule that saves
the loan comes before the other one, which was tried too early."""

LENDING: dict[str, Story] = {
    "a crash, the keeper, and the way back": Story(
        "eth_carry",
        (*OPENING, *CRASH),
        {"deleverage_aave": 1, "settle": 1, "harvest_save": 3},
        {"rebalance": 1},  # the rule that saves the loan comes first
    ),
    "a crash while most of the savings are lent out": Story(
        "eth_carry",
        (
            *OPENING,
            Save("lend", 2_000),
            Move("WETH", 700),
            Keep(),  # what the savings do not pay is paid out of idle
            Save("lend", 10_000),
            Move("WETH", 950),
            Keep(),
        ),
        {"deleverage_aave": 1},
        {},
    ),
    "a rate far beyond what is assumed": Story(
        "eth_carry",
        (
            *OPENING,
            Rate("USDC", 4_000),
            Whale("USDC", 1_000),
            Wait(86_400),
            Keep(),  # dearer by a tenth, and still no concern of the loan's
            Wait(3 * 86_400),
            Run("rebalance"),
            Withdraw(0, 0, 1_000, 1),
            Keep(),
            WhaleRepays("USDC"),
            Rate("USDC", 79),
            Wait(86_400),
            Keep(),
            Redeem(0, 10),
        ),
        {"rate": 2, "whale borrows": 3, "deleverage_aave": 1, "redeem": 1},
        {"rebalance": 1, "withdraw": 1},
    ),
    "a debt that is held at once": Story(
        "hedged",
        (
            *OPENING,
            Keep(),  # what was borrowed was bought as well
            Settle(),
            Move("WETH", 1_190),
            Deposit(2, 20_000 * USDC),
            Keep(),
            Withdraw(0, 0, 500),
            Wait(30 * 86_400),
            Move("WETH", 1_450),
            Run("rebalance"),
            Keep(),  # the loan is paid down out of what is held, while guarded
            Redeem(0, 10, past=True),
            Turn("accept_prices", "owner"),
            Keep(),
            Redeem(0, 100),
            RedeemInKind(1, 300, short=True),  # what is given pays what is owed
            RedeemInKind(1, 300),
            RedeemUnwound(0, 200),
            Move("WETH", 900),
            Keep(),
            Donate("repay", "WETH", 10**16),
            Turn("emergency_exit", "guardian"),
            Redeem(0, 1_000),
            Redeem(1, 1_000),
        ),
        {
            "rebalance": 5,
            "deleverage_aave": 1,
            "redeem in kind": 2,
            "redeem unwound": 1,
            "donate repay": 1,
            "redeem": 3,
        },
        {"rebalance": 1, "redeem": 1},
    ),
    "liquidated while the keeper sleeps": Story(
        "eth_carry",
        (
            *OPENING,
            Liquidate(1_000),
            Move("WETH", 550),
            Move("WETH", 850),
            Liquidate(300),
            Wait(12),
            Liquidate(1_000),
            Keep(),
            Turn("emergency_exit", "guardian"),
            Redeem(0, 1_000),
        ),
        {"liquidate": 1, "deleverage_aave": 1, "emergency_exit": 1},
        {"liquidate": 2},
    ),
}
