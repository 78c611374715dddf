"""The keeper on Chainlink CRE: its receiver behind the real KeystoneForwarder, and the files of the project."""

from __future__ import annotations

import json
from argparse import Namespace
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from vyper import compile_code
from web3.utils.address import get_create_address

from keeper.stub import CHAIN_ID, DELEVERAGE, HARVEST, PERIOD, REBALANCE, SERVED, calls, deploy, document
from keeper.test_guarded import document_of
from lab.chain import AnvilChain, Contract, Reverted
from lab.interface import CallFailed
from lab.keystone import KeystoneLab, deploy_keystone
from lab.world import World
from stratc.command import run
from stratc_targets.backends.command import main
from stratc_targets.backends.cre import receiver_source
from stratc_targets.keeper.config import QUEUE_FUNCTIONS, bind, parse_config
from vyper_target.vaults import USDC, example
from vyper_target.vaults import deploy as deploy_vault

pytestmark = pytest.mark.anvil

NAME, SETTLE, SERVE = b"a1b2c3d4e5", 4, 5
NOBODY = "0x" + "00" * 20


@cache
def compiled() -> dict[str, Any]:
    config = parse_config(json.dumps(document()), "keeper.json")
    return dict(compile_code(receiver_source(config), output_formats=["abi", "bytecode"]))


def duty(number: int) -> bytes:
    return number.to_bytes(32)


@dataclass(frozen=True)
class Hand:
    """A stub vault that obeys a receiver behind a forwarder."""

    chain: AnvilChain
    keystone: KeystoneLab
    vault: Contract
    receiver: Contract
    operator: str

    def named(self) -> int | None:
        """What `checkUpkeep` names."""
        due, data = self.receiver.call("checkUpkeep", b"")
        return int.from_bytes(data) if due else None

    def report(self, number: int, **options: Any) -> bool:
        """Report a duty; whether the receiver took it."""
        self.keystone.report(self.receiver.address, duty(number), **options)
        return self.keystone.succeeded(self.receiver.address)


@pytest.fixture
def hand(chain: AnvilChain) -> Hand:
    deployer, owner, operator = chain.accounts[0], chain.accounts[4], chain.accounts[3]
    keystone = deploy_keystone(chain, deployer, owner, NAME)
    nonce = int(chain.rpc("eth_getTransactionCount", deployer, "latest"), 16)
    vault = deploy(chain, get_create_address(deployer, nonce + 1).lower())
    made = (vault, keystone.forwarder, owner, NAME, operator)
    receiver = chain.deploy(compiled()["abi"], compiled()["bytecode"], made, name="receiver")
    assert vault.call("keeper").lower() == receiver.address
    return Hand(chain, keystone, vault, receiver, operator)


