"""The process among accidents: kill -9, dead endpoints, stuck transactions, signals. Real processes, a real anvil."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from keeper.rig import KEEPER, KEY, KeeperProcess, endpoint, until
from keeper.stub import DELEVERAGE, REBALANCE, bound_document, calls
from lab.chain import AnvilChain, Contract

SEND = "eth_sendRawTransaction"

pytestmark = [pytest.mark.anvil, pytest.mark.timeout(120)]


@pytest.fixture
def doc(vault: Contract) -> dict[str, Any]:
    return bound_document(vault)


def sent(chain: AnvilChain) -> int:
    return int(chain.rpc("eth_getTransactionCount", KEEPER, "latest"), 16)


def queued(chain: AnvilChain) -> dict[str, Any]:
    """The keeper's transaction in the pool, by nonce."""
    pool = chain.rpc("txpool_content")["pending"]
    return {nonce: tx for account, found in pool.items() if account.lower() == KEEPER for nonce, tx in found.items()}


def bids(chain: AnvilChain) -> int:
    """What the keeper's one transaction in the pool offers per gas, in wei; 0 for none."""
    return max((int(tx["maxFeePerGas"], 16) for tx in queued(chain).values()), default=0)


def paid(chain: AnvilChain, vault: Contract, fn: str, *arguments: Any) -> None:
    """Put a call of somebody else's into the pool, at a price that any block takes."""
    data = vault.abi.function(fn, len(arguments)).encode(arguments)
    call = {"from": chain.accounts[0], "to": vault.address, "data": "0x" + data.hex(), "gas": hex(10**6)}
    chain.rpc("eth_sendTransaction", call | {"maxFeePerGas": hex(10**12), "maxPriorityFeePerGas": hex(10**9)})


@pytest.mark.parametrize("when", ["before", "after"])
def test_kill_minus_9_around_sending_leaves_exactly_one_action(
    when: str, tmp_path: Path, chain: AnvilChain, vault: Contract, doc: dict[str, Any]
) -> None:
    """Killed between recording and sending, or between sending and hearing the answer."""
    with endpoint(chain.port) as rpc:
        rpc.hold(SEND, when)
        vault.send("set_due", REBALANCE, True, False)
        with KeeperProcess(tmp_path, doc, rpc.url, "--no-settle") as keeper:
            until(lambda: SEND in rpc.methods, "the transaction")
            keeper.kill()
            flight = keeper.flight()
        assert flight is not None
        if when == "after":
            until(lambda: sent(chain) == 1, "the block")
        assert sent(chain) == (when == "after")
        rpc.release()
        with KeeperProcess(tmp_path, doc, rpc.url, "--no-settle") as keeper:
            mined = keeper.wait_for("mined")
            until(lambda: keeper.flight() is None, "a clear state")
            assert keeper.terminate() == 0
    assert mined["tx"] == flight["attempts"][0]["tx_hash"]
    assert calls(vault) == [REBALANCE]
    assert sent(chain) == 1


def test_kill_minus_9_while_the_transaction_waits_to_be_mined(
    tmp_path: Path, chain: AnvilChain, vault: Contract, doc: dict[str, Any]
) -> None:
    vault.send("set_due", REBALANCE, True, False)
    chain.rpc("evm_setAutomine", False)
    with KeeperProcess(tmp_path, doc, chain.url, "--no-settle"):
        (waiting,) = until(lambda: queued(chain), "the transaction in the pool").values()
    with KeeperProcess(tmp_path, doc, chain.url, "--no-settle") as keeper:
        keeper.wait_for("started")
        chain.rpc("evm_setAutomine", True)
        chain.rpc("evm_mine")
        assert keeper.wait_for("mined")["tx"] == waiting["hash"]
        assert keeper.terminate() == 0
    assert calls(vault) == [REBALANCE]
    assert sent(chain) == 1


def test_a_recorded_transaction_that_the_pool_forgot_is_sent_again_and_not_another(
    tmp_path: Path, chain: AnvilChain, vault: Contract, doc: dict[str, Any]
) -> None:
    vault.send("set_due", REBALANCE, True, False)
    chain.rpc("evm_setAutomine", False)
    with KeeperProcess(tmp_path, doc, chain.url, "--no-settle"):
        (waiting,) = until(lambda: queued(chain), "the transaction in the pool").values()
    chain.rpc("anvil_dropTransaction", waiting["hash"])
    chain.rpc("evm_setAutomine", True)
    with KeeperProcess(tmp_path, doc, chain.url, "--no-settle") as keeper:
        assert keeper.wait_for("mined")["tx"] == waiting["hash"]
    assert calls(vault) == [REBALANCE]


