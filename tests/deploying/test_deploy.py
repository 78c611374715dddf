"""`stratc deploy` on anvil: what it does, what it refuses, and that nothing is done twice."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from cli.examples import TREASURY
from deploying.market import Command
from keeper.rig import endpoint
from lab.chain import ACCOUNTS, KEYS, AnvilChain
from stratc.__main__ import main
from stratc.status import Status
from stratc_targets.deploy.node import Node
from stratc_targets.deploy.record import schema
from stratc_targets.deploy.sending import Sending
from stratc_targets.keeper.alerts import emit_alerts
from stratc_targets.keeper.errors import Refused

pytestmark = pytest.mark.anvil


def chain(command: Command) -> AnvilChain:
    assert isinstance(command.world.chain, AnvilChain)
    return command.world.chain


def test_a_dry_run_sends_nothing(command: Command) -> None:
    ran = command.run("--dry-run", key=None)
    assert (ran.status, ran.err) == (0, "")
    assert "ok     feeds.USDC" in ran.out
    assert "the blueprint of its actions 1" in ran.out
    assert " gas cost " in ran.out
    assert command.sent() == 0
    assert not command.folder.exists()


def test_a_vault_is_deployed_once(command: Command, capsys: pytest.CaptureFixture[str]) -> None:
    before = command.sent()
    ran = command.run("--yes")
    assert (ran.status, ran.err) == (0, "")
    record = command.record
    Draft202012Validator(schema()).validate(record)
    assert record["source"] == json.loads((command.build / "certificate.json").read_text())["source"]["sha256"]
    assert record["certificate"] == sha256((command.build / "certificate.json").read_bytes()).hexdigest()
    vault = record["vault"]["address"]
    code = chain(command).code(vault)
    runtime = bytes.fromhex((command.build / "runtime.hex").read_text().strip()[2:])
    assert code == runtime + bytes.fromhex(record["code"]["vault"]["immutables"][2:])
    actions = chain(command).code(record["actions"])
    assert actions.startswith(bytes.fromhex((command.build / "actions.runtime.hex").read_text().strip()[2:]))
    assert KEYS[command.deployer][2:] not in ran.out + json.dumps(record)
    keeper = command.folder / "keeper.json"
    alerts = (command.folder / "alerts.yml").read_text("utf-8")
    assert alerts == emit_alerts(json.loads(keeper.read_text("utf-8"))).text
    assert main(["status", "--config", str(keeper), "--rpc", chain(command).url]) == 0
    assert f"Treasury at {vault} on chain" in capsys.readouterr().out

    command.patch.setenv("STRATC_KEEPER_KEY", KEYS[ACCOUNTS[7]])
    assert main(["keeper", "run", "--config", str(keeper), "--rpc", chain(command).url, "--once"]) == 0

    again = command.run("--yes")
    assert (again.status, command.sent()) == (0, before + 2)
    assert f"Treasury is deployed at {vault}" in again.out


@pytest.mark.parametrize("sends", range(3))
def test_an_interrupted_deployment_goes_on(sends: int, command: Command) -> None:
    """It dies where a transaction is recorded and not yet sent, or sent and not yet seen in a block."""
    before, left = command.sent(), [sends]
    send = Node.send

    def dying(node: Node, raw: str) -> None:
        if not left[0]:
            raise KeyboardInterrupt
        left[0] -= 1
        send(node, raw)

    def unseen(sending: Sending, name: str, step: object) -> bool:
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Node, "send", dying)
        if sends == 2:
            landed = Sending._landed
            patch.setattr(
                Sending, "_landed", lambda s, name, step: (unseen if name == "vault" else landed)(s, name, step)
            )
        assert command.run("--yes").status == Status.INTERRUPTED
    assert command.record["verified"] is None
    ran = command.run("--yes")
    assert (ran.status, ran.err) == (0, "")
    assert "going on from" in ran.out
    assert command.sent() == before + 2
    assert command.record["verified"] is not None


def test_a_nonce_that_another_took_is_planned_anew(command: Command) -> None:
    before = command.sent()

    def lost(node: Node, raw: str) -> None:
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Node, "send", lost)
        assert command.run("--yes").status == Status.INTERRUPTED
    first = command.record["blueprint"]
    chain(command).mined({"from": command.deployer, "to": ACCOUNTS[3], "value": "0x1"})
    command.patch.setattr("stratc_targets.deploy.sending.LOOK_SECONDS", 0.01)
    ran = command.run("--yes")
    assert (ran.status, ran.err) == (0, "")
    assert command.record["blueprint"]["nonce"] == first["nonce"] + 1
    assert command.sent() == before + 3


def test_a_fee_that_rises_is_followed(command: Command) -> None:
    """What is sent before nobody mines; then blocks cost more than was bid."""
    command.patch.setattr("stratc_targets.deploy.sending.LOOK_SECONDS", 0.01)
    chain(command).rpc("evm_setAutomine", False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("stratc_targets.deploy.sending.PATIENCE_SECONDS", 0)
        ran = command.run("--yes")
    assert ran.status == 3
    assert "is in no block yet; give the same command again" in ran.err
    (bid,) = command.record["blueprint"]["attempts"]
    waiting = command.run("--yes", "--record", "other/record.json")
    assert waiting.status == 2
    assert "has 1 transactions waiting: let them be mined" in waiting.err
    chain(command).rpc("anvil_setNextBlockBaseFeePerGas", hex(3 * bid["bid"]["max_fee"]))
    chain(command).rpc("evm_mine")
    chain(command).rpc("evm_setAutomine", True)
    ran = command.run("--yes")
    assert (ran.status, ran.err) == (0, "")
    first, second = command.record["blueprint"]["attempts"]
    assert first == bid
    assert second["bid"]["max_fee"] > 3 * bid["bid"]["max_fee"]
    assert command.record["blueprint"]["landed"]["tx_hash"] == second["tx_hash"]
    chain(command).rpc("anvil_setNextBlockBaseFeePerGas", "0x0")


def test_a_manifest_may_be_mended_until_the_vault_is_sent(command: Command) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Sending, "vault", lambda *_: _raise(KeyboardInterrupt()))
        assert command.run("--yes").status == Status.INTERRUPTED
    before = command.record
    command.tables["roles"]["keeper"] = ACCOUNTS[2]
    assert command.run("--yes").status == 0
    assert command.record["blueprint"] == before["blueprint"]
    assert command.record["arguments"][2]["address"].lower() == ACCOUNTS[2]


def test_another_build_does_not_go_on_from_a_record(command: Command) -> None:
    assert command.run("--yes").status == 0
    command.tables["roles"]["keeper"] = ACCOUNTS[2]
    ran = command.run("--yes")
    assert ran.status == 2
    assert "is the record of another deployment (it differs in arguments): give --record FILE" in ran.err


def test_code_that_is_not_what_was_compiled_is_told(command: Command) -> None:
    assert command.run("--yes").status == 0
    vault = command.record["vault"]["address"]
    code = bytearray(chain(command).code(vault))
    for at, said in ((100, "its code differs from byte 100 on"), (-1, "its immutables are not those")):
        spoilt = bytearray(code)
        spoilt[at] ^= 1
        chain(command).rpc("anvil_setCode", vault, f"0x{spoilt.hex()}")
        ran = command.run("--yes")
        assert ran.status == 1
        assert said in ran.out
        assert "is not what was compiled: do not use it" in ran.err
    chain(command).rpc("anvil_setCode", vault, f"0x{bytes(code[:-32]).hex()}")
    assert f"{len(code) - 32:,} bytes stand there, and {len(code):,} were compiled" in command.run("--yes").out
    chain(command).rpc("anvil_setCode", vault, "0x")
    assert f"there is no contract at {vault}" in command.run("--yes").out


# ── what is refused ────────────────────────────────────────────────────────────────────────


def test_without_a_manifest_its_form_is_shown(command: Command) -> None:
    command.tables = {}
    ran = command.run("--dry-run")
    assert (ran.status, ran.out) == (2, "")
    assert "no manifest: write deployments/31337.toml, or give --manifest FILE" in ran.err
    assert '[venues]\naave = "0x..."\nsave = "0x..."\n' in ran.err


def test_a_manifest_of_another_chain(command: Command) -> None:
    command.tables["chain"] = 1
    ran = command.run("--dry-run")
    assert ran.status == 2
    assert "wrong chain: 127.0.0.1" in ran.err
    assert "is chain 31337, and deployments/31337.toml is of chain 1" in ran.err


def test_an_endpoint_that_lies_about_the_chain(command: Command) -> None:
    """What is signed is for the manifest's chain, and for no other: the real one does not take it."""
    command.tables["chain"] = 1
    Path("deployments").mkdir()
    Path("deployments/1.toml").write_text("")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Node, "chain_id", lambda _: 1)
        ran = command.run("--yes", "--manifest", "deployments/31337.toml", "--record", "lied/record.json")
    assert ran.status == 3
    assert "refuses the transaction of the blueprint" in ran.err
    assert command.record_at("lied/record.json")["blueprint"] is None


