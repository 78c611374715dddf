"""What may happen to a vault, as values: Hypothesis draws lists of them, and a failing list can be typed in again.

Amounts are relative where they can be (permille of what the user has, of what the limit allows), so that a random
list does more than revert.
"""

from __future__ import annotations

from differential.operations.attestations import Admit, Attest, Revoke
from differential.operations.gifts import Donate
from differential.operations.leaving import RedeemInKind, RedeemUnwound
from differential.operations.liquidation import Crash, Liquidate
from differential.operations.liquidity import MovePool, OperationInPool, PresentLiquidity, TradeInPool
from differential.operations.morpho import (
    CrashAtMorpho,
    LiquidateAtMorpho,
    Misprice,
    OperationAtMorpho,
    Others,
    Present,
)
from differential.operations.perp import (
    CloseMarket,
    HouseHas,
    LiquidateAtPerp,
    MakersLeave,
    OperationAtPerp,
    Pause,
    PauseMarket,
    Penalty,
    PoolApart,
    QuitMarket,
    SettleFunding,
)
from differential.operations.prices import Mend, Move, Report, Sequencer, Wait
from differential.operations.requests import Claim, Request, Serve, TakeBack
from differential.operations.roles import Keep, Observe, Run, Schedule, Settle, Turn
from differential.operations.users import Deposit, Mint, Redeem, Send, Withdraw
from differential.operations.venues import DrainPool, Flag, FlashLoans, Rate, Save, Terms, Whale, WhaleRepays

Operation = (
    Deposit
    | Mint
    | Withdraw
    | Redeem
    | RedeemInKind
    | RedeemUnwound
    | Request
    | Serve
    | TakeBack
    | Claim
    | Send
    | Attest
    | Admit
    | Revoke
    | Donate
    | Run
    | Keep
    | Settle
    | Observe
    | Turn
    | Schedule
    | Move
    | Report
    | Sequencer
    | Mend
    | Wait
    | Save
    | Whale
    | WhaleRepays
    | Rate
    | Flag
    | FlashLoans
    | DrainPool
    | Terms
    | Liquidate
    | Crash
    | OperationAtMorpho
    | OperationInPool
    | OperationAtPerp
)

__all__ = [
    "Admit",
    "Attest",
    "Claim",
    "CloseMarket",
    "Crash",
    "CrashAtMorpho",
    "Deposit",
    "Donate",
    "DrainPool",
    "Flag",
    "FlashLoans",
    "HouseHas",
    "Keep",
    "Liquidate",
    "LiquidateAtMorpho",
    "LiquidateAtPerp",
    "MakersLeave",
    "Mend",
    "Mint",
    "Misprice",
    "Move",
    "MovePool",
    "Observe",
    "Operation",
    "OperationAtPerp",
    "Others",
    "Pause",
    "PauseMarket",
    "Penalty",
    "PoolApart",
    "Present",
    "PresentLiquidity",
    "QuitMarket",
    "Rate",
    "Redeem",
    "RedeemInKind",
    "RedeemUnwound",
    "Report",
    "Request",
    "Revoke",
    "Run",
    "Save",
    "Schedule",
    "Send",
    "Sequencer",
    "Serve",
    "Settle",
    "SettleFunding",
    "TakeBack",
    "Terms",
    "TradeInPool",
    "Turn",
    "Wait",
    "Whale",
    "WhaleRepays",
    "Withdraw",
]
