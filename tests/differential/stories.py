"""Stories that are told on purpose: each makes one promise of the contract matter, and says what must come of it.

A story is told to the contract and the machine alike, with everything compared after every step. The mutation tests
tell the same stories to vaults with a fault, and want each fault to be noticed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from differential.operations import (
    Deposit,
    Donate,
    Flag,
    Keep,
    Liquidate,
    Mend,
    Mint,
    Move,
    Operation,
    Redeem,
    Report,
    Run,
    Save,
    Send,
    Settle,
    Turn,
    Wait,
    Whale,
    WhaleRepays,
    Withdraw,
)
from differential.pair import Disagreement, Pair
from vyper_target.vaults import USDC

PROBE = 12_345 * USDC + 678_901


@dataclass(frozen=True)
class Story:
    """What happens, and how often of what must have succeeded (`done`) and failed (`reverted`) in the end."""

    vault: str
    steps: Sequence[Operation]
    done: dict[str, int]
    reverted: dict[str, int]


def tell(pair: Pair, story: Story) -> None:
    """Raises Disagreement where contract and machine differ, or where the story did not go as it should."""
    for step in story.steps:
        step.apply(pair)
        pair.compare(PROBE, pair.users[0])
    for wanted, counted in ((story.done, pair.tally.done), (story.reverted, pair.tally.reverted)):
        for name, times in wanted.items():
            if counted[name] != times:
                raise Disagreement(f"{name}: {counted[name]} times, not {times}\n{pair.tally.told()}")


_OPENING: tuple[Operation, ...] = (
    Whale("USDC", 600),
    Whale("WETH", 300),
    Deposit(0, 100_000 * USDC),
    Deposit(1, 50_000 * USDC + 1),
    Keep(),
)

STORIES: dict[str, Story] = {
    "first depositor's attack": Story(
        "treasury",
        (Deposit(0, 1), Donate("idle", "USDC", 10_000 * USDC), Deposit(1, 5_000 * USDC), Redeem(0, 1_000, past=True)),
        {"deposit": 2},
        {"redeem": 0},
    ),
    "rounding on the way in and out": Story(
        "treasury",
        (
            *_OPENING,
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
    "withdrawals up to the round's limit and one unit past it": Story(
        "treasury",
        (
            *_OPENING,
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
            *_OPENING,
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
            *_OPENING,
            Move("WETH", 700),
            Move("WETH", 900),
            Deposit(2, 1_000 * USDC),
            Withdraw(0, 0, 10, 1, past=True),
            Redeem(0, 10, past=True),
            Keep(),
            Redeem(0, 10, past=True),
        ),
        {"deposit": 2, "deleverage_aave": 1, "rebalance": 2, "redeem": 1},
        {"deposit": 1, "withdraw": 1, "redeem": 1},
    ),
    "a crash, the keeper, and the way back": Story(
        "eth_carry",
        (
            *_OPENING,
            Wait(30 * 86_400),
            Keep(),
            Move("WETH", 720),
            Run("rebalance"),
            Keep(),
            Settle(),
            Move("WETH", 850),
            Wait(3_600),
            Keep(),
            Move("WETH", 1_400),
            Keep(),
            Wait(86_400),
            Keep(),
        ),
        {"deleverage_aave": 1, "settle": 1, "harvest_save": 3},
        {"rebalance": 1},  # the rule that saves the loan comes first
    ),
    "a trade against a pool that is worse than the oracle": Story(
        "eth_carry",
        (
            *_OPENING,
            Move("WETH", 1_300, arbitrage=False),  # selling
            Run("rebalance"),
            Mend(),
            Keep(),
            Move("WETH", 770, arbitrage=False),  # buying
            Run("rebalance"),
            Mend(),
            Keep(),
        ),
        {"rebalance": 3},
        {"rebalance": 2},
    ),
    "rules that are not due": Story(
        "treasury",
        (
            *_OPENING,
            Run("rebalance"),
            Run("harvest_save"),
            Wait(86_399),
            Run("harvest_save"),
            Wait(1),
            Run("harvest_save"),
            Settle(),
            Save("gain", 500_000),
            Settle(),
            Run("rebalance"),
            Run("rebalance"),
        ),
        {"harvest_save": 2, "rebalance": 2, "settle": 1},
        {"harvest_save": 2, "rebalance": 2, "settle": 1},
    ),
    "rules of a loan that are not due": Story(
        "eth_carry",
        (
            *_OPENING,
            Run("deleverage_aave"),
            Run("rebalance"),
            Run("harvest_save"),
            Run("freeze_when_due"),
            Wait(86_399),
            Run("harvest_save"),
            Wait(1),
            Run("harvest_save"),
            Settle(),
        ),
        {"harvest_save": 2, "rebalance": 1},
        {"deleverage_aave": 1, "rebalance": 1, "harvest_save": 2, "freeze_when_due": 1},
    ),
    "who may do what": Story(
        "treasury",
        (
            *_OPENING,
            Save("gain", 500_000),
            *(Run("rebalance", who) for who in ("stranger", "guardian", "keeper")),
            Wait(86_400),
            *(Run("harvest_save", who) for who in ("stranger", "guardian", "owner")),
            *(Turn("freeze", who) for who in ("stranger", "keeper", "guardian")),
            *(Turn("unfreeze", who) for who in ("stranger", "keeper", "guardian", "owner")),
            *(Turn("emergency_exit", who) for who in ("stranger", "keeper", "owner")),
        ),
        {"rebalance": 2, "harvest_save": 2, "freeze": 1, "unfreeze": 1, "emergency_exit": 1},
        {"rebalance": 2, "harvest_save": 2, "freeze": 2, "unfreeze": 3, "emergency_exit": 2},
    ),
    "who may do what with a loan": Story(
        "eth_carry",
        (
            *_OPENING,
            Move("WETH", 700),
            *(Run("deleverage_aave", who) for who in ("stranger", "guardian", "keeper")),
            Move("WETH", 800),
            *(Run("rebalance", who) for who in ("stranger", "guardian")),
            *(Turn("freeze", who) for who in ("stranger", "keeper", "guardian")),
            *(Turn("unfreeze", who) for who in ("stranger", "keeper", "guardian", "owner")),
            *(Turn("emergency_exit", who) for who in ("stranger", "keeper", "owner")),
        ),
        {"deleverage_aave": 1, "freeze": 1, "unfreeze": 1, "emergency_exit": 1},
        {"deleverage_aave": 2, "rebalance": 2, "freeze": 2, "unfreeze": 3, "emergency_exit": 2},
    ),
    "a price that is stale to the second": Story(
        "eth_carry",
        (
            *_OPENING,
            Report("WETH", age=3_600),
            Deposit(2, 100 * USDC),
            Run("freeze_when_due"),
            Report("WETH", age=3_601),
            Deposit(2, 100 * USDC),
            Withdraw(0, 0, 10, 1, past=True),
            Settle(),
            Keep(),
            Turn("unfreeze", "owner"),
            Mend(),
            Report("USDC", age=86_401),
            Deposit(2, 100 * USDC),
            Turn("emergency_exit", "guardian"),
        ),
        {"deposit": 3, "freeze_when_due": 1},
        {"deposit": 2, "freeze_when_due": 1, "withdraw": 1, "settle": 1, "emergency_exit": 1},
    ),
    "answers that are no prices": Story(
        "treasury",
        (
            *_OPENING,
            *(
                step
                for answer in (0, -1, -(2**255), 2**128 + 1)
                for step in (Report("USDC", answer), Deposit(2, USDC), Redeem(0, 10, past=True))
            ),
            Report("USDC", 10**8, age=-1),
            Deposit(2, USDC),
            Mend(),
            Deposit(2, USDC),
        ),
        {"deposit": 3},
        {"deposit": 5, "redeem": 4},
    ),
    "an answer as old as its heartbeat, and a second older": Story(
        "treasury",
        (
            *_OPENING,
            Report("USDC", age=86_400),
            Deposit(2, USDC),
            Withdraw(0, 0, 10),
            Report("USDC", age=86_401),
            Deposit(2, USDC),
            Mint(2, 2, 10**18),
            Withdraw(0, 0, 10, 1),
            Redeem(0, 10, past=True),
            Settle(),
        ),
        {"deposit": 3, "withdraw": 1},
        {"deposit": 1, "mint": 1, "withdraw": 1, "redeem": 1, "settle": 1},
    ),
    "amounts beyond 128 bits": Story(
        "treasury",
        (
            *_OPENING,
            Mint(2, 2, 2**200, short=True),
            Mint(2, 2, 2**255, short=True),
            Redeem(0, 0, 2**200, past=True),
            Report("USDC", 2**128),
        ),
        {},
        {"mint": 2, "redeem": 1},
    ),
    "frozen": Story(
        "treasury",
        (
            *_OPENING,
            Turn("freeze", "guardian"),
            Deposit(2, 100 * USDC),
            Mint(2, 2, 10**18),
            Settle(),
            Withdraw(0, 0, 10),
            Redeem(0, 10, past=True),
            Save("gain", 500_000),
            Run("rebalance"),
            Wait(86_400),
            Run("harvest_save"),
            Turn("freeze", "owner"),
            Turn("unfreeze", "owner"),
            Deposit(2, 100 * USDC),
            Keep(),
        ),
        {"deposit": 3, "withdraw": 1, "redeem": 1, "settle": 1, "unfreeze": 1, "rebalance": 2, "harvest_save": 2},
        {"deposit": 1, "mint": 1, "rebalance": 1, "harvest_save": 1, "freeze": 1},
    ),
    "frozen with a loan": Story(
        "eth_carry",
        (
            *_OPENING,
            Turn("freeze", "guardian"),
            Deposit(2, 100 * USDC),
            Mint(2, 2, 10**18),
            Settle(),
            Withdraw(0, 0, 10),
            Move("WETH", 850),
            Run("rebalance"),
            Move("WETH", 750),
            Keep(),
            Turn("freeze", "owner"),
            Turn("unfreeze", "owner"),
            Deposit(2, 100 * USDC),
            Keep(),
        ),
        {"deleverage_aave": 1, "deposit": 3, "withdraw": 1, "settle": 1, "unfreeze": 1},
        {"deposit": 1, "mint": 1, "rebalance": 1, "freeze": 1},
    ),
    "the exit, in two goes": Story(
        "treasury",
        (
            *_OPENING,
            Save("lend", 20_000),
            Turn("emergency_exit", "guardian"),
            Redeem(0, 500),
            Save("lend", 1_000_000),
            Turn("emergency_exit", "guardian"),
            Turn("unfreeze", "owner"),
            Turn("freeze", "owner"),
            Deposit(2, 100 * USDC),
            Run("rebalance"),
            Run("harvest_save"),
            Settle(),
            Wait(10 * 86_400, refresh=False),
            Redeem(0, 500),
            Withdraw(0, 2, 1_000, 1),
            Withdraw(0, 2, 1_000),
            Redeem(1, 1_000),
        ),
        {"emergency_exit": 2, "redeem": 3, "withdraw": 1},
        {"unfreeze": 1, "freeze": 1, "deposit": 1, "rebalance": 1, "harvest_save": 1, "settle": 1, "withdraw": 1},
    ),
    "the exit of a loan, in two goes": Story(
        "eth_carry",
        (
            *_OPENING,
            Wait(86_400),
            Save("lend", 50_000),
            WhaleRepays("WETH"),
            Turn("emergency_exit", "guardian"),
            Save("lend", 1_000_000),
            Turn("emergency_exit", "guardian"),
            Turn("unfreeze", "owner"),
            Deposit(2, 100 * USDC),
            Run("deleverage_aave"),
            Run("rebalance"),
            Settle(),
            Wait(10 * 86_400, refresh=False),
            Redeem(0, 500),
            Donate("idle", "USDC", 1_000 * USDC),
            Withdraw(0, 2, 1_000, 1),
            Withdraw(0, 2, 1_000),
            Redeem(1, 1_000),
        ),
        {"emergency_exit": 2, "redeem": 2, "withdraw": 1},
        {"unfreeze": 1, "deposit": 1, "deleverage_aave": 1, "rebalance": 1, "settle": 1, "withdraw": 1},
    ),
    "an exit that cannot repay the loan": Story(
        "eth_carry",
        (*_OPENING, Save("lend", 20_000), Turn("emergency_exit", "guardian"), Redeem(0, 10, past=True)),
        {"redeem": 1},
        {"emergency_exit": 1},  # all or nothing: Aave keeps collateral that a debt needs
    ),
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
            *_OPENING,
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
    "gifts of every kind": Story(
        "eth_carry",
        (
            *_OPENING,
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
    "liquidated while the keeper sleeps": Story(
        "eth_carry",
        (
            *_OPENING,
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