def test_an_endpoint_that_dies_and_comes_back(
    tmp_path: Path, chain: AnvilChain, vault: Contract, doc: dict[str, Any]
) -> None:
    with endpoint(chain.port) as rpc:
        rpc.down()
        with KeeperProcess(tmp_path, doc, rpc.url, "--no-settle") as keeper:
            assert "cannot connect" in keeper.wait_for("rpc_down")["message"]
            rpc.up()
            keeper.wait_for("started")
            keeper.wait_for("rpc_back")
            rpc.down()
            vault.send("set_due", DELEVERAGE, True, False)
            until(lambda: keeper.text().count("rpc_down") > 1, "the second outage in the log")
            rpc.up()
            keeper.wait_for("mined", call="deleverage_aave")
            assert keeper.terminate() == 0
            assert "secret-token" not in keeper.text()
    assert calls(vault) == [DELEVERAGE]


def test_an_endpoint_that_dies_while_a_transaction_is_in_flight(
    tmp_path: Path, chain: AnvilChain, vault: Contract, doc: dict[str, Any]
) -> None:
    vault.send("set_due", REBALANCE, True, False)
    chain.rpc("evm_setAutomine", False)
    with endpoint(chain.port) as rpc, KeeperProcess(tmp_path, doc, rpc.url, "--no-settle") as keeper:
        until(lambda: queued(chain), "the transaction in the pool")
        rpc.down()
        keeper.wait_for("rpc_down")
        chain.rpc("evm_setAutomine", True)
        chain.rpc("evm_mine")
        rpc.up()
        keeper.wait_for("mined", call="rebalance")
    assert calls(vault) == [REBALANCE]
    assert sent(chain) == 1


def test_an_endpoint_that_limits_requests_at_any_time(
    tmp_path: Path, chain: AnvilChain, vault: Contract, doc: dict[str, Any]
) -> None:
    vault.send("set_due", REBALANCE, True, False)
    with endpoint(chain.port) as rpc:
        rpc.refuse("eth_getBlockByNumber")
        with KeeperProcess(tmp_path, doc, rpc.url, "--no-settle") as keeper:
            assert "too many requests" in keeper.wait_for("rpc_down")["message"]
            rpc.refuse("eth_getTransactionReceipt")
            rpc.release("eth_getBlockByNumber")
            keeper.wait_for("rpc_down", tx=keeper.wait_for("sending")["tx"])
            rpc.release()
            keeper.wait_for("mined", call="rebalance")
    assert calls(vault) == [REBALANCE]
    assert sent(chain) == 1


def test_a_stuck_transaction_is_outbid_by_a_tenth_at_the_same_nonce(
    tmp_path: Path, chain: AnvilChain, vault: Contract, doc: dict[str, Any]
) -> None:
    vault.send("set_due", REBALANCE, True, False)
    chain.rpc("evm_setAutomine", False)
    with KeeperProcess(tmp_path, doc, chain.url, "--no-settle", "--replace-after", "1") as keeper:
        first = keeper.wait_for("sending")
        second = keeper.wait_for("replacing", replaced=first["tx"])
        until(lambda: bids(chain) >= second["max_fee"], "the replacement in the pool")
        assert 10 * second["max_fee"] >= 11 * first["max_fee"]
        flight = keeper.flight()
        assert flight is not None
        assert first["tx"] in [attempt["tx_hash"] for attempt in flight["attempts"]]
        chain.rpc("evm_setAutomine", True)
        chain.rpc("evm_mine")
        keeper.wait_for("mined", call="rebalance")
    assert calls(vault) == [REBALANCE]
    assert sent(chain) == 1


def test_a_stuck_transaction_waits_at_the_cap(
    tmp_path: Path, chain: AnvilChain, vault: Contract, doc: dict[str, Any]
) -> None:
    vault.send("set_due", REBALANCE, True, False)
    chain.rpc("evm_setAutomine", False)
    options = ("--no-settle", "--replace-after", "0.5", "--max-fee", "0.000000001")
    with KeeperProcess(tmp_path, doc, chain.url, *options) as keeper:
        keeper.wait_for("at_cap")
        (waiting,) = queued(chain).values()
        assert int(waiting["maxFeePerGas"], 16) == 1
        chain.rpc("evm_setAutomine", True)
        chain.rpc("evm_mine")
        keeper.wait_for("mined", tx=waiting["hash"])


