"""Stories of a chain whose sequencer goes down: no price is good until it has been up for an hour again."""

from __future__ import annotations

from differential.operations import (
    Deposit,
    Keep,
    Mend,
    Mint,
    Redeem,
    RedeemInKind,
    Run,
    Sequencer,
    Settle,
    Turn,
    Withdraw,
)
from differential.story import OPENING, Story
from vyper_target.vaults import USDC

_PRICED = (
    Deposit(2, 100 * USDC),
    Mint(2, 2, 10**18),
    Withdraw(0, 0, 10, 1, past=True),
    Redeem(0, 10, past=True),
    Settle(),
)
"""One call of each kind that shares are priced for, and one that begins a round."""

SEQUENCER: dict[str, Story] = {
    "a sequencer that is down, and the hour after it is back": Story(
        "treasury",
        (
            *OPENING,
            *_PRICED,
            Sequencer(1, 86_400),
            *_PRICED,
            Keep(),
            Sequencer(0, 0),
            *_PRICED,
            Sequencer(0, 3_600),
            *_PRICED,
            RedeemInKind(0, 100),
            Sequencer(0, 3_601),
            *_PRICED,
        ),
        {"deposit": 4, "mint": 2, "withdraw": 2, "redeem": 2, "settle": 2, "redeem in kind": 1},
        {"deposit": 3, "mint": 3, "withdraw": 3, "redeem": 3, "settle": 3},
    ),
    "answers of a sequencer that say nothing": Story(
        "treasury",
        (
            *OPENING,
            *(
                step
                for answer, age in ((0, -100), (2, 86_400), (-1, 86_400), (0, None))
                for step in (Sequencer(answer, age), Deposit(2, USDC), Redeem(0, 10, past=True))
            ),
            Mend(),
            Deposit(2, USDC),
        ),
        {"deposit": 3},
        {"deposit": 4, "redeem": 4},
    ),
    "an exit while the sequencer is down": Story(
        "eth_carry",
        (
            *OPENING,
            Sequencer(1, 60),
            Run("rebalance"),
            Run("deleverage_aave"),
            Run("freeze_when_due"),
            Turn("emergency_exit", "guardian"),  # WETH stays unsold: the swap alone reads a price
            Redeem(0, 1_000, past=True),
            RedeemInKind(0, 1_000),
            Sequencer(0, 3_601),
            Turn("emergency_exit", "guardian"),
            Redeem(1, 1_000, past=True),
        ),
        {"freeze_when_due": 1, "emergency_exit": 2, "redeem in kind": 1, "redeem": 1},
        {"rebalance": 1, "deleverage_aave": 1, "redeem": 1},
    ),
}
