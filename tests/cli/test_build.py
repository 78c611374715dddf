"""`stratc build`: what was proved is written, the same bytes each time; what was not is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.examples import IDLE, TREASURY, tree
from cli.made import PROVED, REFUTED, UNKNOWN, verification
from stratc import decide
from stratc.__main__ import main
from stratc_compiler.verdict import ClaimResult
from stratc_targets.vyper import build as compiling


def answer(monkeypatch: pytest.MonkeyPatch, *claims: ClaimResult) -> None:
    """Let the prover answer with these claims."""
    monkeypatch.setattr(decide.driver, "verify", lambda vault, source, options: verification(*claims))


@pytest.mark.parametrize(("claims", "status"), [((PROVED, REFUTED), 1), ((PROVED, UNKNOWN), 3), ((), 3)])
def test_what_is_not_proved_is_not_built(
    claims: tuple[ClaimResult, ...],
    status: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    answer(monkeypatch, *claims)
    assert main(["build", TREASURY, "--out", str(tmp_path / "out")]) == status
    said = capsys.readouterr()
    assert "nothing was built" in said.err
    assert all(claim.name in said.out for claim in claims)
    assert not (tmp_path / "out").exists()


def test_an_earlier_build_survives_a_refusal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "Treasury").mkdir()
    (tmp_path / "Treasury" / "certificate.json").write_text("{}")
    answer(monkeypatch, REFUTED)
    assert main(["build", TREASURY, "--out", str(tmp_path)]) == 1
    assert tree(tmp_path) == {"Treasury/certificate.json": b"{}"}


@pytest.mark.long
def test_code_that_no_chain_accepts_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(compiling, "CODE_LIMIT", 10_000)
    assert main(["build", IDLE, "--out", str(tmp_path / "out")]) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: Plain: Vault.vy has ")
    assert "10,000 are allowed; largest parts: " in said
    assert not (tmp_path / "out").exists()


def never(*_: object) -> None:
    raise AssertionError("a proof was tried for a build that could not be written")


@pytest.mark.parametrize("obstacle", ["out is a file", "somebody else's folder", "one name twice"])
def test_an_impossible_build_is_refused_before_any_proof(
    obstacle: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(decide.driver, "verify", never)
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


def test_a_file_whose_name_nobody_could_write_down(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "idle\udcff.strat"
    file.write_bytes(Path(IDLE).read_bytes())
    assert main(["build", str(file), "--out", str(tmp_path / "out")]) == 2
    assert "not supported yet: a file whose name is no UTF-8" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
