"""Stories of a vault that is short at Perp v2 for the ether that it holds."""

from __future__ import annotations

from differential.operations import (
    CloseMarket,
    Deposit,
    Donate,
    Keep,
    LiquidateAtPerp,
    Mend,
    Move,
    Operation,
    Pause,
    PauseMarket,
    Penalty,
    PoolApart,
    QuitMarket,
    Redeem,
    RedeemInKind,
    Run,
    SettleFunding,
    Turn,
    Wait,
    Withdraw,
)
from differential.story import Story
from vyper_target.vaults import USDC

_BEGUN = (Deposit(0, 100_000 * USDC), Deposit(1, 50_000 * USDC + 1), Keep())


def _by(permille: int, times: int) -> tuple[Operation, ...]:
    """So many steps of the price, each small enough for Perp's pool to follow."""
    return tuple(step for _ in range(times) for step in (Wait(60, refresh=False), Move("WETH", permille)))


AT_PERP: dict[str, Story] = {
    "a short is opened, a rally and a fall are hedged again, and everything is left": Story(
        "perp_hedged",
        (
            *_BEGUN,
            *_by(1_060, 3),
            Keep(),
            Wait(86_400),
            SettleFunding(),
            *_by(940, 3),
            Keep(),
            Withdraw(0, 0, 20),
            RedeemInKind(0, 333),
            RedeemInKind(1, 500, forgone=0b1),
            Turn("emergency_exit", "guardian"),
            Redeem(0, 1_000),
            Redeem(1, 1_000),
        ),
        {"rebalance": 3, "top_up_perp_margin": 1, "redeem in kind": 2, "emergency_exit": 1, "redeem": 2},
        {},
    ),
    "the house is paused: it is left out of the exit, and of what is given in kind, and nothing is lost of it": Story(
        "perp_hedged",
        (
            *_BEGUN,
            Pause(),
            Move("WETH", 1_060),
            Run("rehedge"),
            RedeemInKind(0, 300),
            RedeemInKind(0, 300, forgone=0b1),
            Turn("emergency_exit", "guardian"),
            Redeem(0, 1_000),
            RedeemInKind(0, 500, forgone=0b1),
            Pause(paused=False),
            Mend(),
            Turn("emergency_exit", "guardian"),
            Redeem(0, 1_000),
            Redeem(1, 1_000),
        ),
        {"redeem in kind": 2, "emergency_exit": 2, "redeem": 2},
        {"redeem in kind": 1, "redeem": 1, "rehedge": 1},
    ),
    "the market is paused and then closed: the vault is guarded, and the exit waits for who quits it": Story(
        "perp_hedged",
        (
            *_BEGUN,
            PauseMarket(),
            Deposit(0, 1_000 * USDC),
            Withdraw(0, 0, 20),
            Run("rehedge"),
            *_by(1_060, 2),
            RedeemInKind(0, 300),
            RedeemInKind(0, 300, forgone=0b1),
            Turn("emergency_exit", "guardian"),
            CloseMarket(2_050),
            RedeemInKind(0, 300, forgone=0b1),
            QuitMarket(),
            RedeemInKind(1, 300),
            Mend(),
            Turn("emergency_exit", "guardian"),
            Redeem(0, 1_000),
            Redeem(1, 1_000),
        ),
        {"redeem in kind": 3, "quit market": 1, "emergency_exit": 2, "redeem": 2},
        {"deposit": 1, "withdraw": 1, "rehedge": 1, "redeem in kind": 1},
    ),
    "a pool below its index: the short pays funding for weeks, and margin is put in": Story(
        "perp_hedged",
        (
            *_BEGUN,
            PoolApart(992),
            *(step for _ in range(12) for step in (Wait(86_400), SettleFunding(), Keep())),
        ),
        {},
        {},
    ),
    "ether that somebody gives takes delta out of its band, and one trade brings it back": Story(
        "perp_hedged",
        (
            *_BEGUN,
            Donate("idle", "WETH", 2 * 10**18),
            Run("rehedge"),
            Keep(),
            Donate("idle", "WETH", 4 * 10**18),
            Keep(),
        ),
        {"rehedge": 1},
        {"rehedge": 1},
    ),
    "a penalty that was raised: the vault is guarded until it is what was proved": Story(
        "perp_hedged",
        (
            *_BEGUN,
            Penalty(30_000),
            Deposit(0, 1_000 * USDC),
            Move("WETH", 1_060),
            Run("rehedge"),
            Penalty(25_000),
            Deposit(0, 1_000 * USDC),
            Keep(),
        ),
        {"deposit": 3},
        {"deposit": 1, "rehedge": 1},
    ),
    "a rally beyond what is assumed: the vault is guarded, nobody trades, and margin is put in": Story(
        "perp_hedged",
        (
            *_BEGUN,
            Deposit(0, 30_000 * USDC),
            *_by(1_060, 4),
            Deposit(0, 1_000 * USDC),
            Run("rehedge"),
            Run("top_up_perp_margin"),
            Run("rebalance"),
            *_by(940, 4),
            Keep(),
        ),
        {"top_up_perp_margin": 1, "rebalance": 2},
        {"deposit": 1, "rehedge": 1, "rebalance": 1},
    ),
    "a rally that nobody keeps the vault through ends liquidated": Story(
        "perp_hedged",
        (
            *_BEGUN,
            *(step for _ in range(8) for step in (LiquidateAtPerp(), *_by(1_060, 1))),
            LiquidateAtPerp(),
            Turn("accept_prices", "owner"),
            Keep(),
        ),
        {},
        {},
    ),
}