def test_an_endpoint_that_is_down(command: Command) -> None:
    ran = command.run("--yes", rpc="http://127.0.0.1:9")
    assert (ran.status, ran.out) == (3, "")
    assert "cannot connect to 127.0.0.1:9" in ran.err


def test_what_is_wrong_on_chain_stops_it(command: Command) -> None:
    command.tables["venues"]["save"] = command.world.weth.address
    ran = command.run("--yes")
    assert ran.status == 1
    assert "wrong  venues.save" in ran.out
    assert "nothing was deployed: 1 of " in ran.err
    assert command.sent() == 0 or not command.folder.joinpath("record.json").exists()


def test_what_only_the_constructor_notices_stops_it_too(command: Command) -> None:
    command.tables["feeds"]["USDC"] = {"address": command.world.feeds["USDC"].address, "description": "USDC / USD"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("stratc_targets.deploy.command.check", lambda *_: ())
        command.tables["venues"]["save"] = command.world.weth.address
        ran = command.run("--yes")
    assert ran.status == 1
    assert "the vault refuses to be deployed so: " in ran.err
    assert not command.folder.joinpath("record.json").exists()


def test_an_endpoint_that_cannot_try_it_out(command: Command) -> None:
    """One without state overrides, without EIP-1559, with small blocks, or with another EVM."""
    head, create = Node.head, Node.create

    def refuses(*_: object) -> bytes:
        raise Refused("too many arguments, want at most 2")

    cases: dict[str, tuple[str, Callable[..., object]]] = {
        "will not try the deployment out": ("create", refuses),
        "has no base fee (EIP-1559)": ("head", lambda node: replace(head(node), base_fee=None)),
        "the vault does not fit into a block": ("head", lambda node: replace(head(node), gas_limit=5_000_000)),
        "makes other code of the vault's creation than Vyper": ("create", lambda *given: create(*given)[1:]),
    }
    for said, (method, instead) in cases.items():
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Node, method, instead)
            ran = command.run("--dry-run", key=None)
        assert ran.status == 2, said
        assert said in ran.err


