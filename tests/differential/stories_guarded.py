"""Stories of prices that move further in a round than the strategy assumes: only what reduces risk is done."""

from __future__ import annotations

from differential.operations import (
    Deposit,
    Keep,
    Mend,
    Mint,
    Move,
    Operation,
    Redeem,
    RedeemInKind,
    Report,
    Run,
    Settle,
    Turn,
    Wait,
    Withdraw,
)
from differential.story import OPENING, Story
from vyper_target.vaults import USDC

_USERS: tuple[Operation, ...] = (
    Deposit(2, 100 * USDC),
    Mint(2, 2, 10**18),
    Withdraw(0, 0, 10, 1, past=True),
    Redeem(0, 10, past=True),
)
"""One call of each kind that shares are priced for."""

_EDGE = 2_000 * 10**8

GUARDED: dict[str, Story] = {
    "a move to the edge of the box, and one unit past it": Story(
        "eth_carry",
        (
            *OPENING,
            Report("WETH", _EDGE * 6 // 5),
            *_USERS,
            Report("WETH", _EDGE * 6 // 5 + 1),
            *_USERS,
            Report("WETH", _EDGE * 4 // 5),
            Run("deleverage_aave"),
            Report("WETH", _EDGE * 4 // 5 - 1),
            *_USERS,
            Report("WETH", _EDGE),
            *_USERS,
        ),
        {"deposit": 4, "mint": 2, "withdraw": 2, "redeem": 2},
        {"deposit": 2, "mint": 2, "withdraw": 2, "redeem": 2},
    ),
    "a crash beyond the box, and the owner who accepts it": Story(
        "eth_carry",
        (
            *OPENING,
            *(Turn("accept_prices", who) for who in ("owner", "stranger")),
            Move("WETH", 700),
            Run("rebalance"),
            Settle(),
            Keep(),  # the loan is paid down, and no round begins
            Run("rebalance"),
            Settle("keeper"),
            *_USERS,
            Wait(86_400),
            Run("harvest_save"),
            RedeemInKind(0, 300),
            *(Turn("accept_prices", who) for who in ("keeper", "guardian", "owner")),
            Turn("accept_prices", "owner"),
            Deposit(2, 100 * USDC),
            Keep(),
            *_USERS,
            Settle(),
        ),
        {
            "accept_prices": 1,
            "deleverage_aave": 1,
            "rebalance": 2,
            "harvest_save": 2,
            "redeem in kind": 1,
            "deposit": 4,
            "mint": 1,
            "withdraw": 1,
            "redeem": 1,
            "settle": 1,
        },
        {
            "accept_prices": 5,
            "rebalance": 2,
            "settle": 2,
            "deposit": 1,
            "mint": 1,
            "withdraw": 1,
            "redeem": 1,
        },
    ),
    "before the first round, and after the exit, no move is too large": Story(
        "eth_carry",
        (
            Deposit(0, 100_000 * USDC),
            Move("WETH", 1_700),
            Deposit(1, 50_000 * USDC),
            Withdraw(1, 1, 10),
            Keep(),
            Move("WETH", 750),
            Turn("freeze", "guardian"),
            Withdraw(1, 1, 10, 1, past=True),
            Turn("emergency_exit", "guardian"),
            Turn("accept_prices", "owner"),
            Redeem(0, 1_000),
        ),
        {"deposit": 2, "withdraw": 1, "rebalance": 1, "freeze": 1, "emergency_exit": 1, "redeem": 1},
        {"withdraw": 1, "accept_prices": 1},
    ),
    "while there is no price nobody is guarded, and nothing is priced": Story(
        "eth_carry",
        (
            *OPENING,
            Move("WETH", 700),
            Report("USDC", 0),
            Deposit(2, USDC),
            Turn("accept_prices", "owner"),
            Run("deleverage_aave"),
            Report("USDC", 10**8),
            Mend(),
            Deposit(2, USDC),
            Keep(),
        ),
        {"deposit": 2, "deleverage_aave": 1, "rebalance": 1},
        {"deposit": 2, "accept_prices": 1, "deleverage_aave": 1},
    ),
}
