"""`stratc build`: what was proved is written, the same bytes each time; what was not is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli.made import PROVED, REFUTED, UNKNOWN, verification
from stratc import analysis
from stratc.__main__ import main
from stratc_compiler.verdict import ClaimResult

EXAMPLES = Path(__file__).parents[2] / "examples"
TREASURY = str(EXAMPLES / "treasury.strat")
CARRY = str(EXAMPLES / "eth_carry.strat")


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below a folder with its bytes."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def decide(monkeypatch: pytest.MonkeyPatch, *claims: ClaimResult) -> None:
    """Let the prover answer with these claims."""
    monkeypatch.setattr(analysis.driver, "verify", lambda vault, source: verification(*claims))


@pytest.mark.parametrize(("claims", "status"), [((PROVED, REFUTED), 1), ((PROVED, UNKNOWN), 3), ((), 3)])
def test_what_is_not_proved_is_not_built(
    claims: tuple[ClaimResult, ...],
    status: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    decide(monkeypatch, *claims)
    assert main(["build", TREASURY, "--out", str(tmp_path / "out")]) == status
    said = capsys.readouterr()
    assert "nothing was built" in said.err
    assert all(claim.name in said.out for claim in claims)
    assert not (tmp_path / "out").exists()


def test_an_earlier_build_survives_a_refusal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "Treasury").mkdir()
    (tmp_path / "Treasury" / "certificate.json").write_text("{}")
    decide(monkeypatch, REFUTED)
    assert main(["build", TREASURY, "--out", str(tmp_path)]) == 1
    assert tree(tmp_path) == {"Treasury/certificate.json": b"{}"}


def never(*_: object) -> None:
    raise AssertionError("a proof was tried for a build that could not be written")


@pytest.mark.parametrize("obstacle", ["out is a file", "somebody else's folder", "one name twice"])
def test_an_impossible_build_is_refused_before_any_proof(
    obstacle: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(analysis.driver, "verify", never)
    out = tmp_path / "out"
    files = [TREASURY]
    match obstacle:
        case "out is a file":
            out.write_text("mine")
        case "somebody else's folder":
            (out / "Treasury").mkdir(parents=True)
        case _:
            files = [TREASURY, TREASURY]
    assert main(["build", *files, "--out", str(out)]) == 2
    assert capsys.readouterr().err.startswith("error: ")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both examples, built once."""
    out = tmp_path_factory.mktemp("built") / "out"
    assert main(["build", TREASURY, CARRY, "--out", str(out)]) == 0
    return out


def test_a_build_holds_what_a_deployment_needs(built: Path) -> None:
    assert sorted(folder.name for folder in built.iterdir()) == ["EthCarry", "Treasury"]
    for strategy in ("EthCarry", "Treasury"):
        names = set(tree(built / strategy))
        assert {"keeper.json", "certificate.json"} <= names
        assert any(name.endswith(".vy") for name in names)


def test_every_json_of_a_build_is_json(built: Path) -> None:
    for name, contents in tree(built).items():
        if name.endswith(".json"):
            json.loads(contents)


def test_the_same_input_gives_the_same_bytes(built: Path, tmp_path: Path) -> None:
    """In another folder, over an earlier build, and with the strategies in the other order."""
    out = tmp_path / "again"
    for _ in range(2):
        assert main(["build", CARRY, TREASURY, "--out", str(out)]) == 0
    assert tree(out) == tree(built)


def test_a_build_names_no_folder_of_this_machine(built: Path) -> None:
    here = str(EXAMPLES.parent).encode()
    assert [name for name, contents in tree(built).items() if here in contents] == []