def test_what_is_due_is_named_reported_and_done_once_in_order_of_priority(hand: Hand) -> None:
    assert hand.named() == SETTLE  # no round was begun from here
    for rule in (REBALANCE, DELEVERAGE):
        hand.vault.send("set_due", rule, True, False)
    assert hand.named() == DELEVERAGE
    assert hand.report(DELEVERAGE)
    with pytest.raises(Reverted):  # AlreadyAttempted
        hand.report(DELEVERAGE, again=True)
    assert hand.named() == REBALANCE
    assert hand.report(REBALANCE)
    assert calls(hand.vault) == [DELEVERAGE, REBALANCE]
    assert hand.report(SETTLE)
    assert hand.named() is None
    hand.chain.warp(PERIOD - PERIOD // 10)
    assert hand.named() == SETTLE
    hand.chain.warp(86_400)
    assert hand.named() == HARVEST


def test_requests_are_served_last_and_only_where_something_is_set_aside(hand: Hand) -> None:
    assert hand.report(SETTLE)
    assert hand.named() is None
    hand.vault.send("set_requests", 2, False)
    assert hand.named() is None
    hand.vault.send("set_requests", 2, True)
    assert hand.named() == SERVE
    hand.vault.send("set_due", REBALANCE, True, False)
    assert hand.named() == REBALANCE
    assert hand.report(REBALANCE)
    assert hand.report(hand.named() or 0)
    assert calls(hand.vault) == [REBALANCE, SERVED]
    assert hand.named() is None


def test_a_vault_without_queue_is_asked_for_none() -> None:
    given = document()
    given["abi"] = [entry for entry in given["abi"] if entry["name"] not in QUEUE_FUNCTIONS]
    config = parse_config(json.dumps(given), "keeper.json")
    source = receiver_source(config)
    assert "serve" not in source
    (check,) = (one for one in compile_code(source, output_formats=["abi"])["abi"] if one.get("name") == "checkUpkeep")
    assert check["stateMutability"] == "view"


def test_nobody_but_the_workflow_and_the_operator_is_obeyed(hand: Hand) -> None:
    hand.vault.send("set_due", REBALANCE, True, False)
    others = hand.chain.accounts[9]
    metadata = bytes(32) + NAME + bytes.fromhex(hand.keystone.owner[2:]) + bytes(2)
    with pytest.raises(Reverted, match="forwarder only"):
        hand.receiver.send("onReport", metadata, duty(REBALANCE), sender=others)
    with pytest.raises(Reverted, match="operator only"):
        hand.receiver.send("performUpkeep", duty(REBALANCE), sender=others)
    assert not hand.report(REBALANCE, owner=others)
    assert not hand.report(REBALANCE, name=b"ffffffffff")
    with pytest.raises(Reverted):  # InvalidSignatureCount
        hand.report(REBALANCE, signers=1)
    assert not hand.report(6)
    assert not calls(hand.vault)
    hand.receiver.send("performUpkeep", duty(REBALANCE), sender=hand.operator)
    assert calls(hand.vault) == [REBALANCE]


def test_what_fails_is_told_and_does_not_hold_up_what_comes_after_it(hand: Hand) -> None:
    for rule in (DELEVERAGE, REBALANCE):
        hand.vault.send("set_due", rule, True, False)
    hand.vault.send("set_failure", DELEVERAGE, "pool is dry")
    done = hand.keystone.report(hand.receiver.address, duty(DELEVERAGE))
    failed = [log for log in done.logs if log.emitter == hand.receiver.address]
    assert b"pool is dry" in failed[0].data
    assert hand.keystone.succeeded(hand.receiver.address)
    assert hand.named() == REBALANCE
    hand.chain.warp(300)
    assert hand.named() == DELEVERAGE


def test_with_too_little_gas_it_fails_as_a_whole_so_that_it_may_be_tried_again(hand: Hand) -> None:
    hand.vault.send("set_due", REBALANCE, True, False)
    call = hand.receiver.abi.function("performUpkeep", 1).encode((duty(REBALANCE),))
    given = {"from": hand.operator, "to": hand.receiver.address, "data": "0x" + call.hex(), "gas": hex(4_000_000)}
    with pytest.raises(CallFailed) as caught:
        hand.chain.rpc("eth_call", given, "latest")
    assert b"receiver: not enough gas" in caught.value.data
    assert not calls(hand.vault)


def test_it_is_closed_where_nothing_is_said(hand: Hand) -> None:
    code, abi = compiled()["bytecode"], compiled()["abi"]
    made = [hand.vault, hand.keystone.forwarder, hand.keystone.owner, NAME, NOBODY]
    for place, instead in ((0, NOBODY), (1, NOBODY), (2, NOBODY), (3, bytes(10))):
        with pytest.raises(Reverted, match="receiver: no "):
            hand.chain.deploy(abi, code, [*made[:place], instead, *made[place + 1 :]], name="receiver")
    changing = {entry.get("name") for entry in abi if entry.get("stateMutability") in ("nonpayable", "payable")}
    assert changing == {None, "onReport", "performUpkeep", "checkUpkeep"}  # the constructor; and `serve`, by trying it
    assert hand.receiver.call("supportsInterface", bytes.fromhex("805f2132")) is True
    assert hand.receiver.call("supportsInterface", bytes.fromhex("ffffffff")) is False


@pytest.mark.long
@pytest.mark.timeout(240)
def test_a_vault_is_kept_by_reports_alone(anvil_world: World) -> None:
    """The emitted EthCarry vault: what the receiver names is reported until nothing is, and it stands as it should."""
    chain = anvil_world.chain
    assert isinstance(chain, AnvilChain)
    config = parse_config(json.dumps(document_of("eth_carry")), "keeper.json")
    names = [*(rule.call for rule in config.rules), "settle", "serve"]
    vault = deploy_vault(anvil_world, example("eth_carry"))
    keystone = deploy_keystone(chain, anvil_world.admin, vault.guardian, NAME)
    code = compile_code(receiver_source(config), output_formats=["abi", "bytecode"])
    made = (vault.contract, keystone.forwarder, keystone.owner, NAME, NOBODY)
    receiver = chain.deploy(code["abi"], code["bytecode"], made, name="receiver")
    vault.contract.send("set_keeper", receiver.address, sender=vault.owner)

    def reported() -> list[str]:
        done: list[str] = []
        while receiver.call("checkUpkeep", b"")[0] and len(done) < 9:
            named = int.from_bytes(receiver.call("checkUpkeep", b"")[1])
            keystone.report(receiver.address, duty(named))
            assert keystone.succeeded(receiver.address)
            done.append(names[named])
        return done

    user = anvil_world.users[0]
    vault.deposit(user, 150_000 * USDC)
    assert reported() == ["rebalance", "harvest_save", "settle"]
    assert vault.call("settled") is True
    anvil_world.set_price("WETH", 1_380)
    before = vault.state()["aave_debt_usdc"]
    assert reported() == ["deleverage_aave"]
    assert vault.state()["aave_debt_usdc"] < before
    vault.accept_prices()
    assert reported() == ["rebalance"]
    part = vault.call("balanceOf", user) // 50
    number = int(vault.contract.send("requestRedeem", part, user, user, sender=user).value)
    assert reported() == ["serve"]
    assert vault.call("claimableRedeemRequest", number, user) == part
    vault.contract.send("set_keeper", vault.keeper, sender=vault.owner)  # who takes it back is obeyed no more
    anvil_world.set_price("WETH", 1_150)
    assert keystone.report(receiver.address, duty(names.index("deleverage_aave"))).logs
    assert int(receiver.call("failed_at", names.index("deleverage_aave"))) > 0


def test_the_project_is_written_whole_and_nothing_is_overwritten(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config, out = tmp_path / "keeper.json", tmp_path / "cre"
    config.write_text(json.dumps(bind(document(), 1, "0x" + "ab" * 20)), "utf-8")
    words = ["keeper", "print", "cre", "--config", str(config), "--out", str(out)]
    assert run(words) == 0
    there = {str(path.relative_to(out)) for path in out.rglob("*") if path.is_file()}
    assert there == set(capsys.readouterr().out.split()[3:])
    settings = json.loads((out / "keeper" / "config.production.json").read_text())
    assert settings["chainSelectorName"] == "ethereum-mainnet"
    assert int(settings["writeGasLimit"]) > 5_000_000 * 64 // 63
    assert (out / "contracts" / "KeeperReceiver.bytecode.hex").read_text().strip() == compiled()["bytecode"]
    assert run(words) == 2
    assert "exists, and is no empty folder" in capsys.readouterr().err


@pytest.mark.parametrize(("chain_id", "said"), [(CHAIN_ID, "what CRE calls chain 31337"), (None, "not bound")])
def test_a_project_that_cannot_be(
    chain_id: int | None, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "keeper.json"
    given = document() if chain_id is None else bind(document(), chain_id, "0x" + "ab" * 20)
    config.write_text(json.dumps(given), "utf-8")
    options = Namespace(backend="cre", config=str(config), vault=None, chain_id=None, out=str(tmp_path / "cre"))
    assert main(options) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "cre").exists()