def test_what_reduces_risk_takes_the_nonce_of_something_routine_that_is_stuck(
    tmp_path: Path, chain: AnvilChain, vault: Contract, doc: dict[str, Any]
) -> None:
    """Without this, a rebalance at its fee cap would stand before the rescue of the loan for as long as gas is dear."""
    vault.send("set_due", REBALANCE, True, False)
    chain.rpc("evm_setAutomine", False)
    with KeeperProcess(tmp_path, doc, chain.url, "--no-settle", "--replace-after", "1") as keeper:
        until(lambda: queued(chain), "the rebalance in the pool")
        chain.rpc("anvil_setNextBlockBaseFeePerGas", hex(100 * 10**9))
        paid(chain, vault, "put", "price_weth", 1_650 * 10**18)
        paid(chain, vault, "set_due", DELEVERAGE, True, False)
        chain.rpc("evm_mine")
        rescue = keeper.wait_for("replacing", call="deleverage_aave")
        assert rescue["max_fee"] > 50 * 10**9
        until(lambda: bids(chain) >= rescue["max_fee"], "the rescue in the pool")
        chain.rpc("evm_mine")
        keeper.wait_for("mined", call="deleverage_aave")
        chain.rpc("anvil_setNextBlockBaseFeePerGas", "0x0")
        chain.rpc("evm_mine")
        chain.rpc("evm_setAutomine", True)
        keeper.wait_for("mined", call="rebalance")
    assert calls(vault) == [DELEVERAGE, REBALANCE]
    assert sent(chain) == 2


def test_a_revert_on_chain_is_told_with_its_reason_and_not_repeated_at_once(
    tmp_path: Path, chain: AnvilChain, vault: Contract, doc: dict[str, Any]
) -> None:
    vault.send("set_due", REBALANCE, True, False)
    chain.rpc("evm_setAutomine", False)
    with KeeperProcess(tmp_path, doc, chain.url, "--no-settle") as keeper:
        (waiting,) = until(lambda: queued(chain), "the transaction in the pool").values()
        chain.rpc("anvil_dropTransaction", waiting["hash"])
        paid(chain, vault, "set_failure", REBALANCE, "pool is dry")
        chain.rpc("evm_mine")
        chain.rpc("evm_setAutomine", True)
        chain.rpc(SEND, keeper.flight()["attempts"][0]["raw"])  # type: ignore[index]
        assert keeper.wait_for("reverted")["reason"] == "pool is dry"
        keeper.wait_for("would_revert")
    assert sent(chain) == 1


def test_a_nonce_taken_by_somebody_else_with_the_key(
    tmp_path: Path, chain: AnvilChain, vault: Contract, doc: dict[str, Any]
) -> None:
    vault.send("set_due", REBALANCE, True, False)
    chain.rpc("evm_setAutomine", False)
    with KeeperProcess(tmp_path, doc, chain.url, "--no-settle") as keeper:
        (waiting,) = until(lambda: queued(chain), "the transaction in the pool").values()
        chain.rpc("anvil_dropTransaction", waiting["hash"])
        chain.rpc("eth_sendTransaction", {"from": KEEPER, "to": KEEPER, "nonce": "0x0", "maxFeePerGas": hex(10**12)})
        chain.rpc("evm_setAutomine", True)
        chain.rpc("evm_mine")
        keeper.wait_for("nonce_taken")
        keeper.wait_for("mined", call="rebalance")
    assert calls(vault) == [REBALANCE]
    assert sent(chain) == 2


def test_sigterm_ends_it_in_order_with_the_transaction_recorded(
    tmp_path: Path, chain: AnvilChain, vault: Contract, doc: dict[str, Any]
) -> None:
    vault.send("set_due", REBALANCE, True, False)
    chain.rpc("evm_setAutomine", False)
    with KeeperProcess(tmp_path, doc, chain.url, "--no-settle") as keeper:
        (waiting,) = until(lambda: queued(chain), "the transaction in the pool").values()
        assert keeper.terminate() == 0
        assert keeper.events()[-1]["event"] == "stopped"
        flight = keeper.flight()
    assert flight is not None
    assert flight["attempts"][-1]["tx_hash"] == waiting["hash"]


def test_a_second_keeper_with_the_same_state_does_not_start(
    tmp_path: Path, chain: AnvilChain, vault: Contract, doc: dict[str, Any]
) -> None:
    with KeeperProcess(tmp_path, doc, chain.url) as first:
        first.wait_for("started")
        with KeeperProcess(tmp_path, doc, chain.url) as second:
            assert second.process.wait(40) == 2
            assert "another keeper runs" in second.text()


def test_the_key_is_nowhere(tmp_path: Path, chain: AnvilChain, vault: Contract, doc: dict[str, Any]) -> None:
    vault.send("set_due", REBALANCE, True, False)
    with KeeperProcess(tmp_path, doc, chain.url) as keeper:
        keeper.wait_for("mined", call="settle")
        keeper.terminate()
    secret = KEY.removeprefix("0x")
    for file in tmp_path.iterdir():
        assert secret not in file.read_text("utf-8").lower(), file.name
    assert all(json.loads(line)["time"] for line in keeper.text().splitlines())
