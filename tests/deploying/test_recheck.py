"""`stratc deploy --check`: a deployed vault is compared with what was proved, and each difference is told."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cli.examples import TREASURY
from deploying.market import Command
from lab.chain import ACCOUNTS, AnvilChain
from stratc_targets.deploy.node import Node
from stratc_targets.keeper.alerts import emit_alerts
from stratc_targets.keeper.emit import document_text

pytestmark = pytest.mark.anvil


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the first test leaves what it deployed."""
    return tmp_path_factory.mktemp("kept")


@pytest.fixture
def deployed(command: Command, kept: Path, tmp_path: Path) -> Iterator[Command]:
    """The treasury, deployed once; its record lies here as record.json, and the chain is put back."""
    if not (kept / "record.json").exists():
        assert command.run("--yes", "--record", str(kept / "record.json")).status == 0
    for one in kept.iterdir():
        shutil.copy(one, tmp_path)
    chain = command.world.chain
    snapshot = chain.snapshot()
    yield command
    chain.revert(snapshot)


def chain(command: Command) -> AnvilChain:
    assert isinstance(command.world.chain, AnvilChain)
    return command.world.chain


def record() -> Any:
    return json.loads(Path("record.json").read_text("utf-8"))


def rewrite(**changes: Any) -> None:
    Path("record.json").write_text(json.dumps(record() | changes), "utf-8")


def test_all_is_as_it_was_proved(deployed: Command) -> None:
    ran = deployed.check("record.json", TREASURY)
    assert (ran.status, ran.err) == (0, "")
    vault = record()["vault"]["address"]
    assert ran.out.endswith(f"Treasury at {vault} is what was proved\n")
    for said in (
        "ok     certificate",
        "ok     actions",
        "ok     vault",
        "ok     venues.aave",
        "ok     feeds.USDC",
        "ok     keeper.json",
    ):
        assert said in ran.out
    assert "wrong" not in ran.out


def test_another_code(deployed: Command) -> None:
    for name in ("vault", "actions", "blueprint"):
        address = record()["actions"] if name == "actions" else record()[name]["address"]
        code = bytearray(chain(deployed).code(address))
        code[2_000] ^= 1
        chain(deployed).rpc("anvil_setCode", address, f"0x{code.hex()}")
    ran = deployed.check("record.json")
    assert ran.status == 1
    assert ran.out.count("its code differs from byte 2,000 on") == 3
    assert "is not what was proved: " in ran.out


def test_immutables_that_are_not_those_of_the_record(deployed: Command) -> None:
    code = record()["code"]
    code["actions"]["immutables"] = code["actions"]["immutables"][:-2] + "ff"
    rewrite(code=code)
    ran = deployed.check("record.json")
    assert ran.status == 1
    assert "wrong  actions" in ran.out
    assert "its immutables are not those of its constructor's arguments" in ran.out


def test_other_arguments_than_the_transaction_had(deployed: Command) -> None:
    arguments = record()["arguments"]
    arguments[2]["address"] = ACCOUNTS[2]
    rewrite(arguments=arguments)
    ran = deployed.check("record.json")
    assert ran.status == 1
    assert "made it of other code, or with other arguments than the record says" in ran.out


def test_another_transaction(deployed: Command) -> None:
    step = record()["vault"]
    step["landed"]["tx_hash"] = record()["blueprint"]["landed"]["tx_hash"]
    rewrite(vault=step)
    ran = deployed.check("record.json")
    assert ran.status == 1
    assert f"did not make the contract at {step['address']}" in ran.out


def test_a_node_that_has_forgotten(deployed: Command) -> None:
    deployed.patch.setattr(Node, "data_of", lambda *_: None)
    ran = deployed.check("record.json")
    assert ran.status == 3
    assert "does not have its transaction" in ran.out
    assert ran.out.endswith("of 2 things nothing can be said\n")


def test_what_governance_has_changed(deployed: Command) -> None:
    deployed.world.aave.pause(deployed.world.usdc)
    ran = deployed.check("record.json")
    assert ran.status == 1
    assert "wrong  venues.aave" in ran.out
    assert "its reserve of USDC is paused" in ran.out


