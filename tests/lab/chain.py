"""The chains of the laboratory, under one name: `from lab.chain import RevmChain, AnvilChain, Reverted`."""

from lab.abi import Abi, Event, Log
from lab.accounts import ACCOUNTS, KEYS
from lab.anvil import AnvilChain, RpcError
from lab.interface import CHAIN_ID, GENESIS, Chain, Contract, Receipt, Reverted
from lab.revm import ANY_SIZE, RevmChain

__all__ = [
    "ACCOUNTS",
    "ANY_SIZE",
    "CHAIN_ID",
    "GENESIS",
    "KEYS",
    "Abi",
    "AnvilChain",
    "Chain",
    "Contract",
    "Event",
    "Log",
    "Receipt",
    "Reverted",
    "RevmChain",
    "RpcError",
]