def test_an_endpoint_that_answers_nonsense(command: Command) -> None:
    """Whatever it answers, the end is a sentence, and no part of its URL but the host."""
    with endpoint(chain(command).port) as between:
        for spoil in (between.garbage, between.nest, between.refuse):
            for method in ("eth_chainId", "eth_getBlockByNumber", "eth_getCode", "eth_getTransactionCount", "eth_call"):
                spoil(method)
                ran = command.run("--dry-run", key=None, rpc=between.url)
                between.release()
                assert ran.status == 3, (spoil, method)
                assert "secret-token" not in ran.out + ran.err
        for method in ("eth_maxPriorityFeePerGas", "eth_estimateGas"):
            between.lie(method, lambda _: "-0x1")  # of which nothing could be signed
            assert command.run("--dry-run", key=None, rpc=between.url).status == 3
            between.release()
    assert command.run("--dry-run", rpc="ftp://x").status == 2


def test_too_little_ether(command: Command) -> None:
    balance = chain(command).rpc("eth_getBalance", command.deployer, "latest")
    chain(command).rpc("anvil_setBalance", command.deployer, hex(10**15))
    ran = command.run("--yes")
    chain(command).rpc("anvil_setBalance", command.deployer, balance)
    assert ran.status == 2
    assert "has too little to pay the gas with: send it 0.01" in ran.err
    assert not command.folder.joinpath("record.json").exists()


@pytest.mark.parametrize(
    ("options", "key", "said"),
    [
        (("--yes",), None, "no key: set STRATC_DEPLOYER_KEY to the deployer's private key, or give --keystore FILE"),
        (("--yes",), "0x12", "STRATC_DEPLOYER_KEY is no private key"),
        (("--yes", "--keystore", "none.json"), None, "cannot read none.json"),
        ((), "", "nobody can be asked here; give --yes"),
    ],
)
def test_who_deploys(options: tuple[str, ...], key: str | None, said: str, command: Command) -> None:
    ran = command.run(*options, key=key)
    assert ran.status == 2
    assert said in ran.err


