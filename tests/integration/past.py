"""What a chain was like after a block, and what happened in it."""

from __future__ import annotations

from typing import Any

from eth_utils.crypto import keccak

from lab.chain import AnvilChain, Contract

FLASH_LOAN = "FlashLoan(address,address,address,uint256,uint8,uint256,uint16)"
"""Aave's event."""


def call_at(chain: AnvilChain, block: int, contract: Contract, fn: str, *args: Any) -> Any:
    """A call that sees the chain as it was after a block."""
    function = contract.abi.function(fn, len(args))
    call = {"to": contract.address, "data": "0x" + function.encode(args).hex()}
    return function.decode(bytes.fromhex(chain.rpc("eth_call", call, hex(block))[2:]))


def flash_loans(chain: AnvilChain, block: int, pool: Contract) -> int:
    """How many flash loans an Aave pool gave in a block."""
    where = {"address": pool.address, "fromBlock": hex(block), "toBlock": hex(block)}
    return len(chain.rpc("eth_getLogs", {**where, "topics": ["0x" + keccak(text=FLASH_LOAN).hex()]}))
