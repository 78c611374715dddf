"""One JSON-RPC endpoint, as a deployment asks it: any contract at a numbered block, and creations without a trace.

Methods raise RpcDown where no usable answer came, Refused where the node will not do it and Reverted where a contract
says no, or is none of that kind.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from vyper.utils import checksum_encode, keccak256
from web3.types import RPCResponse

from stratc_targets.keeper.command import check_url
from stratc_targets.keeper.errors import Refused, Reverted, RpcDown
from stratc_targets.keeper.nodes import KNOWN, Endpoint
from stratc_targets.keeper.saying import error_of, is_halt, whole

ANSWER_SECONDS = 30
"""Longer than the keeper waits: trying a creation out takes a node a while."""

_ERROR = keccak256(b"Error(string)")[:4]


class Unanswered(Reverted):
    """What is at the address has no such function."""


Overrides = Mapping[str, Mapping[str, str]]
"""What a node is to suppose of accounts while it tries something out: their code, their nonce."""


@dataclass(frozen=True, slots=True)
class Head:
    """A block. `time` is in seconds, fees in wei per gas; `base_fee` is None before EIP-1559."""

    number: int
    time: int
    base_fee: int | None
    gas_limit: int


@dataclass(frozen=True, slots=True)
class Mined:
    """A transaction in a block. `created` is the contract that it made."""

    block: int
    block_hash: str
    succeeded: bool
    gas_used: int
    gas_price: int
    created: str | None


class Node:
    """An endpoint. `host` is what to call it: the rest of a URL may hold an access token."""

    def __init__(self, url: str) -> None:
        """Raises SetupError where it is no URL of an endpoint."""
        check_url(url, "--rpc")
        self._endpoint = Endpoint(url, ANSWER_SECONDS)
        self.host = self._endpoint.host

    # ── the chain ──────────────────────────────────────────────────────────────────────────

    def chain_id(self) -> int:
        return self._number("eth_chainId")

    def head(self) -> Head:
        """The latest block."""
        with self._reading():
            block = self._ask("eth_getBlockByNumber", "latest", False)
            base_fee = block.get("baseFeePerGas")
            return Head(
                whole(int(block["number"], 16)),
                whole(int(block["timestamp"], 16)),
                None if base_fee is None else whole(int(base_fee, 16)),
                whole(int(block["gasLimit"], 16)),
            )

    def tip(self) -> int:
        """What the endpoint suggests to pay above the base fee, in wei per gas."""
        return self._number("eth_maxPriorityFeePerGas")

    def balance(self, address: str) -> int:
        """In wei."""
        return self._number("eth_getBalance", address, "latest")

    def nonce(self, address: str, block: str = "latest") -> int:
        """How many transactions of the address are in the chain; with those that wait, for "pending"."""
        return self._number("eth_getTransactionCount", address, block)

    def code(self, address: str, block: int | None = None) -> bytes:
        return self._bytes("eth_getCode", address, "latest" if block is None else hex(block))

    # ── contracts ──────────────────────────────────────────────────────────────────────────

    def call(self, to: str, signature: str, *arguments: int | str, block: int) -> bytes:
        """What a view answers; each argument is one word, an address among them in hexadecimal."""
        words = (int(one, 16) if isinstance(one, str) else one for one in arguments)
        data = keccak256(signature.encode())[:4] + b"".join(word.to_bytes(32) for word in words)
        return self._bytes("eth_call", {"to": to, "data": f"0x{data.hex()}"}, hex(block))

    def word(self, to: str, signature: str, *arguments: int | str, block: int, number: int = 0) -> int:
        """One word of what a view answers. Raises Reverted where there is none."""
        return self.words(to, signature, *arguments, block=block, count=number + 1)[number]

    def words(self, to: str, signature: str, *arguments: int | str, block: int, count: int) -> list[int]:
        """The first words of what a view answers. Raises Reverted where there are not so many."""
        answer = self.call(to, signature, *arguments, block=block)
        if len(answer) < 32 * count:
            raise Unanswered(f"has no {signature}")
        return [int.from_bytes(answer[32 * number : 32 * (number + 1)]) for number in range(count)]

    def address(self, to: str, signature: str, *arguments: int | str, block: int, number: int = 0) -> str:
        """The same of a view that answers with an address; with its checksum."""
        return address_of(self.word(to, signature, *arguments, block=block, number=number))

    def text(self, to: str, signature: str, *, block: int) -> str:
        """The same of a view that answers with a text, or, as old tokens do, with 32 bytes of it."""
        answer = self.call(to, signature, block=block)
        if len(answer) == 32:
            return answer.rstrip(b"\0").decode("utf-8", "replace")
        if len(answer) < 64:
            raise Unanswered(f"has no {signature}")
        start = int.from_bytes(answer[:32])
        size = int.from_bytes(answer[start : start + 32])
        return answer[start + 32 : start + 32 + min(size, 1024)].decode("utf-8", "replace")

    # ── transactions ───────────────────────────────────────────────────────────────────────

    def create(self, sender: str, data: str, suppose: Overrides) -> bytes:
        """The code of the contract that creation code makes, its immutables set, without a trace."""
        return self._bytes("eth_call", {"from": sender, "data": data}, "latest", suppose)

    def gas_of(self, sender: str, data: str, suppose: Overrides) -> int:
        """Gas that a creation needs now."""
        return self._number("eth_estimateGas", {"from": sender, "data": data}, "latest", suppose)

    def send(self, raw: str) -> None:
        """Hand over a signed transaction. That the node has it already is success."""
        try:
            self._ask("eth_sendRawTransaction", raw)
        except Refused as refusal:
            if not any(word in str(refusal).lower() for word in KNOWN):
                raise

    def mined(self, tx_hash: str) -> Mined | None:
        """The receipt of a transaction, None while it is in no block."""
        with self._reading():
            receipt = self._ask("eth_getTransactionReceipt", tx_hash)
            if receipt is None:
                return None
            created = receipt.get("contractAddress")
            return Mined(
                whole(int(receipt["blockNumber"], 16)),
                str(receipt["blockHash"]),
                whole(int(receipt["status"], 16)) == 1,
                whole(int(receipt["gasUsed"], 16)),
                whole(int(receipt.get("effectiveGasPrice") or "0x0", 16)),
                None if created is None else checksum_encode(created),
            )

    def data_of(self, tx_hash: str) -> str | None:
        """What a transaction was sent with, None where the node does not have it."""
        with self._reading():
            found = self._ask("eth_getTransactionByHash", tx_hash)
            return None if found is None else str(found["input"])

    # ── asking ─────────────────────────────────────────────────────────────────────────────

    def _number(self, method: str, *parameters: Any) -> int:
        with self._reading():
            return whole(int(self._ask(method, *parameters), 16))

    def _bytes(self, method: str, *parameters: Any) -> bytes:
        with self._reading():
            return bytes.fromhex(self._ask(method, *parameters).removeprefix("0x"))

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """An answer of another form than its method has is none."""
        try:
            yield
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise RpcDown(f"{self.host} gives no usable answer ({type(error).__name__})") from None

    def _ask(self, method: str, *parameters: Any) -> Any:
        answer = self._endpoint.request(method, parameters)
        if "error" in answer:
            raise _refusal(answer)
        if "result" not in answer:
            raise RpcDown(f"{self.host} gives no usable answer (no JSON-RPC)")
        return answer["result"]


def address_of(word: int) -> str:
    """The address in a word, with its checksum."""
    text: str = checksum_encode(f"0x{word.to_bytes(32)[12:].hex()}")
    return text


def _refusal(answer: RPCResponse) -> Refused:
    message, error = error_of(answer), answer.get("error")
    if not is_halt(answer):
        return Refused(message)
    data = error.get("data") if isinstance(error, dict) else None
    return Reverted(_reason(data) or message.removeprefix("execution reverted: "))


def _reason(data: Any) -> str | None:
    """The text that a revert carries, None where it has none."""
    try:
        raw = bytes.fromhex(data.removeprefix("0x"))
    except (AttributeError, ValueError):
        return None
    if raw[:4] != _ERROR or len(raw) < 68:
        return None
    size = int.from_bytes(raw[36:68])
    return raw[68 : 68 + min(size, 1024)].decode("utf-8", "replace")
