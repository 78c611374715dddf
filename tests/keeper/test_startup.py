"""What the keeper checks before it sends anything: one clear message each, status 2."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from eth_account import Account

from keeper.rig import KEEPER, KEY, Endpoint, Runner, endpoint
from keeper.stub import bound_document, compiled, deploy, document
from lab.chain import ACCOUNTS, AnvilChain, Contract

NOWHERE = "0x" + "12" * 20
DEAD = "http://127.0.0.1:9"


def test_not_bound(run: Runner) -> None:
    ran = run(document(), DEAD)
    assert ran.status == 2
    assert "not bound to a deployed vault: give --vault and --chain-id" in ran.said


def test_vault_without_chain(run: Runner) -> None:
    ran = run(document(), DEAD, "--vault", NOWHERE)
    assert (ran.status, ran.said) == (2, "--vault and --chain-id go together")


def test_vault_mistyped(run: Runner) -> None:
    ran = run(document(), DEAD, "--vault", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1Beaed", "--chain-id", "1")
    assert ran.status == 2
    assert "wrong checksum" in ran.said


@pytest.mark.parametrize("vault", ["12", "0x12", "0x" + "g" * 40, ""])
def test_vault_is_no_address(run: Runner, vault: str) -> None:
    ran = run(document(), DEAD, "--vault", vault, "--chain-id", "1")
    assert ran.status == 2
    assert "deployment.vault" in ran.said


@pytest.mark.parametrize("url", ["", "localhost:8545", "ftp://a", "http://", "http://[::1", "http://a:b"])
def test_no_url(run: Runner, url: str) -> None:
    ran = run(document(), url)
    assert ran.status == 2
    assert "--rpc is no URL" in ran.said


def test_no_key(run: Runner) -> None:
    ran = run(document(), DEAD, key=None)
    assert ran.status == 2
    assert "set STRATC_KEEPER_KEY" in ran.said


def test_malformed_key_is_not_told(run: Runner) -> None:
    ran = run(document(), DEAD, key="0xsecret")
    assert ran.status == 2
    assert "secret" not in ran.text


@pytest.mark.parametrize(
    ("content", "said"), [("", "not JSON"), ("[]", "is not of type 'object'"), ("\ud800", "not UTF-8")]
)
def test_bad_configuration(run: Runner, content: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if content == "\ud800":
        monkeypatch.setattr(Path, "write_text", lambda path, *_: path.write_bytes(b"\xff\xfe"))
    ran = run(content, DEAD)
    assert ran.status == 2
    assert said in ran.said


def test_missing_configuration(run: Runner, tmp_path: Path) -> None:
    for name, said in (("no.json", "No such file"), (".", "Is a directory")):
        ran = run(document(), DEAD, "--config", str(tmp_path / name))
        assert ran.status == 2
        assert said in ran.said


def test_wrong_chain_says_both(run: Runner, chain: AnvilChain, vault: Contract) -> None:
    ran = run(document(), chain.url, "--vault", vault.address, "--chain-id", "10")
    assert ran.status == 2
    assert "is chain 31337, and the vault is on chain 10" in ran.said


def test_no_code(run: Runner, chain: AnvilChain) -> None:
    ran = run(document(), chain.url, "--vault", NOWHERE, "--chain-id", "31337")
    assert (ran.status, ran.said) == (2, f"there is no contract at {NOWHERE} on chain 31337")


def test_wrong_contract(run: Runner, chain: AnvilChain, vault: Contract) -> None:
    other = bound_document(vault)
    other["code"]["vault"]["runtime_keccak256"] = "0x" + "00" * 32
    ran = run(other, chain.url)
    assert ran.status == 2
    assert "wrong contract" in ran.said
    assert "is not this vault " in ran.said
    longer = bound_document(vault)
    longer["code"]["vault"]["runtime_bytes"] = len(chain.code(vault.address)) + 1
    assert "wrong contract" in run(longer, chain.url).said


def test_wrong_actions(run: Runner, chain: AnvilChain, vault: Contract) -> None:
    """The right vault may have been created with other code behind it."""
    other = bound_document(vault)
    other["code"]["actions"]["runtime_keccak256"] = "0x" + "00" * 32
    ran = run(other, chain.url)
    assert ran.status == 2
    assert "is not this vault's actions" in ran.said


def test_immutables_do_not_matter(run: Runner, chain: AnvilChain) -> None:
    first, second = deploy(chain, KEEPER), deploy(chain, ACCOUNTS[2])
    assert chain.code(first.address) != chain.code(second.address)
    runtime = bytes.fromhex(compiled()["bytecode_runtime"][2:])
    assert all(chain.code(one.address).startswith(runtime) for one in (first, second))
    assert run(bound_document(first), chain.url, "--once").status == 0


def test_a_key_that_is_not_the_keepers_is_warned_of(run: Runner, chain: AnvilChain) -> None:
    ran = run(bound_document(deploy(chain, ACCOUNTS[2])), chain.url, "--once")
    assert ran.status == 0
    assert ran.names[0] == "not_the_keeper"
    assert ACCOUNTS[2] in ran.events[0]["message"].lower()


def test_an_empty_purse(run: Runner, chain: AnvilChain, vault: Contract) -> None:
    chain.rpc("anvil_setBalance", KEEPER, "0x0")
    ran = run(bound_document(vault), chain.url)
    assert ran.status == 2
    assert "has nothing to pay gas with" in ran.said


def test_a_dead_endpoint_ends_a_single_pass_with_status_1(run: Runner, chain: AnvilChain, vault: Contract) -> None:
    with endpoint(chain.port) as rpc:
        url = rpc.url
    ran = run(bound_document(vault), url, "--once")
    assert ran.status == 1
    assert "cannot connect to 127.0.0.1" in ran.said
    assert "secret-token" not in ran.text


@pytest.mark.parametrize("spoil", [Endpoint.garbage, Endpoint.nest])
def test_an_answer_that_nobody_could_read(
    spoil: Callable[[Endpoint, str], None], run: Runner, chain: AnvilChain, vault: Contract
) -> None:
    with endpoint(chain.port) as rpc:
        spoil(rpc, "eth_chainId")
        ran = run(bound_document(vault), rpc.url, "--once")
    assert ran.status == 1
    assert ran.said.startswith("127.0.0.1:")
    assert "gives no usable answer" in ran.said


def test_state_of_another_vault(run: Runner, chain: AnvilChain, vault: Contract) -> None:
    assert run(bound_document(vault), chain.url, "--once").status == 0
    ran = run(bound_document(deploy(chain, KEEPER)), chain.url, "--once")
    assert ran.status == 2
    assert "belongs to vault" in ran.said


def test_key_from_a_keystore(
    run: Runner, chain: AnvilChain, vault: Contract, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "key.json"
    file.write_text(json.dumps(Account.encrypt(KEY, "open", kdf="pbkdf2", iterations=2)))
    monkeypatch.setenv("STRATC_KEEPER_PASSWORD", "open")
    ran = run(bound_document(vault), chain.url, "--once", "--keystore", str(file), key=None)
    assert ran.status == 0
    assert KEEPER in ran.text.lower()


def test_without_the_extra_the_command_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "keeper.json").write_text("{}")
    program = (
        "import sys; sys.modules['web3'] = None\n"
        "from argparse import ArgumentParser\n"
        "from stratc_targets.keeper.arguments import add_arguments\n"
        "from stratc_targets.keeper.command import main\n"
        "parser = ArgumentParser(); add_arguments(parser)\n"
        "sys.exit(main(parser.parse_args(['--config', 'keeper.json', '--rpc', 'http://a', '--log', 'text'])))\n"
    )
    ran = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.returncode == 2
    assert "web3 is not installed: pip install 'stratc[keeper]'" in ran.stderr
    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize(
    "option",
    [
        ("--poll", "0"),
        ("--poll", "x"),
        ("--max-fee", "-1"),
        ("--chain-id", "1.5"),
        ("--max-fee", "nan"),
        ("--poll", "inf"),
    ],
)
def test_options_out_of_range(run: Runner, option: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run(document(), DEAD, *option)
    assert ended.value.code == 2
    assert f"argument {option[0]}: " in capsys.readouterr().err


def test_the_endpoint_of_the_rig_is_transparent(run: Runner, chain: AnvilChain, vault: Contract) -> None:
    with endpoint(chain.port) as rpc:
        assert isinstance(rpc, Endpoint)
        ran = run(bound_document(vault), rpc.url, "--once")
    assert ran.status == 0
    assert "secret-token" not in ran.text
    assert "eth_sendRawTransaction" in rpc.methods
