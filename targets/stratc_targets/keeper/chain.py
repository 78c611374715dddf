"""The chain as the keeper sees it: one vault behind some RPC endpoints (`nodes.py` is how these are asked).

Everything is read at a numbered block, so that one decision never mixes two states of the chain. Methods raise
RpcDown where no answer came, Refused where the node will not do it and Reverted where the vault says no.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal, cast

from eth_typing import ABIElement, HexStr
from eth_utils.abi import abi_to_signature
from web3 import Web3
from web3.contract.contract import ContractFunction
from web3.exceptions import ContractLogicError, ContractPanicError, TransactionNotFound, Web3Exception, Web3RPCError
from web3.types import FilterParams, LogReceipt, TxParams

from stratc_targets.keeper.config import KeeperConfig
from stratc_targets.keeper.errors import Refused, Reverted, RpcDown
from stratc_targets.keeper.nodes import KNOWN, Nodes
from stratc_targets.keeper.saying import HALTS, whole
from stratc_targets.keeper.watchlist import THE_VAULT, View, state_members

ROUND_BEGAN = "RoundBegan(uint256)"
"""What the vault emits when a round begins (`rounds.vy`)."""

UNUSABLE = (Web3Exception, ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError)
"""What web3 raises of an answer that has not the form of its method."""

LAST_MODE = 3
"""The greatest number of a vault's mode (`modes.vy`)."""

ARGUMENTS: dict[str, tuple[int, ...]] = {"serve": (4,)}
"""What functions of the vault are called with that take something: so many requests at a time, for a block has room for
them, and another look is near."""


@dataclass(frozen=True, slots=True)
class Head:
    """A block to decide on. `time` is its timestamp in seconds, `base_fee` its wei per gas (None before EIP-1559)."""

    number: int
    time: int
    base_fee: int | None
    hash: str


@dataclass(frozen=True, slots=True)
class Landed:
    """A mined transaction."""

    tx_hash: str
    block: int
    succeeded: bool
    gas_used: int


@dataclass(frozen=True, slots=True)
class Happened:
    """An event of the vault: its name, None where the vault has none of that kind, and its arguments."""

    block: int
    tx_hash: str
    name: str | None
    arguments: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Sent:
    """Who sent a transaction, and whether `direct`ly to the vault; then what it called, if the keeper ever does."""

    sender: str
    call: str | None
    direct: bool


