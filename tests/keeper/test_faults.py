"""Faults of the world around a keeper: nothing is done twice, nothing due is left undone. Real processes, a real anvil.

docs/keeper.md has them all in a table, with those of `test_process.py` and `test_nodes.py`.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from keeper.rig import KEEPER, KEY, KeeperProcess, Runner, endpoint, until
from keeper.stub import CHAIN_ID, DELEVERAGE, PERIOD, REBALANCE, bound_document, calls, deploy
from keeper.test_process import SEND, bids, paid, queued, sent
from lab.chain import AnvilChain, Contract
from stratc_targets.keeper import duties, state
from stratc_targets.keeper.chain import Chain
from stratc_targets.keeper.config import parse_config
from stratc_targets.keeper.duties import Keeper, Settings
from stratc_targets.keeper.key import account_of_key
from stratc_targets.keeper.lane import Lane
from stratc_targets.keeper.log import Log
from stratc_targets.keeper.nodes import Nodes
from stratc_targets.keeper.state import Identity, StateFile
from stratc_targets.keeper.waiting import Stop
from stratc_targets.keeper.watch import Watch

pytestmark = [pytest.mark.anvil, pytest.mark.timeout(120)]

GWEI = 10**9
USD = 10**18

FAST_CLOCK = """
import time
real = time.time
time.time = lambda: real() + 200 * 86_400
"""


@pytest.fixture
def doc(vault: Contract) -> dict[str, Any]:
    return bound_document(vault)


def get(url: str) -> tuple[int, str]:
    """What the keeper answers: the status and the text."""
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def metrics(url: str) -> dict[str, float]:
    """Every number that is told, by its name and labels but those of the vault."""
    _, text = get(f"{url}/metrics")
    lines = [line.rpartition(" ") for line in text.splitlines() if not line.startswith("#")]
    return {name.split("{")[0] + "|" + "".join(name.split('"')[5:6]): float(value) for name, _, value in lines}


@pytest.mark.long
def test_one_endpoint_hangs_and_the_next_one_goes_on(
    tmp_path: Path, chain: AnvilChain, vault: Contract, doc: dict[str, Any]
) -> None:
    """Slow to the point of silence, in the middle of a round; no duty waits for it to come back."""
    with (
        endpoint(chain.port) as first,
        endpoint(chain.port) as second,
        KeeperProcess(tmp_path, doc, (first.url, second.url), "--no-settle") as keeper,
    ):
        keeper.wait_for("started")
        first.hold("eth_call", "before")
        vault.send("set_due", DELEVERAGE, True, False)
        keeper.wait_for("mined", call="deleverage_aave")
        assert "gave no answer in 3 s" in keeper.wait_for("endpoint")["message"]
        assert keeper.terminate() == 0
    assert calls(vault) == [DELEVERAGE]
    assert sent(chain) == 1


@pytest.mark.long
def test_the_most_trusted_endpoint_lies_about_the_block(
    tmp_path: Path, chain: AnvilChain, vault: Contract, doc: dict[str, Any]
) -> None:
    """It knows of no duty, on a chain of its own; the others have the majority."""
    with endpoint(chain.port) as liar, endpoint(chain.port) as second, endpoint(chain.port) as third:
        urls = (liar.url, second.url, third.url)
        with KeeperProcess(tmp_path, doc, urls, "--no-settle") as keeper:
            keeper.wait_for("started")
            liar.lie("eth_getBlockByNumber", lambda block: block | {"hash": "0x" + "66" * 32})
            told = keeper.wait_for("endpoint")["message"]  # the latter where it began to lie in the middle of a look
            assert "has another block" in told or "answers eth_getBlockByNumber otherwise" in told
            liar.lie("eth_call", lambda _: "0x" + "00" * 32)
            vault.send("set_due", REBALANCE, True, False)
            keeper.wait_for("mined", call="rebalance")
    assert calls(vault) == [REBALANCE]
    assert sent(chain) == 1


def test_a_reorganisation_of_several_blocks(
    tmp_path: Path, chain: AnvilChain, vault: Contract, doc: dict[str, Any]
) -> None:
    """What had been done in blocks that are no more is due again, and done again, once; the round begins again too."""
    vault.send("set_due", REBALANCE, True, False)
    before = chain.block_number()
    with KeeperProcess(tmp_path, doc, chain.url) as keeper:
        keeper.wait_for("mined", call="rebalance")
        keeper.wait_for("mined", call="settle")
        until(
            lambda: (
                (json.loads(keeper.state.read_text())["seen"] or {"last": {"block": 0}})["last"]["block"] > before + 1
            ),
            "a look",
        )
        assert (calls(vault), vault.call("rounds")) == ([REBALANCE], 1)
        chain.rpc("anvil_reorg", chain.block_number() - before, [])  # as many blocks again, with nothing in them
        until(lambda: calls(vault) == [REBALANCE], "the rebalance again")
        keeper.wait_for("reorganised")
        until(lambda: vault.call("rounds") == 1, "the round again")
        until(lambda: keeper.flight() is None, "a clear state")
        assert keeper.terminate() == 0
    assert (calls(vault), vault.call("rounds"), sent(chain)) == ([REBALANCE], 1, 2)


def test_a_reorganisation_that_loses_the_transaction_before_the_one_in_flight(
    tmp_path: Path, chain: AnvilChain, vault: Contract, doc: dict[str, Any]
) -> None:
    """What is in flight could wait for ever for the nonce before its own; nothing would be kept meanwhile."""
    before = chain.block_number()
    with KeeperProcess(tmp_path, doc, chain.url, "--no-settle", "--replace-after", "2") as keeper:
        vault.send("set_due", REBALANCE, True, False)
        keeper.wait_for("mined", call="rebalance")
        chain.rpc("evm_setAutomine", False)
        paid(chain, vault, "set_due", DELEVERAGE, True, False)
        chain.rpc("evm_mine")
        assert keeper.wait_for("sending", call="deleverage_aave")["nonce"] == 1
        chain.rpc("anvil_reorg", chain.block_number() - before, [])
        gap = keeper.wait_for("nonce_gap")
        assert (gap["expected"], gap["nonce"]) == (0, 1)
        paid(chain, vault, "set_due", DELEVERAGE, True, False)
        chain.rpc("evm_mine")
        chain.rpc("evm_setAutomine", True)
        keeper.wait_for("mined", call="deleverage_aave")
        until(lambda: keeper.flight() is None, "a clear state")
        assert keeper.terminate() == 0
    assert calls(vault) == [DELEVERAGE]


def test_a_disk_that_is_full_keeps_nobody_from_saving_a_loan(
    run: Runner,
    tmp_path: Path,
    chain: AnvilChain,
    vault: Contract,
    doc: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its state cannot be written. What is sent has the nonce of the block it was seen in, so it happens once."""
    real, full = state.replace_file, [False]

    def replace_file(path: Path, text: str) -> None:
        if full[0]:
            raise OSError(28, "No space left on device")
        full[0] = True  # from the second time on
        real(path, text)

    monkeypatch.setattr(state, "replace_file", replace_file)
    vault.send("set_due", DELEVERAGE, True, False)
    ran = run(doc, chain.url, "--once", "--no-settle")
    assert ran.status == 0
    assert [event["level"] for event in ran.events if event["event"] == "state_unwritten"] == ["error"]
    assert "No space left on device" in ran.text
    assert (calls(vault), sent(chain)) == ([DELEVERAGE], 1)
    full[0] = False
    assert run(doc, chain.url, "--once", "--no-settle").status == 0
    assert sent(chain) == 1


