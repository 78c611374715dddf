"""What rests on one solver alone is never told as what has a proof: in text, JSON, certificate and audit."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from cli.test_json import document
from stratc.__main__ import main
from stratc.analysis import load
from stratc.decide import Report, prove
from stratc.deployable import of_build
from stratc.render import verification_text
from stratc_compiler.certificate import certificate_json
from stratc_compiler.driver import verify
from stratc_compiler.questions import Questions
from stratc_compiler.search import NoProof, Search
from stratc_compiler.verdict import ObligationResult, Proved, Round, SolverSays, Verification
from stratc_targets.deploy.command import Stopped

IDLE = str(Path(__file__).parents[1] / "vyper_target" / "idle.strat")


@pytest.fixture
def unproved(monkeypatch: pytest.MonkeyPatch) -> Report:
    """All that the solver says of a strategy of which the search finds no proof."""

    def nothing(search: Search, goal: object) -> None:
        raise NoProof

    monkeypatch.setattr(Search, "refute", nothing)
    monkeypatch.setenv("STRATC_CACHE_DIR", "")
    return prove(load(IDLE))


def test_each_claim_says_so_with_the_ids(unproved: Report) -> None:
    verification = unproved.results[0].verification
    assert verification.proved
    told = {claim.name: claim.on_solver_alone for claim in verification.claims}
    assert told["consistent"] == ()  # witnesses are replayed
    assert len(told["survives"]) == 2
    text = " ".join(verification_text(verification, 0.0).split())
    resting = [ids for ids in told.values() if ids]
    assert text.count("= on Z3's word alone, no proof to check: ") == len(resting) > 3
    assert all(f"no proof to check: {', '.join(ids)}" in text for ids in resting)
    shown = document(unproved)["files"][0]["strategies"][0]["claims"]
    assert {claim["name"]: tuple(claim["solver_alone"]) for claim in shown} == told


def test_the_certificate_says_so_and_the_audit_does_not_accept_it(
    unproved: Report, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    verification = unproved.results[0].verification
    certificate = tmp_path / "certificate.json"
    certificate.write_text(certificate_json(verification), encoding="utf-8")
    parts = [one for claim in json.loads(certificate.read_text())["claims"] for one in claim["obligations"]]
    alone = {one["id"] for one in parts if one["kind"] == "solver"}
    assert alone == {id_ for claim in verification.claims for id_ in claim.on_solver_alone}
    assert main(["audit", str(certificate)]) == 3
    assert "on Z3's word alone: " in capsys.readouterr().out


def test_of_what_has_proofs_nothing_is_said() -> None:
    verification = prove(load(IDLE)).results[0].verification
    assert not any(claim.on_solver_alone for claim in verification.claims)
    assert "word alone" not in verification_text(verification, 0.0)


def test_what_is_deployed_is_asked_again(
    unproved: Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A certificate in which somebody wrote that the solver has proved what it refutes is accepted by nobody."""
    monkeypatch.undo()
    text = Path(IDLE).read_text(encoding="utf-8")
    for place, claimed in enumerate(("idle(USDC) >= 50% of nav", "idle(USDC) <= 50% of nav")):
        folder = tmp_path / str(place)
        folder.mkdir()
        strategy = folder / "idle.strat"
        strategy.write_text(text.replace("prove {", f"prove {{ invariant mine: {claimed};"), encoding="utf-8")
        (model,) = load(str(strategy)).models
        (folder / "certificate.json").write_text(_forged(verify(model.vault, model.source)), encoding="utf-8")
        assert main(["audit", str(folder / "certificate.json")]) == 3
        for name in ("keeper.json", "bytecode.hex", "actions.blueprint.hex"):
            (folder / name).write_text("0x00", encoding="utf-8")
        with pytest.raises(Stopped) as stopped:
            of_build(folder).package()
        assert stopped.value.status == (2, 1)[place]  # the one has other code, the other is refuted
    assert "not proved: invariant mine" in capsys.readouterr().err


def _forged(verification: Verification) -> str:
    """The certificate of a verification in which the solver is said to have proved everything."""
    questions = Questions()

    def told(result: ObligationResult) -> ObligationResult:
        if isinstance(result.evidence, Round):
            return result
        return replace(result, verdict=Proved(), evidence=SolverSays(questions.add(result.obligation)))

    claims = [
        replace(one, verdict=Proved(), obligations=tuple(map(told, one.obligations))) for one in verification.claims
    ]
    return certificate_json(replace(verification, claims=tuple(claims)))
