"""The examples by the command: the honest ones are proved and built, the one that asks too much is refuted.

In one file, so that one process decides each of them once for all tests.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from cli.examples import BLUE, CARRY, CARRY_45, FOLDER, IDLE, TREASURY, remembering, tree
from stratc.__main__ import main

ALWAYS = ["consistent", "survives", "recovers", "quiet", "fair", "exits"]
TREASURY_CLAIMS = [*ALWAYS, "solvent", "loss <= 1% per round", "survives loss of save", "exit >= 60% of nav"]
CARRY_CLAIMS = [*ALWAYS, "solvent", "safe(aave)", "loss <= 20% per round", "exit >= 93% of nav"]


@pytest.fixture(autouse=True)
def _remembering() -> Iterator[None]:
    with remembering():
        yield


def test_the_examples_are_proved_and_every_claim_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", TREASURY, CARRY]) == 0
    said = capsys.readouterr()
    assert said.err == ""
    verdicts = [line for line in said.out.splitlines() if line.startswith("  ")]
    assert [line.split()[0] for line in verdicts] == ["proved"] * len(TREASURY_CLAIMS + CARRY_CLAIMS)
    for line, claim in zip(verdicts, TREASURY_CLAIMS + CARRY_CLAIMS, strict=True):
        assert line.removeprefix("  proved   ").startswith(claim)


def test_the_carry_at_morpho_is_proved_as_the_one_at_aave_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", BLUE]) == 0
    verdicts = [line for line in capsys.readouterr().out.splitlines() if line.startswith("  ")]
    claims = [claim.replace("aave", "blue") for claim in CARRY_CLAIMS]
    assert [line.split()[0] for line in verdicts] == ["proved"] * len(claims)
    for line, claim in zip(verdicts, claims, strict=True):
        assert line.removeprefix("  proved   ").startswith(claim)


def test_the_same_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", TREASURY, CARRY, "--format", "json"]) == 0
    document = json.loads(capsys.readouterr().out)
    shown = [strategy for file in document["files"] for strategy in file["strategies"]]
    assert [strategy["name"] for strategy in shown] == ["Treasury", "EthCarry"]
    for strategy, claims in zip(shown, (TREASURY_CLAIMS, CARRY_CLAIMS), strict=True):
        assert strategy["proved"] is True
        assert [claim["name"] for claim in strategy["claims"]] == claims
        assert {assumption["guardian"] for assumption in strategy["assumptions"]} <= {"enforced", "watched", "trusted"}


def test_a_carry_that_must_outlive_45_percent_is_refuted_with_a_scenario(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", CARRY_45]) == 1
    said = capsys.readouterr().out
    assert "refuted  safe(aave)" in said
    assert "price(WETH) -45%" in said
    assert "aave can liquidate: health(aave) = 0." in said


def test_that_scenario_is_complete_in_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", CARRY_45, "--format", "json"]) == 1
    (file,) = json.loads(capsys.readouterr().out)["files"]
    claims = {claim["name"]: claim for claim in file["strategies"][0]["claims"]}
    settled, after = claims["safe(aave)"]["scenario"]["settled"], claims["safe(aave)"]["scenario"]["after"]
    assert int(after["price(WETH)"]) * 100 == int(settled["price(WETH)"]) * 55
    assert settled.keys() == after.keys()


def test_the_worst_of_several_files_counts(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", CARRY_45, TREASURY]) == 1
    assert main(["verify", CARRY_45, "nowhere.strat", TREASURY]) == 2
    said = capsys.readouterr()
    assert "Treasury" in said.out
    assert "nowhere.strat" in said.err


@dataclass(frozen=True)
class Built:
    """What was built of which files, into which folder."""

    files: tuple[str, ...]
    out: Path


@pytest.fixture(
    scope="module",
    params=[pytest.param(False, id="the quickest, twice"), pytest.param(True, id="treasury", marks=pytest.mark.long)],
)
def built(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Two strategies, built once: an example takes ten seconds to compile."""
    folder = tmp_path_factory.mktemp("built")
    twin = folder / "twin.strat"
    twin.write_text(Path(IDLE).read_text("utf-8").replace("strategy Plain", "strategy Twin"), "utf-8")
    files = (TREASURY if request.param else str(twin), IDLE)
    with remembering():
        assert main(["build", *files, "--out", str(folder / "out")]) == 0
    return Built(files, folder / "out")


def test_a_build_holds_what_a_deployment_needs(built: Built) -> None:
    folders = sorted(built.out.iterdir())
    assert len(folders) == len(built.files)
    for folder in folders:
        names = set(tree(folder))
        assert {"abi.json", "bytecode.hex", "runtime.hex", "standard.json", "keeper.json", "certificate.json"} <= names
        assert {"actions.blueprint.hex", "actions.runtime.hex", "actions.standard.json"} <= names
        assert {"contracts/Vault.vy", "contracts/Actions.vy"} <= names


def test_every_json_of_a_build_is_json(built: Built) -> None:
    for name, contents in tree(built.out).items():
        if name.endswith(".json"):
            json.loads(contents)


def test_the_same_input_gives_the_same_bytes(built: Built, tmp_path: Path) -> None:
    """In another process with other hashes, from another folder by other paths, in the other order."""
    files = [os.path.relpath(file, FOLDER) for file in reversed(built.files)]
    done = subprocess.run(
        [sys.executable, "-m", "stratc", "build", *files, "--out", str(tmp_path / "again")],
        cwd=FOLDER,
        env=os.environ | {"PYTHONHASHSEED": "4711"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert tree(tmp_path / "again") == tree(built.out)


def test_a_build_names_no_folder_of_this_machine(built: Built) -> None:
    here = str(FOLDER.parent).encode()
    assert [name for name, contents in tree(built.out).items() if here in contents] == []
