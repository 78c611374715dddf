"""Stories of how much may come and go: floors, limits, and what a round allows."""

from __future__ import annotations

from differential.operations import (
    Deposit,
    Donate,
    Keep,
    Mint,
    Move,
    Redeem,
    RedeemInKind,
    Save,
    Settle,
    Turn,
    Withdraw,
)
from differential.story import OPENING, Story
from vyper_target.vaults import USDC

LIMITS: dict[str, Story] = {
    "withdrawals up to the round's limit and one unit past it": Story(
        "treasury",
        (
            *OPENING,
            Withdraw(0, 0, 600),
            Withdraw(1, 1, 1_000, 1),
            Withdraw(1, 1, 1_000),
            Withdraw(0, 0, 1_000, 1),
            Turn("freeze", "guardian"),
            Withdraw(0, 0, 1_000, 1),
        ),
        {"withdraw": 2},
        {"withdraw": 3},
    ),
    "withdrawals down to the floor and one unit past it": Story(
        "treasury",
        (
            *OPENING,
            Save("gain", 10_000_000),  # idle is now 5.7% of nav: the floor is nearer than the round's limit
            Withdraw(0, 0, 1_000, 1),
            Withdraw(0, 0, 1_000),
            Redeem(0, 1_000, 10**13),
            Keep(),
            Redeem(0, 1_000),
        ),
        {"withdraw": 1, "redeem": 1, "rebalance": 2},
        {"withdraw": 1, "redeem": 1},
    ),
    "a floor that is broken from outside lets nothing out and nothing in": Story(
        "eth_carry",
        (
            *OPENING,
            Move("WETH", 700),
            Move("WETH", 900),
            Turn("accept_prices", "owner"),
            Deposit(2, 1_000 * USDC),
            Withdraw(0, 0, 10, 1, past=True),
            Redeem(0, 10, past=True),
            Keep(),
            Redeem(0, 10, past=True),
        ),
        {"deposit": 2, "deleverage_aave": 1, "rebalance": 2, "redeem": 1},
        {"deposit": 1, "withdraw": 1, "redeem": 1},
    ),
    "deposits up to a limit": Story(
        "office",
        (
            *OPENING,
            Deposit(2, 99_000 * USDC),
            Deposit(2, 1_000 * USDC + 1),
            Save("gain", 10_000),
            Deposit(2, 1_000 * USDC),
            Mint(2, 2, 10**21),
            Withdraw(0, 0, 1_000),
            Mint(2, 2, 10**21),
            Deposit(2, 10**13),
        ),
        {"deposit": 3, "mint": 1, "withdraw": 1},
        {"deposit": 3, "mint": 1},
    ),
    "deposits up to the round's share and one unit past it": Story(
        "inflow",
        (
            Deposit(0, 10 * USDC),  # before the first round nothing bounds it
            Deposit(1, 90_000 * USDC),
            Keep(),
            Deposit(2, 90_010 * USDC // 4 + 1),
            Deposit(2, 20_000 * USDC),
            Withdraw(0, 0, 10),  # does not make room
            Mint(2, 2, 2_502 * 10**18),
            Deposit(2, 90_010 * USDC // 4 - 20_000 * USDC + 1),
            Deposit(2, 90_010 * USDC // 4 - 20_000 * USDC),
            Deposit(2, 1),
            Donate("idle", "USDC", 1_000 * USDC),
            Keep(),
            Deposit(2, 1),
            RedeemInKind(1, 500),
            Mint(2, 2, 10**18),
            Settle(),
            Turn("freeze", "guardian"),
            Deposit(2, 1),
        ),
        {"deposit": 5, "withdraw": 1, "rebalance": 2, "redeem in kind": 1},
        {"deposit": 4},
    ),
    "few units do not keep others out": Story(
        "inflow",
        (
            Deposit(0, 999_999),
            Keep(),
            Settle(),
            Deposit(1, 90_000 * USDC),
            Keep(),
            Redeem(1, 1_000),
            Deposit(1, 90_000 * USDC),
        ),
        {"deposit": 2},
        {"deposit": 1},
    ),
    "nothing is counted where nothing limits what is withdrawn": Story(
        "idle",
        (
            Deposit(0, 100_000 * USDC),
            Deposit(1, 50_000 * USDC + 1),
            Settle(),
            Withdraw(0, 0, 300, past=True),
            Redeem(0, 500, past=True),
            RedeemInKind(1, 100),
            Settle(),
            Donate("idle", "USDC", 1_234_567),
            Mint(2, 2, 10**18 + 1),
            Withdraw(0, 2, 1_000, past=True),
            Turn("emergency_exit", "guardian"),
            Redeem(1, 1_000),
        ),
        {"deposit": 2, "settle": 2, "withdraw": 2, "redeem": 2, "mint": 1},
        {},
    ),
}
