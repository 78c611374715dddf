"""A chain in a child anvil process: real blocks, receipts and gas, open to other processes over JSON-RPC."""

from __future__ import annotations

import ctypes
import http.client
import json
import signal
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Any

from lab.abi import Log
from lab.interface import CHAIN_ID, GAS_LIMIT, GENESIS, CallFailed, Chain, Outcome
from lab.npm import package

_BOOT_SECONDS = 20
_MINED_SECONDS = 5


class RpcError(RuntimeError):
    """A JSON-RPC error that is not a revert."""


class AnvilChain(Chain):
    """A context manager: the process ends with it, and with this process whatever happens.

    Time stands still between warps, so that interest is the same on every machine, however slow.
    """

    def __init__(self) -> None:
        super().__init__()
        self._process, self.port = _boot()
        self.url = f"http://127.0.0.1:{self.port}"
        self._connection: http.client.HTTPConnection | None = None
        self._snapshots: list[str] = []
        try:
            self.rpc("anvil_setBlockTimestampInterval", 0)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> AnvilChain:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the process; harmless if it has ended."""
        if self._connection is not None:
            self._connection.close()
        self._process.kill()
        self._process.wait()

    def rpc(self, method: str, *params: Any) -> Any:
        """One JSON-RPC call; raises CallFailed for a revert and RpcError for anything else."""
        answer = json.loads(self._post({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}))
        if "error" not in answer:
            return answer.get("result")
        error = answer["error"]
        data = error.get("data")
        if isinstance(data, str) and data.startswith("0x"):
            raise CallFailed(bytes.fromhex(data[2:]))
        if "EVM error" in error["message"]:
            halt = error["message"].rpartition("EVM error ")[2]
            raise CallFailed(b"", "OutOfGas" if "OOG" in halt else halt)  # as pyrevm calls it
        raise RpcError(f"{method}: {error['message']}")

    def mined(self, call: dict[str, str]) -> dict[str, Any]:
        """Send a transaction; its receipt, which is waited for, as anvil mines asynchronously.

        Not by eth_sendTransactionSync: now and then anvil's miner is not told that there is something to mine, above
        all where a transaction that was taken back comes again, and then that method fails after half a minute.
        """
        tx_hash = self.rpc("eth_sendTransaction", call)
        began = time.monotonic()
        while (found := self.rpc("eth_getTransactionReceipt", tx_hash)) is None:
            if time.monotonic() - began > _MINED_SECONDS:
                self.rpc("evm_mine")
                began = time.monotonic()
            time.sleep(0.0005)
        receipt: dict[str, Any] = found
        return receipt

    def timestamp(self) -> int:
        return int(self.rpc("eth_getBlockByNumber", "latest", False)["timestamp"], 16)

    def block_number(self) -> int:
        return int(self.rpc("eth_blockNumber"), 16)

    def snapshot(self) -> int:
        self._snapshots.append(self.rpc("evm_snapshot"))
        return len(self._snapshots)

    def revert(self, snapshot: int) -> None:
        if not 1 <= snapshot <= len(self._snapshots):
            raise ValueError(f"snapshot {snapshot} is used up")
        if not self.rpc("evm_revert", self._snapshots[snapshot - 1]):
            raise RpcError(f"anvil has lost snapshot {snapshot}")
        del self._snapshots[snapshot - 1 :]

    def code(self, address: str) -> bytes:
        return bytes.fromhex(self.rpc("eth_getCode", address, "latest")[2:])

    def _create(self, sender: str, code: bytes) -> str:
        address: str = self._transact({"from": sender, "data": "0x" + code.hex()})["contractAddress"]
        return address.lower()

    def _execute(self, sender: str, to: str, data: bytes, value: int) -> Outcome:
        call = {"from": sender, "to": to, "data": "0x" + data.hex(), "value": hex(value)}
        # The dry run gives the return value and the revert data, neither of which a receipt has.
        output = self._dry_run(call)
        receipt = self._transact(call)
        logs = tuple(map(_log, receipt["logs"]))
        return Outcome(output, logs, int(receipt["gasUsed"], 16), receipt["transactionHash"])

    def _view(self, sender: str, to: str, data: bytes) -> bytes:
        return self._dry_run({"from": sender, "to": to, "data": "0x" + data.hex()})

    def _mine(self, timestamp: int) -> None:
        self.rpc("evm_setNextBlockTimestamp", timestamp)
        self.rpc("evm_mine")

    def _transact(self, call: dict[str, str]) -> dict[str, Any]:
        gas = {"gas": hex(GAS_LIMIT), "gasPrice": "0x0"}
        receipt = self.mined({**call, **gas})
        if receipt["status"] != "0x1":
            self._dry_run(call, hex(int(receipt["blockNumber"], 16) - 1))
            raise CallFailed(b"", "failed on chain, though its replay succeeds")
        return receipt

    def _dry_run(self, call: dict[str, str], block: str = "pending") -> bytes:
        # On "pending" the call sees the number and time of the block that a transaction would be in.
        return bytes.fromhex(self.rpc("eth_call", {**call, "gas": hex(GAS_LIMIT)}, block)[2:])

    def _post(self, body: dict[str, Any]) -> bytes:
        text = json.dumps(body)
        for attempt in range(2):
            if self._connection is None:
                self._connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
            try:
                self._connection.request("POST", "/", text, {"content-type": "application/json"})
                return self._connection.getresponse().read()
            except http.client.RemoteDisconnected:
                # An idle connection that the server has closed: the request was not taken, so ask once more.
                self._connection.close()
                self._connection = None
                if attempt:
                    raise
        raise AssertionError("unreachable")


def _binary() -> Path:
    # The binary itself and not the JavaScript launcher: one process, one id to end.
    return package("@foundry-rs/anvil-linux-amd64") / "bin" / "anvil"


def _boot() -> tuple[subprocess.Popen[bytes], int]:
    for _ in range(3):  # between choosing a port and taking it, another process may take it
        port = _free_port()
        process = _start(port)
        try:
            if _answers(process, port):
                return process, port
        except BaseException:
            process.kill()
            raise
        process.kill()
        process.wait()
    raise RpcError("anvil did not start")


def _start(port: int) -> subprocess.Popen[bytes]:
    options = {
        "--host": "127.0.0.1",
        "--port": port,
        "--chain-id": CHAIN_ID,
        "--timestamp": GENESIS,
        "--gas-limit": GAS_LIMIT,
        "--hardfork": "prague",
        "--block-base-fee-per-gas": 0,
    }
    words = [str(word) for option in options.items() for word in option]
    return subprocess.Popen(
        [str(_binary()), *words, "--silent", "--auto-impersonate"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        preexec_fn=_die_with_parent,
    )


def _die_with_parent() -> None:
    # Linux only (PR_SET_PDEATHSIG = 1): a killed pytest runs no finaliser.
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _answers(process: subprocess.Popen[bytes], port: int) -> bool:
    deadline = time.monotonic() + _BOOT_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.01)
        else:
            return True
    return False


def _log(raw: dict[str, Any]) -> Log:
    topics = tuple(bytes.fromhex(topic[2:]) for topic in raw["topics"])
    return Log(raw["address"].lower(), topics, bytes.fromhex(raw["data"][2:]))
