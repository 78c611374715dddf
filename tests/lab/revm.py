"""A chain in this process, on pyrevm: thousands of transactions a second, no gas figures."""

from __future__ import annotations

import re

from pyrevm import EVM, BlockEnv, CfgEnv, Env, JournalCheckpoint

from lab.abi import Log
from lab.accounts import BALANCE
from lab.interface import CHAIN_ID, GAS_LIMIT, GENESIS, CallFailed, Chain, Outcome

CODE_LIMIT = 24_576  # EIP-170
ANY_SIZE = 2**17
"""More than any code has: for copies that nobody has optimised, as they are compiled in half the time."""

_OUTPUT = re.compile(r"output: 0x([0-9a-f]*)")
_HALT = re.compile(r"reason: (\w+)")


class RevmChain(Chain):
    """A chain in this process. Its journal grows with every call: revert to a snapshot between examples."""

    def __init__(self, code_limit: int = CODE_LIMIT) -> None:
        super().__init__()
        config = CfgEnv(chain_id=CHAIN_ID, limit_contract_code_size=code_limit)
        self._evm = EVM(env=Env(cfg=config), gas_limit=GAS_LIMIT, spec_id="PRAGUE")
        for account in self.accounts:
            self._evm.set_balance(account, BALANCE)
        self._open: list[tuple[JournalCheckpoint, int, int]] = []
        self._set_block(0, GENESIS)

    def timestamp(self) -> int:
        return self._time

    def block_number(self) -> int:
        return self._height

    def snapshot(self) -> int:
        self._open.append((self._evm.snapshot(), self._height, self._time))
        return len(self._open)

    def revert(self, snapshot: int) -> None:
        if not 1 <= snapshot <= len(self._open):
            raise ValueError(f"snapshot {snapshot} is used up")
        # Inner ones first: a checkpoint left behind counts against the EVM's call depth for ever.
        while len(self._open) >= snapshot:
            checkpoint, height, time = self._open.pop()
            self._evm.revert(checkpoint)
        self._set_block(height, time)

    def code(self, address: str) -> bytes:
        return bytes(self._evm.get_code(address) or b"")

    def _create(self, sender: str, code: bytes) -> str:
        try:
            address = self._evm.deploy(sender, code, gas=GAS_LIMIT)
        except RuntimeError as error:
            raise _failure(error) from None
        finally:
            self._evm.reset_transient_storage()
        self._set_block(self._height + 1, self._time)
        return address.lower()

    def _execute(self, sender: str, to: str, data: bytes, value: int) -> Outcome:
        output = self._message(sender, to, data, value)
        result = self._evm.result
        logs = tuple(_log(raw) for raw in result.logs) if result is not None else ()
        self._set_block(self._height + 1, self._time)
        return Outcome(output, logs)

    def _view(self, sender: str, to: str, data: bytes) -> bytes:
        # Not `is_static`: that is a STATICCALL, in which Uniswap's quoter cannot run.
        checkpoint = self._evm.snapshot()
        try:
            return self._message(sender, to, data, 0)
        finally:
            self._evm.revert(checkpoint)

    def _mine(self, timestamp: int) -> None:
        self._set_block(self._height + 1, timestamp)

    def _message(self, sender: str, to: str, data: bytes, value: int) -> bytes:
        try:
            return bytes(self._evm.message_call(sender, to, data, value=value or None, gas=GAS_LIMIT))
        except RuntimeError as error:
            raise _failure(error) from None
        finally:
            # pyrevm is one endless transaction: locks kept in transient storage would never open again.
            self._evm.reset_transient_storage()

    def _set_block(self, height: int, time: int) -> None:
        # The EVM's environment is that of the block being built, as on a chain.
        self._height, self._time = height, time
        self._evm.set_block_env(BlockEnv(number=height + 1, timestamp=time, gas_limit=GAS_LIMIT))


def _failure(error: RuntimeError) -> CallFailed:
    text = str(error)
    if found := _OUTPUT.search(text):
        return CallFailed(bytes.fromhex(found[1]))
    halt = _HALT.search(text)
    return CallFailed(b"", halt[1] if halt else text)


def _log(raw: object) -> Log:
    topics, data = raw.data  # type: ignore[attr-defined]
    return Log(raw.address.lower(), tuple(bytes(topic) for topic in topics), bytes(data))  # type: ignore[attr-defined]