class Chain:
    """The endpoints, and the vault of one configuration behind them."""

    def __init__(self, nodes: Nodes, config: KeeperConfig, vault: str) -> None:
        self._nodes = nodes
        self._web3 = Web3(nodes)
        self._vault = self._web3.eth.contract(address=Web3.to_checksum_address(vault), abi=config.abi)
        self._members = state_members(list(config.abi))
        self._abi = config.abi
        self._tokens = config.readings.tokens
        self._events = {f"0x{_keccak(event).hex()}": event for event in config.events}
        self._addresses: dict[str, str] = {}
        self.host = nodes.host

    @property
    def vault(self) -> str:
        """The vault's address, with checksum."""
        return str(self._vault.address)

    def chain_ids(self) -> dict[str, int]:
        """Which chain each endpoint that answers is on, by its host."""
        return self._nodes.chain_ids()

    def head(self) -> Head:
        """The latest block, that most endpoints agree on where there are several."""
        agreed = self._nodes.agree()
        return self.block("latest" if agreed is None else agreed)

    def block(self, number: int | Literal["latest"]) -> Head:
        with self._asking():
            block = self._web3.eth.get_block(number)
            fee = block.get("baseFeePerGas")
            known = block["hash"].to_0x_hex()
            height, then = whole(block["number"]), whole(block["timestamp"])
            return Head(height, then, None if fee is None else whole(fee), known)

    def code(self, address: str) -> bytes:
        with self._asking():
            return bytes(self._web3.eth.get_code(Web3.to_checksum_address(address)))

    def code_at(self, address: str, block: int) -> bytes:
        """The code that was there at the end of a block."""
        with self._asking():
            return bytes(self._web3.eth.get_code(Web3.to_checksum_address(address), block))

    def balance(self, address: str) -> int:
        """In wei."""
        with self._asking():
            return whole(self._web3.eth.get_balance(Web3.to_checksum_address(address)))

    def nonce(self, address: str, block: int | None = None) -> int:
        """How many transactions of the address are in the chain up to a block, or up to the latest."""
        with self._asking():
            at: Any = "latest" if block is None else block
            return whole(self._web3.eth.get_transaction_count(Web3.to_checksum_address(address), at))

    def view(self, name: str, block: int) -> Any:
        """The result of a view of the vault that takes no arguments."""
        with self._asking():
            return self._vault.functions[name]().call(block_identifier=block)

    def mode(self, block: int) -> int:
        """The number of the vault's mode."""
        found = int(self.view("mode", block))
        if found > LAST_MODE:
            raise RpcDown(f"{self.host} tells of a mode that no vault has: {found}")
        return found

    def state(self, block: int) -> dict[str, int]:
        """What the vault's `state` says, by member. Raises Reverted while a price is unusable."""
        state = dict(zip(self._members, self.view("state", block), strict=True))
        for token in self._tokens:
            if not state[token.price]:
                raise Refused(f"the price of {token.name} is told to be nothing")
        return state

    def ask(self, view: View, block: int) -> int:
        """The answer of a venue. Raises Refused where it has none."""
        to = self._address(view.contract, block)
        for step in view.through:
            to = Web3.to_checksum_address(self._word(to, step, b"", block).to_bytes(32)[12:])
        words = b"".join(one.to_bytes(32) for one in self._arguments(view, block))
        sender = self.vault if view.as_vault else None
        found = self._word(to, view.function, words, block, view.word, sender)
        if view.less is None:
            return found
        return max(found - self._word(to, view.function, words, block, view.less, sender), 0)

    def _arguments(self, view: View, block: int) -> Iterator[int]:
        if view.given is not None:
            yield self.ask(view.given, block)
        elif view.argument is not None and view.function.endswith("(bytes32)"):
            yield self._word(self.vault, f"{view.argument}()", b"", block)
        elif view.argument is not None:
            yield self._argument(view.argument, block)
        yield from (self._argument(one, block) for one in view.further)

    def _argument(self, given: str, block: int) -> int:
        """A number, or an address that a getter of the vault tells."""
        return int(given) if given.isdecimal() else int(self._address(given, block), 16)

    def events(self, first: int, last: int) -> list[tuple[int, bool]]:
        """Every event that the vault emitted in some blocks, in order: its block, and whether it began a round."""
        with self._asking():
            logs = self._web3.eth.get_logs({"address": self._vault.address, "fromBlock": first, "toBlock": last})
            return [(log["blockNumber"], log["topics"][:1] == [Web3.keccak(text=ROUND_BEGAN)]) for log in logs]

    def rounds_begun(self, getter: str, first: int, last: int) -> list[bool]:
        """Every round that began in some blocks, in order, of this vault or of the one whose address the getter tells:
        whether it was that one's.
        """
        inner = self._address(getter, last)
        with self._asking():
            asked: FilterParams = {
                "address": [Web3.to_checksum_address(self.vault), Web3.to_checksum_address(inner)],
                "topics": [HexStr(Web3.keccak(text=ROUND_BEGAN).to_0x_hex())],
                "fromBlock": first,
                "toBlock": last,
            }
            logs = self._web3.eth.get_logs(asked)
            order = sorted(logs, key=lambda log: (log["blockNumber"], log["logIndex"]))
            return [log["address"] == inner for log in order]

    def history(self, first: int, last: int) -> list[Happened]:
        """Every event that the vault emitted in some blocks, in order, with its arguments."""
        with self._asking():
            logs = self._web3.eth.get_logs({"address": self._vault.address, "fromBlock": first, "toBlock": last})
            return [self._happened(log) for log in logs]

    def _happened(self, log: LogReceipt) -> Happened:
        event = self._events.get(log["topics"][0].to_0x_hex() if log["topics"] else "")
        where = log["blockNumber"], log["transactionHash"].to_0x_hex()
        if event is None:
            return Happened(*where, None, {})
        decoded = self._web3.eth.contract(abi=[event]).events[event["name"]]().process_log(log)
        return Happened(*where, str(event["name"]), dict(decoded["args"]))

    def sent(self, tx_hash: str) -> Sent:
        """A transaction that is in a block."""
        with self._asking():
            found = self._web3.eth.get_transaction(HexStr(tx_hash))
            data = bytes(found["input"])
        direct = found.get("to") == self._vault.address
        calls = {_keccak(entry)[:4]: str(entry["name"]) for entry in self._abi}
        return Sent(found["from"], calls.get(data[:4]) if direct else None, direct)

    def _address(self, getter: str, block: int) -> str:
        """An address that is fixed in the vault."""
        if getter == THE_VAULT:
            return self.vault
        if getter not in self._addresses:
            word = self._word(self.vault, f"{getter}()", b"", block)
            self._addresses[getter] = Web3.to_checksum_address(word.to_bytes(32)[12:])
        return self._addresses[getter]

    def _word(
        self, to: str, function: str, arguments: bytes, block: int, number: int = 0, sender: str | None = None
    ) -> int:
        asked: TxParams = {"to": Web3.to_checksum_address(to), "data": Web3.keccak(text=function)[:4] + arguments}
        if sender is not None:
            asked["from"] = Web3.to_checksum_address(sender)
        with self._asking():
            answer = self._web3.eth.call(asked, block)
        if len(answer) < 32 * (number + 1):
            raise Refused(f"the contract at {to} has no {function}")
        return int.from_bytes(answer[32 * number : 32 * (number + 1)])

    def simulate(self, name: str, sender: str, block: int) -> Any:
        """Carry out a function of the vault without a trace: what it returns. Raises Reverted with its reason."""
        with self._asking():
            return self._call(name).call({"from": Web3.to_checksum_address(sender)}, block_identifier=block)

    def estimate_gas(self, name: str, sender: str, limit: int) -> int:
        """Gas that a function of the vault needs now: of several endpoints what the highest says within the limit.

        What is below is too little, should one of them lie, and what is not used is not paid.
        """
        call = {"from": sender, "to": self.vault, "data": self.call_data(name)}
        said = sorted(self._nodes.each("eth_estimateGas", [call]))
        if said:
            return max((one for one in said if one <= limit), default=said[0])
        with self._asking():
            return whole(self._call(name).estimate_gas({"from": Web3.to_checksum_address(sender)}))

    def _call(self, name: str) -> ContractFunction:
        return self._vault.functions[name](*ARGUMENTS.get(name, ()))

    def call_data(self, name: str) -> str:
        return str(self._vault.encode_abi(name, args=ARGUMENTS.get(name, ())))

    def tip(self) -> int:
        """What to pay above the base fee, in wei per gas: of what endpoints suggest that in the middle, or below it."""
        said = sorted(self._nodes.each("eth_maxPriorityFeePerGas", []))
        if said:
            return said[(len(said) - 1) // 2]
        with self._asking(), warnings.catch_warnings():
            warnings.simplefilter(
                "ignore"
            )  # web3 warns on the log's stream where it has to ask for the history of fees
            return whole(self._web3.eth.max_priority_fee)

    def send(self, raw: str, *, public: bool = False) -> None:
        """Hand over a signed transaction. That the node has it already is success.

        Where there is a private relay only that gets it, unless it may be `public`.
        """
        self._nodes.publish(public=public)
        try:
            with self._asking():
                self._web3.eth.send_raw_transaction(HexStr(raw))
        except Refused as refusal:
            if not any(words in str(refusal).lower() for words in KNOWN):
                raise

    @property
    def private(self) -> bool:
        """Whether transactions go to a relay first."""
        return self._nodes.private

    def landed(self, tx_hash: str) -> Landed | None:
        """The receipt of a transaction, None while it is not in a block."""
        with self._asking():
            try:
                receipt = self._web3.eth.get_transaction_receipt(HexStr(tx_hash))
            except TransactionNotFound:
                return None
            block, gas_used = whole(receipt["blockNumber"]), whole(receipt["gasUsed"])
            return Landed(tx_hash, block, receipt["status"] == 1, gas_used)

    def why_reverted(self, name: str, sender: str, block: int) -> str:
        """The reason why a function reverted in a block: receipts have none, so it is tried again one block earlier."""
        try:
            self.simulate(name, sender, block - 1)
        except Refused as refusal:
            return str(refusal)
        return "no reason: it succeeds on the state of the block before"

    @contextmanager
    def _asking(self) -> Iterator[None]:
        """Turn everything that web3 raises into the three errors of this module."""
        try:
            yield
        except ContractLogicError as error:
            raise Reverted(_reason(error)) from None
        except Web3RPCError as error:
            message = _node_message(error)
            kind = Reverted if any(halt in message.lower() for halt in HALTS) else Refused
            raise kind(message) from None
        except UNUSABLE as error:
            # Only the kind: the text of these errors may quote the URL.
            raise RpcDown(f"{self.host} gives no usable answer ({type(error).__name__})") from None


def _keccak(entry: dict[str, Any]) -> bytes:
    """What names a function or an event on the chain, of its entry in the ABI."""
    return bytes(Web3.keccak(text=abi_to_signature(cast("ABIElement", entry))))


def _reason(error: ContractLogicError) -> str:
    if isinstance(error, ContractPanicError):
        return str(error.message)
    return (error.message or "execution reverted").removeprefix("execution reverted: ")


def _node_message(error: Web3RPCError) -> str:
    answer = error.rpc_response or {}
    detail = answer.get("error")
    return str(detail["message"]) if isinstance(detail, dict) and "message" in detail else str(error.message)