def test_a_keystore(command: Command) -> None:
    from eth_account import Account

    keystore = Account.encrypt(KEYS[command.deployer], "open sesame", kdf="pbkdf2", iterations=1)
    Path("key.json").write_text(json.dumps(keystore))
    for password, status, said in (
        (None, 2, "no password for key.json: set STRATC_DEPLOYER_PASSWORD"),
        ("close sesame", 2, "key.json: STRATC_DEPLOYER_PASSWORD is not the password of this keystore"),
        ("open sesame", 0, ""),
    ):
        if password is not None:
            command.patch.setenv("STRATC_DEPLOYER_PASSWORD", password)
        ran = command.run("--dry-run", "--keystore", "key.json", key=None)
        assert ran.status == status
        assert said in ran.err
    assert f"to do, by {Account.from_key(KEYS[command.deployer]).address}" in ran.out


def test_a_strategy_is_proved_and_compiled_first(command: Command) -> None:
    ran = command.run("--dry-run", what=Path(TREASURY), key=None)
    assert (ran.status, ran.err) == (0, "")
    assert "proved" in ran.out
    assert "the blueprint of its actions 1" in ran.out
    Path("two.strat").write_text(Path(TREASURY).read_text() + Path(TREASURY).read_text().replace("Treasury", "Second"))
    ran = command.run("--dry-run", what=Path("two.strat"))
    assert ran.status == 2
    assert "two.strat has 2 strategies: build it, and name the folder of one" in ran.err
    assert command.run("--dry-run", what=Path("none.strat")).status == 2


def test_only_yes_is_a_yes(command: Command) -> None:
    before = command.sent()
    command.patch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    for answer in ("", "y", "no"):
        command.patch.setattr("builtins.input", lambda _, answer=answer: answer)
        assert command.run().status == 2
    assert command.sent() == before


def test_a_build_whose_code_is_not_that_of_its_certificate(command: Command, tmp_path: Path) -> None:
    build = tmp_path / "Treasury"
    build.mkdir()
    for one in command.build.iterdir():
        if one.is_file():
            build.joinpath(one.name).write_bytes(one.read_bytes())
    code = build / "bytecode.hex"
    code.write_text(code.read_text().replace("6", "7", 1))
    ran = command.run("--dry-run", what=build)
    assert ran.status == 2
    assert "bytecode.hex is not what the certificate's source compiles to: build again" in ran.err
    keeper = build / "keeper.json"
    code.write_text((command.build / "bytecode.hex").read_text())
    document = json.loads(keeper.read_text())
    document["code"]["vault"]["runtime_keccak256"] = document["code"]["actions"]["runtime_keccak256"]
    keeper.write_text(json.dumps(document))
    ran = command.run("--dry-run", what=build)
    assert ran.status == 2
    assert "keeper.json of the build is of another code: build again" in ran.err
    document = json.loads((command.build / "keeper.json").read_text())
    keeper.write_text(json.dumps(document | {"alarms": document["alarms"][1:]}))
    ran = command.run("--dry-run", what=build)
    assert ran.status == 2
    assert "keeper.json of the build differs from what its source gives in alarms: build again" in ran.err
    certificate = build / "certificate.json"
    certificate.write_text(certificate.read_text().replace('"verdict": "proved"', '"verdict": "hoped"', 1))
    ran = command.run("--dry-run", what=build)
    assert ran.status == 1
    assert "certificate.json: rejected: " in ran.err
    certificate.unlink()
    assert command.run("--dry-run", what=build).status == 2
    ran = command.run("--dry-run", what=command.build.parent)
    assert ran.status == 2
    assert f"holds builds: name one of them, {command.build}\n" in ran.err


def test_a_strategy_that_is_not_proved_is_not_deployed(command: Command) -> None:
    text = (Path(__file__).parents[2] / "examples" / "treasury.strat").read_text().replace("loss <= 1%", "loss <= 0.1%")
    Path("refuted.strat").write_text(text)
    ran = command.run("--yes", what=Path("refuted.strat"))
    assert ran.status == 1
    assert not command.folder.joinpath("record.json").exists()


def test_two_deployments_with_one_record(command: Command) -> None:
    from stratc_targets.deploy.record import locked

    with locked(command.folder / "record.json"):
        ran = command.run("--yes")
    assert ran.status == 2
    assert "another deployment runs with the record" in ran.err


def test_the_extra_that_is_missing(command: Command) -> None:
    command.patch.setattr("stratc.deploy._deploy", lambda _: _raise(ModuleNotFoundError(name="eth_account.signers")))
    ran = command.run("--dry-run")
    assert ran.status == 2
    assert "eth_account.signers is not installed: pip install 'stratc[keeper]'" in ran.err


def test_nothing_named(command: Command) -> None:
    assert main(["deploy", "--rpc", chain(command).url]) == 2


def _raise(error: BaseException) -> int:
    raise error
