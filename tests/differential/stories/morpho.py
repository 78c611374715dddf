"""Stories of a loan at Morpho Blue: interest that nobody has booked, debts in shares, collateral without a receipt."""

from __future__ import annotations

from differential.operations import (
    CrashAtMorpho,
    Deposit,
    Keep,
    LiquidateAtMorpho,
    Mend,
    Misprice,
    Move,
    Others,
    Present,
    Redeem,
    RedeemInKind,
    RedeemUnwound,
    Run,
    Save,
    Settle,
    Turn,
    Wait,
    Withdraw,
)
from differential.story import Story
from vyper_target.vaults import USDC

_BEGUN = (
    Others("borrow", 600),
    Deposit(0, 100_000 * USDC),
    Deposit(1, 50_000 * USDC + 1),
    Keep(),
)

AT_MORPHO: dict[str, Story] = {
    "a crash, the keeper, and the way back": Story(
        "blue_carry",
        (
            *_BEGUN,
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
        ),
        {"deleverage_blue": 1, "settle": 1, "harvest_save": 3},
        {"rebalance": 1},  # the rule that saves the loan comes first
    ),
    "interest of years in a market that is nearly lent out": Story(
        "blue_carry",
        (
            *_BEGUN,
            Others("borrow", 990),
            *(step for _ in range(4) for step in (Wait(200 * 86_400), Keep())),
            Deposit(2, 1_000 * USDC),
            Withdraw(0, 0, 500),
            RedeemUnwound(1, 500),
        ),
        {"redeem unwound": 1, "withdraw": 1, "deposit": 3},
        {},
    ),
    "a market that has nothing left to lend": Story(
        "blue_carry",
        (
            Others("borrow", 1_000),
            Deposit(0, 100_000 * USDC),
            Keep(),
            Others("lend", 100),
            Keep(),
            Others("withdraw", 1_000),
            Deposit(1, 50_000 * USDC),
            Mend(),
            Others("repay", 300),
            Keep(),
        ),
        {"rebalance": 2, "deposit": 2},
        {"rebalance": 1, "others withdraw": 1},
    ),
    "who leaves is given collateral, and pays the debt's part": Story(
        "blue_carry",
        (
            *_BEGUN,
            Wait(86_400),
            RedeemInKind(0, 333),
            RedeemInKind(1, 500, short=True),
            RedeemInKind(0, 500, forgone=0b010),
            RedeemInKind(1, 1_000),
            RedeemInKind(0, 1_000),
            Deposit(2, 10_000 * USDC),
            Keep(),
        ),
        {"redeem in kind": 4, "deposit": 3, "rebalance": 2},
        {"redeem in kind": 1},
    ),
    "a part that is unwound pays for itself": Story(
        "blue_carry",
        (
            *_BEGUN,
            Wait(86_400),
            RedeemUnwound(0, 300, 0),
            RedeemUnwound(0, 300, 1),
            Save("lend", 0),
            RedeemUnwound(0, 1_000),
            Save("lend", 1_000_000),
            RedeemUnwound(0, 1_000),
            RedeemUnwound(1, 1_000),
        ),
        {"redeem unwound": 3},
        {"redeem unwound": 2},
    ),
    "an exit that leaves no share of debt and no collateral": Story(
        "blue_carry",
        (*_BEGUN, Wait(86_400), Turn("emergency_exit", "guardian"), Redeem(0, 1_000), Redeem(1, 1_000)),
        {"emergency_exit": 1, "redeem": 2},
        {},
    ),
    "presents at Morpho": Story(
        "blue_carry",
        (
            *_BEGUN,
            Present("collateral", 10**17),
            Present("repayment", 1),
            Present("repayment", 100 * USDC + 1),
            Deposit(2, 1_000 * USDC),
            Keep(),
            Present("repayment", 10**13),
            RedeemInKind(0, 100),
        ),
        {"present collateral": 1, "present repayment": 2, "redeem in kind": 1},
        {"present repayment": 1},
    ),
    "a fall past the threshold ends liquidated": Story(
        "blue_carry",
        (
            *_BEGUN,
            LiquidateAtMorpho(500),
            CrashAtMorpho(1_001),
            CrashAtMorpho(990),
            LiquidateAtMorpho(1_000),
            Turn("accept_prices", "owner"),
            Run("deleverage_blue"),
            Keep(),
        ),
        {"liquidate at morpho": 1, "deleverage_blue": 1},
        {"liquidate at morpho": 3},  # before the crash, a hair above the threshold, and once health is back
    ),
    "an oracle that says less than the feeds": Story(
        "blue_carry",
        (
            *_BEGUN,
            Misprice(970),
            LiquidateAtMorpho(500),
            Keep(),
            Settle(),
            Misprice(480),
            Run("deleverage_blue"),  # the feeds say that there is no need
            LiquidateAtMorpho(500),
            Misprice(1_000),
            Keep(),
        ),
        {"liquidate at morpho": 1},
        {"liquidate at morpho": 1, "deleverage_blue": 1},
    ),
}