def test_a_keeper_that_was_appointed_since(deployed: Command) -> None:
    vault = chain(deployed).at(json.loads((deployed.build / "abi.json").read_text()), record()["vault"]["address"])
    vault.send("set_keeper", ACCOUNTS[2], sender=ACCOUNTS[5])
    ran = deployed.check("record.json")
    assert ran.status == 0
    assert "note   roles.keeper" in ran.out


def test_another_certificate(deployed: Command) -> None:
    certificate = Path("certificate.json")
    text = certificate.read_text("utf-8")
    certificate.write_text(text + " ", "utf-8")
    ran = deployed.check("record.json")
    assert ran.status == 1
    assert "it is not the one that the vault was deployed with" in ran.out
    certificate.write_text(text.replace('"verdict": "proved"', '"verdict": "hoped"', 1), "utf-8")
    ran = deployed.check("record.json")
    assert ran.status == 1
    assert "certificate.json: rejected: " in ran.err
    certificate.unlink()
    ran = deployed.check("record.json")
    assert ran.status == 2
    assert "cannot read certificate.json" in ran.err


def test_what_the_keeper_is_told_is_compared_too(deployed: Command) -> None:
    keeper, alerts = Path("keeper.json"), Path("alerts.yml")
    document = json.loads(keeper.read_text("utf-8"))

    def found(status: int, changed: dict[str, Any]) -> str:
        keeper.write_text(document_text(document | changed), "utf-8")
        ran = deployed.check("record.json")
        assert ran.status == status
        return " ".join(ran.out.split())

    caps = {"max_fee_per_gas_gwei": {"normal": 20, "emergency": 900}}
    changed = {"gas": document["gas"] | caps}
    alerts.write_text(emit_alerts(document | changed).text, "utf-8")
    said = found(0, changed)
    assert "note keeper.json" in said
    assert "but for gas: 20 gwei at most, 900 for a rescue" in said
    assert "ok alerts.yml" in said
    silenced = document["alarms"][0] | {"measure": document["alarms"][0]["measure"] | {"high": "86400"}}
    said = found(1, {"alarms": [silenced, *document["alarms"][1:]]})
    assert "wrong keeper.json it differs from what the source gives in alarms ok alerts.yml" in said
    alerts.write_text(alerts.read_text("utf-8").replace("StratcBlocksOld", "Quiet"), "utf-8")
    said = found(1, {})
    assert "ok keeper.json" in said
    assert "wrong alerts.yml it differs from what keeper.json gives" in said
    assert "wrong keeper.json keeper.json: period: " in found(1, {"period": "soon"})
    alerts.unlink()
    keeper.unlink()
    ran = deployed.check("record.json")
    assert ran.status == 0
    assert "note keeper.json there is no keeper.json note alerts.yml there is no alerts.yml" in " ".join(
        ran.out.split()
    )


def test_another_source(deployed: Command) -> None:
    Path("other.strat").write_text(Path(TREASURY).read_text("utf-8").replace("loss <= 1%", "loss <= 2%"), "utf-8")
    ran = deployed.check("record.json", "other.strat")
    assert ran.status == 1
    assert "rejected: it is about another text than other.strat" in ran.err


def test_a_record_that_cannot_be_used(deployed: Command) -> None:
    good = record()
    cases = {
        "there is no record none.json": ("none.json", None),
        "it is not JSON": ("record.json", "{"),
        "is no record of a deployment: $": ("record.json", json.dumps(good | {"chain_id": 0})),
        "this is stratc.deployment/9": ("record.json", json.dumps(good | {"schema": "stratc.deployment/9"})),
        "was not finished: go on with it first": ("record.json", json.dumps(good | {"vault": None})),
        "wrong chain: ": ("record.json", json.dumps(good | {"chain_id": 1})),
        "other arguments than the constructor": ("record.json", json.dumps(good | {"arguments": []})),
    }
    for said, (name, text) in cases.items():
        if text is not None:
            Path(name).write_text(text, "utf-8")
        ran = deployed.check(name)
        assert ran.status == 2, said
        assert said in ran.err


def test_nobody_answers(deployed: Command) -> None:
    ran = deployed.check("record.json", rpc="http://127.0.0.1:9")
    assert (ran.status, ran.out) == (3, "")
    assert "cannot connect to 127.0.0.1:9" in ran.err
