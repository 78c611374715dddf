"""Stories of who may do what, and when."""

from __future__ import annotations

from differential.operations import (
    Move,
    Run,
    Save,
    Schedule,
    Settle,
    Turn,
    Wait,
)
from differential.story import OPENING, Story

ROLES: dict[str, Story] = {
    "who may do what": Story(
        "treasury",
        (
            *OPENING,
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
            *OPENING,
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
    "an owner who has to wait": Story(
        "office",
        (
            *OPENING,
            Turn("freeze", "guardian"),
            Turn("unfreeze", "owner"),
            *(Schedule("unfreeze()", who) for who in ("stranger", "keeper", "guardian", "owner")),
            Turn("unfreeze", "owner"),
            Wait(2 * 86_400 - 1),
            Turn("unfreeze", "owner"),
            Wait(1),
            Turn("unfreeze", "guardian"),
            Turn("unfreeze", "owner"),
            Turn("freeze", "guardian"),
            Turn("unfreeze", "owner"),
            Schedule("unfreeze()"),
            *(Schedule("unfreeze()", who, cancel=True) for who in ("stranger", "keeper", "guardian", "owner")),
            Wait(3 * 86_400),
            Turn("unfreeze", "owner"),
        ),
        {"schedule": 2, "cancel": 1, "freeze": 2, "unfreeze": 1},
        {"schedule": 3, "cancel": 3, "unfreeze": 6},
    ),
    "a keeper who falls silent": Story(
        "office",
        (
            *OPENING,
            Wait(8 * 3_600),
            Settle("keeper"),
            Save("gain", 500_000),
            Wait(8 * 3_600),
            Run("rebalance", "stranger"),
            Wait(1),
            Run("rebalance", "stranger"),
            Wait(8 * 3_600),
            *(Run("rebalance", who) for who in ("guardian", "keeper")),
            Settle("stranger"),
            Run("harvest_save", "stranger"),
        ),
        {"rebalance": 2, "settle": 2, "harvest_save": 2},
        {"rebalance": 3},
    ),
}