def test_a_log_that_nobody_takes_ends_no_keeper(
    tmp_path: Path, chain: AnvilChain, vault: Contract, doc: dict[str, Any]
) -> None:
    vault.send("set_due", DELEVERAGE, True, False)
    config = tmp_path / "keeper.json"
    config.write_text(json.dumps(doc), "utf-8")
    words = ["--config", config, "--rpc", chain.url, "--once", "--no-settle"]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "stratc_targets.keeper", *words],
            stderr=full,
            env={**os.environ, "STRATC_KEEPER_KEY": KEY},
            check=False,
        )
    assert done.returncode == 0
    assert calls(vault) == [DELEVERAGE]


def test_an_endpoint_that_stands_still_is_told_of(
    tmp_path: Path, chain: AnvilChain, vault: Contract, doc: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It answers as ever, and nothing seems due."""
    monkeypatch.setattr(duties, "STILL_SECONDS", 0.0)
    lines, config = io.StringIO(), parse_config(json.dumps(doc), "keeper.json")
    log, asked = Log(lines, as_json=True), Chain(Nodes([chain.url]), config, vault.address)
    store = StateFile(tmp_path / "state.json", Identity(CHAIN_ID, asked.vault, KEEPER))
    lane = Lane(account_of_key(KEY), CHAIN_ID, 60.0, log, Stop())
    settings = Settings(0.1, dry_run=True, settle=False, once=False)
    keeper = Keeper(config, asked, lane, store, Watch(config, asked, store, log), log, settings)
    first = chain.block_number()
    for _ in range(3):
        keeper.step()
    vault.send("put", "age", 1)
    for _ in range(2):
        keeper.step()
    told = [(line["event"], line["block"]) for line in map(json.loads, lines.getvalue().splitlines())]
    assert told[0] == ("watching", first)
    assert told[1:] == [("still", first), ("moving", first + 1), ("still", first + 1)]


def test_a_fee_spike_is_paid_as_far_as_the_floor_is_near(
    tmp_path: Path, chain: AnvilChain, vault: Contract, doc: dict[str, Any]
) -> None:
    """The trigger is at 1.50 and the floor at 1.35: the cap is 50 gwei at the one and 500 at the other."""
    chain.rpc("evm_setAutomine", False)
    chain.rpc("anvil_setNextBlockBaseFeePerGas", hex(200 * GWEI))
    paid(chain, vault, "put", "price_weth", 1_800 * USD)  # health 1.485: a tenth of the way, so 95 gwei
    paid(chain, vault, "set_due", DELEVERAGE, True, True)
    chain.rpc("evm_mine")
    with KeeperProcess(tmp_path, doc, chain.url, "--no-settle") as keeper:
        dear = keeper.wait_for("fee_too_high", rule="deleverage_aave")
        assert dear["cap"] == 95 * GWEI
        chain.rpc("anvil_setNextBlockBaseFeePerGas", hex(200 * GWEI))
        paid(chain, vault, "put", "price_weth", 1_710 * USD)  # health 1.41075: six tenths of the way
        chain.rpc("evm_mine")
        bid = keeper.wait_for("sending", call="deleverage_aave")
        assert 200 * GWEI < bid["max_fee"] <= 50 * GWEI + 450 * GWEI * 595 // 1000
        until(lambda: bids(chain) == bid["max_fee"], "the bid in the pool")


@pytest.mark.long
def test_what_has_been_due_for_long_may_cost_more_wherever_the_floor_is(
    tmp_path: Path, chain: AnvilChain, vault: Contract, doc: dict[str, Any]
) -> None:
    vault.send("set_due", DELEVERAGE, True, False)
    chain.rpc("evm_setAutomine", False)
    chain.rpc("anvil_setNextBlockBaseFeePerGas", hex(200 * GWEI))
    chain.rpc("evm_mine")
    with KeeperProcess(tmp_path, doc, chain.url, "--no-settle") as keeper:
        assert keeper.wait_for("fee_too_high", rule="deleverage_aave")["cap"] == 50 * GWEI
        chain.rpc("anvil_setNextBlockBaseFeePerGas", hex(200 * GWEI))
        chain.rpc("evm_setNextBlockTimestamp", chain.timestamp() + PERIOD // 4)
        chain.rpc("evm_mine")
        assert 400 * GWEI < keeper.wait_for("sending", call="deleverage_aave")["max_fee"] <= 500 * GWEI


@pytest.mark.long
def test_two_keepers_at_once_do_it_once(
    tmp_path: Path, chain: AnvilChain, vault: Contract, doc: dict[str, Any]
) -> None:
    """The same key on two machines, which know nothing of each other."""
    with (
        KeeperProcess(tmp_path / "a", doc, chain.url, "--no-settle") as one,
        KeeperProcess(tmp_path / "b", doc, chain.url, "--no-settle") as two,
    ):
        for keeper in (one, two):
            keeper.wait_for("started")
        chain.rpc("evm_setAutomine", False)
        chain.rpc("evm_mine")
        paid(chain, vault, "set_due", REBALANCE, True, False)
        chain.rpc("evm_mine")
        for keeper in (one, two):
            keeper.wait_for("sending", call="rebalance")
        chain.rpc("evm_setAutomine", True)
        chain.rpc("evm_mine")
        for keeper in (one, two):
            until(lambda: keeper.flight() is None, "a clear state")  # noqa: B023 - it is called at once
            assert keeper.terminate() == 0
    assert calls(vault) == [REBALANCE]


@pytest.mark.long
def test_a_clock_that_is_months_off_moves_nothing(
    tmp_path: Path, chain: AnvilChain, vault: Contract, doc: dict[str, Any]
) -> None:
    """Rounds are counted in the chain's time alone; what is off is told."""
    (tmp_path / "sitecustomize.py").write_text(FAST_CLOCK)
    options = ("--listen", "127.0.0.1:0")
    environment = {"PYTHONPATH": str(tmp_path)}
    with KeeperProcess(tmp_path, doc, chain.url, *options, environment=environment) as keeper:
        url = keeper.wait_for("listening")["url"]
        keeper.wait_for("mined", call="settle")
        until(lambda: "stratc_keeper_clock_seconds|" in metrics(url), "a look")
        assert metrics(url)["stratc_keeper_clock_seconds|"] > 100 * 86_400
        assert get(f"{url}/health")[0] == 200
        chain.warp(PERIOD)
        until(lambda: vault.call("rounds") == 2, "the next round")
        assert keeper.terminate() == 0
    assert vault.call("rounds") == 2


@pytest.mark.long
def test_several_vaults_share_a_key_and_one_stuck_transaction_does_not_hold_up_the_rescue_of_another(
    tmp_path: Path, chain: AnvilChain, vault: Contract, doc: dict[str, Any]
) -> None:
    other = deploy(chain, KEEPER)
    with KeeperProcess(
        tmp_path, doc, chain.url, "--no-settle", "--replace-after", "1", besides=(bound_document(other),)
    ) as keeper:
        until(lambda: keeper.text().count('"started"') == 2, "both vaults kept")
        chain.rpc("evm_setAutomine", False)
        paid(chain, vault, "set_due", REBALANCE, True, False)
        chain.rpc("evm_mine")
        keeper.wait_for("sending", call="rebalance")
        until(lambda: queued(chain), "the rebalance in the pool")
        chain.rpc("anvil_setNextBlockBaseFeePerGas", hex(100 * GWEI))
        paid(chain, other, "put", "price_weth", 1_650 * USD)
        paid(chain, other, "set_due", DELEVERAGE, True, False)
        chain.rpc("evm_mine")
        rescue = keeper.wait_for("replacing", call="deleverage_aave")
        until(lambda: bids(chain) >= rescue["max_fee"], "the rescue in the pool")
        chain.rpc("evm_mine")
        assert keeper.wait_for("mined", call="deleverage_aave")["vault"].lower() == other.address
        chain.rpc("anvil_setNextBlockBaseFeePerGas", "0x0")
        chain.rpc("evm_mine")
        chain.rpc("evm_setAutomine", True)
        assert keeper.wait_for("mined", call="rebalance")["vault"].lower() == vault.address
        assert keeper.terminate() == 0
    assert (calls(vault), calls(other), sent(chain)) == ([REBALANCE], [DELEVERAGE], 2)


@pytest.mark.long
def test_a_private_relay_gets_everything_until_a_rescue_would_be_late(
    tmp_path: Path, chain: AnvilChain, vault: Contract, doc: dict[str, Any]
) -> None:
    with endpoint(chain.port) as public, endpoint(chain.port) as relay:
        options = ("--no-settle", "--relay", relay.url)
        with KeeperProcess(tmp_path, doc, public.url, *options) as keeper:
            vault.send("set_due", REBALANCE, True, False)
            keeper.wait_for("mined", call="rebalance")
            assert (relay.methods.count(SEND), public.methods.count(SEND)) == (1, 0)
            relay.down()
            vault.send("set_due", DELEVERAGE, True, False)
            keeper.wait_for("relay_down")
            keeper.wait_for("mined", call="deleverage_aave")
            assert public.methods.count(SEND) == 1
            vault.send("set_due", REBALANCE, True, False)
            keeper.wait_for("rpc_down")
            assert public.methods.count(SEND) == 1  # what can wait stays private
            relay.up()
            until(lambda: len(calls(vault)) == 3, "the rebalance")
            assert "secret-token" not in keeper.text()
    assert calls(vault) == [REBALANCE, DELEVERAGE, REBALANCE]


@pytest.mark.long
@pytest.mark.parametrize("said", ["nonce too low", "underpriced", "we do not like it", None, "done"])
def test_what_a_relay_says_of_a_rescue_is_not_believed(
    said: str | None, tmp_path: Path, chain: AnvilChain, vault: Contract, doc: dict[str, Any]
) -> None:
    """It refuses, answers nothing that could be read, or says that it sent it and does not."""
    with endpoint(chain.port) as public, endpoint(chain.port) as relay:
        if said == "done":
            relay.swallow(SEND)
        elif said is None:
            relay.garbage(SEND)
        else:
            relay.refuse(SEND, {"code": -32000, "message": said})
        options = ("--no-settle", "--relay", relay.url, "--replace-after", "1")
        with KeeperProcess(tmp_path, doc, public.url, *options) as keeper:
            vault.send("set_due", DELEVERAGE, True, False)
            keeper.wait_for("mined", call="deleverage_aave")
            assert (said == "done") is ("relay_down" not in keeper.text())
            vault.send("set_due", REBALANCE, True, False)
            keeper.wait_for("sending", call="rebalance")
            before, seen = relay.methods.count(SEND), public.methods.count(SEND)
            time.sleep(2)
            assert relay.methods.count(SEND) - before <= 4  # it is not asked over and over
            assert public.methods.count(SEND) == seen  # what can wait stays private
            assert keeper.terminate() == 0
    assert (calls(vault), sent(chain)) == ([DELEVERAGE], 1)


@pytest.mark.long
def test_what_it_sees_is_told_to_prometheus_and_its_silence_too(
    tmp_path: Path, chain: AnvilChain, vault: Contract, doc: dict[str, Any]
) -> None:
    with endpoint(chain.port) as rpc, KeeperProcess(tmp_path, doc, rpc.url, "--listen", "127.0.0.1:0") as keeper:
        url = keeper.wait_for("listening")["url"]
        keeper.wait_for("mined", call="settle")
        vault.send("put", "age", 600)
        vault.send("put", "price_weth", 1_800 * USD)
        vault.send("set_due", REBALANCE, True, True)
        vault.send("set_failure", REBALANCE, "pool is dry")
        chain.warp(60)
        until(
            lambda: (
                metrics(url).get("stratc_rule_due_seconds|rebalance", 0) >= 0
                and metrics(url).get("stratc_rule_due|rebalance") == 1
            ),
            "it is due",
        )
        chain.warp(60)
        until(lambda: metrics(url)["stratc_rule_due_seconds|rebalance"] >= 60, "it stays due")
        told = metrics(url)
        assert told["stratc_floor_room|health(aave) >= 1.35"] == pytest.approx(0.1)
        assert told["stratc_assumption_used|moves(WETH)"] == pytest.approx(0.5)
        assert told["stratc_assumption_broken|moves(WETH)"] == 0
        assert told["stratc_feed_age_seconds|WETH"] == 600
        assert told["stratc_feed_heartbeat_seconds|WETH"] == 3_600
        assert told["stratc_weight|aave.debt(USDC)"] == pytest.approx(0.3)
        assert told["stratc_vault_readable|"] == 1
        before = told["stratc_block_still_seconds|"]
        until(lambda: metrics(url)["stratc_block_still_seconds|"] > before, "that blocks stand still")
        vault.send("put", "price_weth", 1_599 * USD)
        until(lambda: metrics(url)["stratc_assumption_broken|moves(WETH)"] == 1, "the alarm")
        vault.send("put", "stale", 1)
        until(lambda: metrics(url)["stratc_vault_readable|"] == 0, "a stale price")
        assert metrics(url)["stratc_assumption_unmeasured|moves(WETH)"] == 1
        assert get(f"{url}/health")[0] == 200
        assert get(f"{url}/")[0] == 404
        rpc.down()
        until(lambda: metrics(url)["stratc_keeper_silent_seconds|"] > 2, "silence")
        assert json.loads(get(f"{url}/health")[1])["healthy"] is True  # for a minute it may be silent
        assert keeper.terminate() == 0
