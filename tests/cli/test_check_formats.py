"""`stratc check` for machines, and warnings that a gate denies."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator, Draft202012Validator
from referencing import Registry, Resource

from lab.npm import package
from stratc.__main__ import main

ROOT = Path(__file__).parents[2]
CORPUS = sorted((ROOT / "tests" / "dsl" / "corpus").glob("*.strat"))
CARRY = ROOT / "examples" / "eth_carry.strat"
TREASURY = str(ROOT / "examples" / "treasury.strat")


@pytest.fixture
def warned(tmp_path: Path) -> str:
    """A strategy that is well formed, with one warning."""
    path = tmp_path / "late carry.strat"
    path.write_text(CARRY.read_text("utf-8").replace("health(aave) < 1.50", "health(aave) < 1.30"), "utf-8")
    return str(path)


def printed(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    status = main(["check", *words])
    said = capsys.readouterr()
    return status, said.out, said.err


def schema(name: str) -> Any:
    return json.loads((ROOT / "docs" / name).read_text("utf-8"))


def test_json_is_as_its_schema_says(capsys: pytest.CaptureFixture[str], tmp_path: Path, warned: str) -> None:
    status, out, err = printed(capsys, "--format", "json", TREASURY, warned, str(tmp_path), *map(str, CORPUS[:20]))
    assert (status, err) == (2, "")
    registry: Any = Registry().with_resource("verify.schema.json", Resource.from_contents(schema("verify.schema.json")))
    Draft202012Validator(schema("check.schema.json"), registry=registry).validate(json.loads(out))
    files = json.loads(out)["files"]
    assert files[0] == {"file": TREASURY, "strategies": ["Treasury"], "diagnostics": []}
    assert [one["severity"] for one in files[1]["diagnostics"]] == ["warning"]
    assert files[1]["strategies"] == ["EthCarry"]
    assert files[2]["diagnostics"][0]["primary"] is None


def test_sarif_is_as_its_published_schema_says(capsys: pytest.CaptureFixture[str], tmp_path: Path, warned: str) -> None:
    status, out, err = printed(capsys, "--format", "sarif", TREASURY, warned, str(tmp_path), *map(str, CORPUS))
    assert (status, err) == (2, "")
    log = json.loads(out)
    published = package("@microsoft/jest-sarif") / "lib" / "schemas" / "sarif-2.1.0-rtm.5.json"
    Draft7Validator(json.loads(published.read_text("utf-8"))).validate(log)
    (run,) = log["runs"]
    found = {result["ruleId"] for result in run["results"]}
    assert (
        found
        == {rule["id"] for rule in run["tool"]["driver"]["rules"]}
        >= {path.stem[:5] for path in CORPUS} - {"E0002", "E1004", "E1005"}
    )  # the corpus says how large a file is too large, and does not hold one; `check` takes a file that only shares
    for result in run["results"]:
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]


def test_sarif_says_where(capsys: pytest.CaptureFixture[str], warned: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path(warned).parent)
    _, out, _ = printed(capsys, "--format", "sarif", Path(warned).name, warned)
    first, second = json.loads(out)["runs"][0]["results"]
    assert first["level"] == "warning"
    (place,) = (location["physicalLocation"] for location in first["locations"])
    assert place["artifactLocation"]["uri"] == "late%20carry.strat"
    assert (place["region"]["startLine"], place["region"]["startColumn"]) == (35, 14)
    assert first["relatedLocations"][0]["message"]["text"] == "the floor"
    assert second["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == Path(warned).as_uri()


def test_a_warning_passes_unless_it_is_denied(capsys: pytest.CaptureFixture[str], warned: str) -> None:
    status, out, err = printed(capsys, warned)
    assert status == 0
    assert "is well formed" in out
    assert err.count("warning[W0602]") == 1
    status, out, err = printed(capsys, "--deny", "warnings", warned)
    assert (status, out) == (2, "")
    assert err.count("error[W0602]") == 1


@pytest.mark.parametrize("command", [["verify"], ["build", "--out", "never"]])
def test_what_is_denied_is_neither_proved_nor_built(
    command: list[str], capsys: pytest.CaptureFixture[str], warned: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(Path(warned).parent)
    assert main([*command, "--deny", "warnings", warned]) == 2
    said = capsys.readouterr()
    assert "error[W0602]" in said.err
    assert said.out == ""
    assert list(Path(warned).parent.iterdir()) == [Path(warned)]
