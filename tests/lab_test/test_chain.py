"""Both backends keep the same promises."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from eth_utils.address import to_checksum_address

from lab import npm
from lab.artifacts import vyper_artifact
from lab.chain import CHAIN_ID, GENESIS, KEYS, AnvilChain, Chain, Contract, Reverted, RevmChain
from lab.tokens import deploy_usdc

HERE = Path(__file__).resolve().parent


@pytest.fixture
def probe(chain: Chain) -> Contract:
    return chain.deploy_artifact(vyper_artifact(HERE / "probe.vy"))


def test_time_moves_only_by_warp(chain: Chain, probe: Contract) -> None:
    start = chain.timestamp()
    probe.send("poke")
    assert chain.timestamp() == start
    chain.warp(3_600)
    assert chain.timestamp() == start + 3_600
    assert probe.call("environment") == (start + 3_600, chain.block_number() + 1, 31337)


def test_each_transaction_makes_one_block(chain: Chain, probe: Contract) -> None:
    before = chain.block_number()
    probe.send("poke")
    probe.call("poke")
    assert chain.block_number() == before + 1


def test_receipt_has_value_and_decoded_logs(chain: Chain, probe: Contract) -> None:
    receipt = probe.send("poke", sender=chain.accounts[3])
    assert receipt.value == 1
    event = receipt.event("Poked", probe)
    assert (event["who"], event["count"]) == (chain.accounts[3], 1)
    assert receipt.events("Poked", chain.accounts[0]) == []


def test_transient_storage_ends_with_the_transaction(chain: Chain, probe: Contract) -> None:
    assert [probe.send("poke").value, probe.call("poke"), probe.send("poke").value] == [1, 1, 1]


def test_anyone_may_send_without_a_balance(chain: Chain, probe: Contract) -> None:
    stranger = "0x" + "ab" * 20
    assert probe.send("poke", sender=stranger).event("Poked")["who"] == stranger


def test_value_is_paid(chain: Chain, probe: Contract) -> None:
    assert probe.send("pay", value=5).value == 5


@pytest.mark.parametrize(("kind", "reason"), [(0, "a reason"), (1, ""), (2, "")])
def test_revert_reason(chain: Chain, probe: Contract, kind: int, reason: str) -> None:
    for attempt in (probe.call, probe.send):
        with pytest.raises(Reverted) as caught:
            attempt("fail", kind)
        assert caught.value.reason == reason
        assert str(caught.value).startswith("probe.fail: ")


def test_constructor_failure_is_told(chain: Chain) -> None:
    with pytest.raises(Reverted, match="constructor of broken"):
        chain.deploy([], "60006000fd", name="broken")


def test_out_of_gas_is_told(chain: Chain, probe: Contract) -> None:
    with pytest.raises(Reverted, match="OutOfGas"):
        probe.send("burn_all_gas")


def test_revert_goes_back_in_state_and_time_and_uses_up_younger_snapshots(chain: Chain) -> None:
    usdc, user = deploy_usdc(chain, chain.accounts[0]), chain.accounts[1]
    start = (chain.timestamp(), chain.block_number())
    outer = chain.snapshot()
    usdc.mint(user, 7)
    inner = chain.snapshot()
    chain.warp(100)
    usdc.mint(user, 7)
    assert usdc.balance(user) == 14
    chain.revert(outer)
    assert usdc.balance(user) == 0
    assert (chain.timestamp(), chain.block_number()) == start
    with pytest.raises(ValueError, match="used up"):
        chain.revert(inner)
    usdc.mint(user, 1)
    assert usdc.balance(user) == 1


def test_overloads_go_by_signature_or_arity(chain: Chain) -> None:
    usdc, user = deploy_usdc(chain, chain.accounts[0]), chain.accounts[1]
    usdc.contract.send("mint(uint256)", 1, sender=user)
    usdc.contract.send("mint", user, 2)
    assert usdc.balance(user) == 3
    with pytest.raises(LookupError, match="mint"):
        usdc.contract.send("mint(bytes32)", b"")


def test_a_contract_stands_for_its_address_and_accounts_are_in_lower_case(chain: Chain, probe: Contract) -> None:
    usdc = deploy_usdc(chain, chain.accounts[0])
    receipt = usdc.contract.send("mint(address,uint256)", probe, 3)
    assert receipt.event("Transfer")["to"] == probe.address == probe.address.lower()
    assert chain.code(probe.address)
    assert len(chain.accounts) == len(set(chain.accounts)) == 10


def test_many_snapshots_one_after_another_leave_no_trace(revm_chain: RevmChain) -> None:
    """pyrevm counts open checkpoints as call depth, of which there are 1,024."""
    usdc, user = deploy_usdc(revm_chain, revm_chain.accounts[0]), revm_chain.accounts[1]
    for _ in range(1_500):
        outer = revm_chain.snapshot()
        revm_chain.snapshot()
        usdc.mint(user, 1)
        revm_chain.revert(outer)
    usdc.mint(user, 1)
    assert usdc.balance(user) == 1


def test_a_contract_deployed_again_after_a_revert_starts_empty(chain: Chain) -> None:
    admin, addresses = chain.accounts[0], set()
    for _ in range(3):
        snapshot = chain.snapshot()
        usdc = deploy_usdc(chain, admin)
        assert usdc.balance(admin) == 0
        usdc.mint(admin, 5)
        addresses.add(usdc.address)
        chain.revert(snapshot)
    assert len(addresses) == 1
    assert chain.code(addresses.pop()) == b""


@pytest.mark.anvil
def test_an_outside_process_can_sign_for_the_accounts(anvil_chain: AnvilChain) -> None:
    from eth_account import Account

    probe = anvil_chain.deploy_artifact(vyper_artifact(HERE / "probe.vy"))
    signer = Account.from_key(KEYS[anvil_chain.accounts[4]])
    transaction = {
        "to": to_checksum_address(probe.address),
        "data": probe.abi.function("poke", 0).encode(()),
        "chainId": CHAIN_ID,
        "nonce": int(anvil_chain.rpc("eth_getTransactionCount", signer.address, "latest"), 16),
        "gas": 100_000,
        "maxFeePerGas": 10**9,
        "maxPriorityFeePerGas": 10**9,
    }
    raw = signer.sign_transaction(transaction).raw_transaction
    receipt = anvil_chain.rpc("eth_sendRawTransactionSync", "0x" + raw.hex())
    assert receipt["status"] == "0x1"
    assert receipt["from"] == signer.address.lower()
    assert len(receipt["logs"]) == 1


@pytest.mark.anvil
def test_anvil_gives_gas_and_hash_and_revm_does_not_pretend_to(anvil_chain: AnvilChain, revm_chain: RevmChain) -> None:
    artifact = vyper_artifact(HERE / "probe.vy")
    real = anvil_chain.deploy_artifact(artifact).send("poke")
    assert real.gas_used is not None
    assert 21_000 < real.gas_used < 60_000
    assert anvil_chain.rpc("eth_getTransactionReceipt", real.tx_hash)["status"] == "0x1"
    assert revm_chain.deploy_artifact(artifact).send("poke").gas_used is None


@pytest.mark.anvil
def test_anvil_ends_with_its_block_even_if_it_throws() -> None:
    chain = AnvilChain()
    assert chain.timestamp() == GENESIS
    with pytest.raises(ZeroDivisionError), chain:
        _ = 1 // 0
    assert chain._process.returncode is not None


@pytest.mark.anvil
def test_anvil_dies_with_a_killed_parent() -> None:
    script = (
        "from lab.chain import AnvilChain; import time; print(AnvilChain()._process.pid, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", script], cwd=HERE.parent, stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    parent.send_signal(signal.SIGKILL)
    parent.communicate()
    deadline = time.monotonic() + 10
    while _runs(child) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not _runs(child)


def test_missing_packages_are_an_error_that_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(npm, "NODE_MODULES", tmp_path)
    with pytest.raises(npm.PackagesMissing, match="make setup"):
        npm.package("@aave/core-v3")


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        # A zombie still has its id until init collects it.
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False
