"""What an endpoint's answer says: whether it is an error of the contract's own, and what two of them must agree on.

Of a numbered block the chain has one answer for ever, in other words with each kind of node. Pure, no I/O.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from web3.types import RPCResponse

# What nodes call an execution that ended without a revert reason: geth's words, and those of revm (anvil, reth).
HALTS = (
    "execution reverted",
    "out of gas",
    "outofgas",
    "invalid opcode",
    "evm error",
    "stack ",
    "gas required exceeds",
)

NUMBERED = {"eth_call": 1, "eth_getTransactionCount": 1, "eth_getBlockByNumber": 0}
"""Where the number of the block stands among the parameters of what is asked of one."""

REVERTED = "reverted"


MOST_BITS = 128
"""No height, time, fee, balance or nonce has more; and a float still holds them."""


def whole(number: Any) -> int:
    """The number, where it is one that a chain counts. Raises ValueError for anything else that an endpoint told."""
    if not isinstance(number, int) or not 0 <= number < 2**MOST_BITS:
        raise ValueError("no such number")
    return number


def said_of(method: str, params: Any, answer: RPCResponse) -> Hashable | None:
    """What is said of a numbered block, or of a transaction in one; None where it is of no such, or says nothing."""
    try:
        if method in NUMBERED:
            if not str(params[NUMBERED[method]]).startswith("0x"):
                return None
            if is_halt(answer):
                return REVERTED
        elif method not in ("eth_getLogs", "eth_getTransactionReceipt"):
            return None
        return _said(method, answer["result"])
    except (KeyError, TypeError, ValueError, IndexError, AttributeError):
        return None


def _said(method: str, result: Any) -> Hashable | None:
    match method:
        case "eth_call":
            return str(result).lower()
        case "eth_getTransactionCount":
            return int(result, 16)
        case "eth_getBlockByNumber":
            return tuple(str(result.get(name)).lower() for name in ("number", "hash", "timestamp", "baseFeePerGas"))
        case "eth_getTransactionReceipt":
            return tuple(str(result[name]).lower() for name in ("blockHash", "status", "gasUsed"))
        case _:
            parts = ("blockHash", "logIndex", "address", "topics", "data")
            return tuple(tuple(str(log[name]).lower() for name in parts) for log in result)


def error_of(answer: RPCResponse) -> str:
    """What an answer says went wrong."""
    error = answer.get("error")
    return str(error["message"]) if isinstance(error, dict) and "message" in error else str(error or "no such thing")


def is_halt(answer: RPCResponse) -> bool:
    """Whether the error is the contract's own: any other node would say the same."""
    error = answer.get("error")
    code, data = (error.get("code"), error.get("data")) if isinstance(error, dict) else (None, None)
    reverted = code == 3 or (isinstance(data, str) and data.startswith("0x"))
    return reverted or any(halt in error_of(answer).lower() for halt in HALTS)
