"""One chain, whatever runs it: deploy, send, call, warp, snapshot and revert."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from lab.abi import Abi, Event, Log, Registry, plain
from lab.accounts import ACCOUNTS
from lab.artifacts import Artifact

GENESIS = 1_800_000_000
"""Timestamp of the first block, on every backend: both chains tell the same story."""

CHAIN_ID = 31337
GAS_LIMIT = 30_000_000
"""Gas of every transaction and of every block: enough for Aave's largest contract."""


class Reverted(Exception):
    """A call was undone. `reason` is the decoded text (empty if none was given), `data` the raw revert data."""

    def __init__(self, reason: str, data: bytes = b"", where: str = "") -> None:
        super().__init__(f"{where}: {reason or 'no reason given'}" if where else reason)
        self.reason = reason
        self.data = data


class CallFailed(Exception):
    """What a backend raises: revert data, or the name of an EVM halt (out of gas, invalid opcode)."""

    def __init__(self, data: bytes, halt: str = "") -> None:
        super().__init__(halt or data.hex())
        self.data = data
        self.halt = halt


@dataclass(frozen=True)
class Outcome:
    """What a backend knows of a transaction that succeeded."""

    output: bytes
    logs: tuple[Log, ...]
    gas_used: int | None = None
    tx_hash: str | None = None


@dataclass(frozen=True)
class Receipt:
    """A transaction that succeeded. `gas_used` and `tx_hash` are None in process: pyrevm's gas is too low to tell."""

    value: Any
    logs: tuple[Log, ...]
    gas_used: int | None
    tx_hash: str | None
    registry: Registry = field(repr=False, compare=False)

    def events(self, name: str | None = None, emitter: Contract | str | None = None) -> list[Event]:
        """Decoded logs in order, of one name or one contract if asked for."""
        source = None if emitter is None else plain(emitter).lower()
        logs = (log for log in self.logs if source in (None, log.emitter))
        return [event for event in map(self.registry.event, logs) if name in (None, event.name)]

    def event(self, name: str, emitter: Contract | str | None = None) -> Event:
        """The one event of that name."""
        (found,) = self.events(name, emitter)
        return found


class Contract:
    """A contract at an address. Functions go by name, or by full signature where overloaded."""

    def __init__(self, chain: Chain, abi: Abi, address: str, name: str = "contract") -> None:
        self.chain = chain
        self.abi = abi
        self.address = address.lower()
        self.name = name

    def __repr__(self) -> str:
        return f"<{self.name} {self.address}>"

    def call(self, fn: str, *args: Any, sender: str | None = None) -> Any:
        """The result of a call that leaves no trace; it may be of a function that writes (Uniswap's quoter)."""
        return self.chain.call(self, fn, args, sender)

    def send(self, fn: str, *args: Any, sender: str | None = None, value: int = 0) -> Receipt:
        """Make a transaction; raises Reverted. The default sender is `chain.accounts[0]`."""
        return self.chain.send(self, fn, args, sender, value)


class Chain(ABC):
    """A chain whose time moves only by `warp`. Any address may send, with or without a balance; gas is free.

    Addresses are lower-case text everywhere in the lab. The subclasses give the six raw operations at the end.
    """

    accounts: tuple[str, ...] = ACCOUNTS

    def __init__(self) -> None:
        self._registry = Registry()

    def deploy(
        self,
        abi: Abi | Iterable[dict[str, Any]],
        bytecode: bytes | str,
        args: Sequence[Any] = (),
        sender: str | None = None,
        name: str = "contract",
    ) -> Contract:
        """Create a contract from creation code and constructor arguments."""
        abi = self._known(abi)
        code = bytes.fromhex(bytecode.removeprefix("0x")) if isinstance(bytecode, str) else bytecode
        try:
            address = self._create(sender or self.accounts[0], code + abi.encode_constructor(args))
        except CallFailed as failure:
            raise self._reverted(failure, f"constructor of {name}") from None
        return Contract(self, abi, address, name)

    def deploy_artifact(self, artifact: Artifact, *args: Any, sender: str | None = None) -> Contract:
        """Create a contract from an artifact."""
        return self.deploy(artifact.abi, artifact.bytecode, args, sender, artifact.name)

    def at(self, abi: Abi | Iterable[dict[str, Any]] | Artifact, address: str, name: str = "contract") -> Contract:
        """Bind an ABI to an address."""
        if isinstance(abi, Artifact):
            return Contract(self, self._known(abi.abi), address, abi.name)
        return Contract(self, self._known(abi), address, name)

    def send(
        self, contract: Contract, fn: str, args: Sequence[Any] = (), sender: str | None = None, value: int = 0
    ) -> Receipt:
        """Make a transaction; raises Reverted."""
        function = contract.abi.function(fn, len(args))
        try:
            outcome = self._execute(sender or self.accounts[0], contract.address, function.encode(args), value)
        except CallFailed as failure:
            raise self._reverted(failure, f"{contract.name}.{function.name}") from None
        result = function.decode(outcome.output)
        return Receipt(result, outcome.logs, outcome.gas_used, outcome.tx_hash, self._registry)

    def call(self, contract: Contract, fn: str, args: Sequence[Any] = (), sender: str | None = None) -> Any:
        """The result of a call that leaves no trace; raises Reverted."""
        function = contract.abi.function(fn, len(args))
        try:
            output = self._view(sender or self.accounts[0], contract.address, function.encode(args))
        except CallFailed as failure:
            raise self._reverted(failure, f"{contract.name}.{function.name}") from None
        return function.decode(output)

    def warp(self, seconds: int) -> None:
        """Move time forward by closing a block that many seconds later."""
        self._mine(self.timestamp() + seconds)

    def _known(self, abi: Abi | Iterable[dict[str, Any]]) -> Abi:
        abi = abi if isinstance(abi, Abi) else Abi(abi)
        self._registry.add(abi)
        return abi

    def _reverted(self, failure: CallFailed, where: str) -> Reverted:
        return Reverted(failure.halt or self._registry.reason(failure.data), failure.data, where)

    @abstractmethod
    def timestamp(self) -> int:
        """`block.timestamp` of the last block and of the next transaction."""

    @abstractmethod
    def block_number(self) -> int:
        """Number of the last block; each transaction makes one."""

    @abstractmethod
    def snapshot(self) -> int:
        """Remember state and time. Pair each with one `revert`."""

    @abstractmethod
    def revert(self, snapshot: int) -> None:
        """Go back to a snapshot, which is used up together with all younger ones."""

    @abstractmethod
    def code(self, address: str) -> bytes:
        """Runtime code at an address."""

    @abstractmethod
    def _create(self, sender: str, code: bytes) -> str: ...

    @abstractmethod
    def _execute(self, sender: str, to: str, data: bytes, value: int) -> Outcome: ...

    @abstractmethod
    def _view(self, sender: str, to: str, data: bytes) -> bytes: ...

    @abstractmethod
    def _mine(self, timestamp: int) -> None: ...
