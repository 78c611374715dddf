"""Stories of a price that swings: what was observed makes rules due, stops the vault, and is forgotten after a day."""

from __future__ import annotations

from differential.operations import (
    Deposit,
    Keep,
    Move,
    Observe,
    Redeem,
    Report,
    Run,
    Settle,
    Turn,
    Wait,
    Withdraw,
)
from differential.story import OPENING, Story
from vyper_target.vaults import USDC

HOUR = 3_600

VOLATILITY: dict[str, Story] = {
    "a loan is paid down after a volatile morning": Story(
        "calm_carry",
        (
            *OPENING,
            Observe(),  # the round that has just begun has noted it
            Wait(HOUR),
            Move("WETH", 960),
            Observe(),
            Observe(),
            Settle(),
            Wait(HOUR * 3 // 4 - 1),
            Observe(),  # a second too early
            Wait(1),
            Move("WETH", 1_050),
            Observe(),
            Wait(HOUR),
            Move("WETH", 930),  # by now more than 8% in all
            Settle(),
            Run("deleverage_aave"),
            Keep(),
            Settle(),
            Deposit(2, 10_000 * USDC),
            Withdraw(0, 0, 10),
            Wait(24 * HOUR),
            Run("deleverage_aave"),  # a day later nothing is left of it
            Keep(),
            Settle(),
        ),
        {"observe": 2, "deleverage_aave": 1},
        {"observe": 3, "deleverage_aave": 1, "settle": 1},
    ),
    "a vault stops in a storm, goes on looking, and may go on when it is over": Story(
        "calm_carry",
        (
            *OPENING,
            Wait(HOUR),
            Move("WETH", 1_190),
            Keep(),
            Wait(HOUR),
            Move("WETH", 850),
            Keep(),  # pays down, rebalances and freezes
            Run("freeze_when_due"),
            Observe(),
            Settle(),  # what has stopped the vault does not keep rounds from beginning
            Redeem(0, 20),
            Wait(HOUR),
            Observe(),
            Report("WETH", age=2 * HOUR),
            Observe(),  # no price, no observation
            Wait(HOUR),
            Observe(),
            Move("WETH", 1_000),
            Turn("unfreeze", "owner"),
            Run("freeze_when_due"),
            Wait(30 * HOUR),
            Move("WETH", 1_010),
            Observe(),
            Turn("unfreeze", "owner"),
            Keep(),
            Settle(),
            Turn("emergency_exit", "guardian"),
            Wait(HOUR),
            Observe(),
            Redeem(0, 1_000),
        ),
        {"freeze_when_due": 2, "unfreeze": 2, "emergency_exit": 1, "observe": 4},
        {"observe": 2},
    ),
}
