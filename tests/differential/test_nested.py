"""A vault over a vault, both as deployed, and both machines: equal to the wei after every step, of either."""

from __future__ import annotations

import pytest

from differential.nested import nested
from differential.operations import (
    Deposit,
    Keep,
    Mend,
    Move,
    Operation,
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
from differential.story import PROBE
from lab.world import World
from vyper_target.vaults import USDC

pytestmark = pytest.mark.long  # two vaults are compiled

ROUND = 6 * 3_600

Told = tuple[str, Operation]
"""Which of the two vaults it happens to."""

OPENING: tuple[Told, ...] = (
    ("inner", Deposit(0, 100_000 * USDC)),
    ("inner", Keep()),
    ("outer", Deposit(1, 50_000 * USDC + 1)),
    ("outer", Keep()),
    ("inner", Keep()),
    ("inner", Settle("keeper")),
    ("outer", Settle("keeper")),
)

STORIES: dict[str, tuple[tuple[Told, ...], dict[str, int], dict[str, int]]] = {
    "what the inner vault lets go": (
        (
            ("outer", Wait(ROUND)),
            ("inner", Save("lose", 10)),
            ("outer", Withdraw(1, 1, 1_000)),
            ("inner", Save("gain", 120_000)),  # so that there is more of the inner vault than its band allows
            ("outer", Keep()),
            ("inner", Keep()),
            ("outer", Wait(ROUND)),
            ("inner", Settle("keeper")),
            ("outer", Settle("keeper")),
            ("outer", Deposit(2, 20_000 * USDC)),
            ("outer", Run("rebalance")),
            ("outer", Redeem(2, 1_000)),
            ("outer", RedeemUnwound(2, 200)),
            ("inner", Withdraw(0, 0, 500)),
        ),
        {"deposit": 2, "rebalance": 3, "withdraw": 1, "redeem": 1, "redeem unwound": 1},
        {},
    ),
    "somebody else took what a round allows": (
        (
            ("inner", Withdraw(0, 0, 1_000)),
            ("outer", RedeemUnwound(1, 500)),
            ("outer", Turn("emergency_exit", "guardian")),
            ("outer", Redeem(1, 100, past=True)),
            ("outer", Wait(ROUND)),
            ("inner", Keep()),
            ("inner", Settle("keeper")),
            ("outer", Turn("emergency_exit", "guardian")),
        ),
        {"deposit": 1, "rebalance": 1, "emergency_exit": 2},
        {"redeem": 1, "redeem unwound": 1},
    ),
    "the inner vault takes no price": (
        (
            ("inner", Turn("freeze", "guardian")),
            ("outer", Deposit(2, 5_000 * USDC)),
            ("outer", Run("rebalance")),
            ("inner", Turn("unfreeze", "owner")),
            ("outer", Move("USDC", 950)),
            ("outer", Wait(2 * 86_400, refresh=False)),
            ("outer", Withdraw(1, 1, 1_000, 1, past=True)),
            ("outer", Run("rebalance")),
            ("outer", Turn("emergency_exit", "guardian")),  # of what needs no price
            ("outer", RedeemInKind(1, 500)),
            ("outer", Mend()),
            ("inner", Keep()),
            ("inner", Settle("keeper")),
            ("outer", Turn("emergency_exit", "guardian")),
            ("outer", RedeemInKind(1, 1_000)),
        ),
        {"deposit": 2, "rebalance": 1, "emergency_exit": 2, "redeem in kind": 2},
        {"rebalance": 2, "withdraw": 1},
    ),
}


@pytest.mark.parametrize("name", STORIES)
def test_both_contracts_do_what_both_machines_do(revm_world: World, name: str) -> None:
    steps, done, reverted = STORIES[name]
    pair = nested(revm_world)
    for which, step in (*OPENING, *steps):
        step.apply(pair if which == "outer" else pair.inner)
        pair.compare(PROBE, pair.users[0])
    assert {name: pair.tally.done[name] for name in done} == done, pair.tally.told()
    assert {name: pair.tally.reverted[name] for name in reverted} == reverted, pair.tally.told()
