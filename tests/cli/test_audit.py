"""`stratc audit`: accepts what `build` wrote, rejects every certificate that was tampered with, and loads no solver."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from proofs.strategies import EXAMPLES, verified
from stratc.__main__ import main
from stratc_compiler.certificate import certificate_json

Certificate = dict[str, Any]


@pytest.fixture(scope="module")
def text() -> str:
    return certificate_json(verified("treasury"))


def audited(tmp_path: Path, document: Any, *more: str) -> int:
    path = tmp_path / "certificate.json"
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return main(["audit", str(path), *more])


@pytest.mark.parametrize("name", ["treasury", "eth_carry"])
def test_what_build_wrote_is_accepted(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    verification = verified(name)
    assert audited(tmp_path, certificate_json(verification), "--source", str(EXAMPLES / f"{name}.strat")) == 0
    said = capsys.readouterr().out
    assert verification.source.digest() in said
    proofs = sum(len(claim.obligations) for claim in verification.claims[1:])
    assert f"{proofs} proofs" in said


def test_no_solver_is_loaded(text: str, tmp_path: Path) -> None:
    path = tmp_path / "certificate.json"
    path.write_text(text)
    program = (
        "import sys; from stratc.__main__ import main; "
        "status = main(['audit', sys.argv[1]]); "
        "sys.exit(status or bool({'z3', 'highspy'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", program, str(path)], capture_output=True).returncode == 0


def claim(document: Certificate, name: str) -> Any:
    return next(one for one in document["claims"] if one["name"] == name)


def first(document: Certificate, kind: str) -> Any:
    """The first obligation of that kind."""
    return next(one for told in document["claims"] for one in told["obligations"] if one["kind"] == kind)


def weaker_goal(document: Certificate) -> None:
    told = first(document, "derivation")
    told["goal"] = told["goal"] + "(assert (< 1.0 0.0))\n"


def weaker_context(document: Certificate) -> None:
    """A contradiction among the assumptions, from which everything follows."""
    told = first(document, "derivation")
    document["contexts"][told["context"]] += "(assert (> 0.0 1.0))\n"


def other_context(document: Certificate) -> None:
    told = claim(document, "survives")["obligations"][0]
    told["context"] = claim(document, "survives")["obligations"][1]["context"]


def less_than_assumed(document: Certificate) -> None:
    told = next(one for one in claim(document, "survives")["obligations"] if one["rests_on"])
    told["rests_on"] = told["rests_on"][1:]


def other_text(document: Certificate) -> None:
    file = document["source"]["files"][0]
    file["text"] = file["text"].replace("loss <= 1%", "loss <= 2%").replace("keeper every", "keeper  every")


def broken_text(document: Certificate) -> None:
    document["source"]["files"][0]["text"] = "strategy {"


def flattering_word(document: Certificate) -> None:
    document["assumptions"][0]["guardian"] = "enforced"


def dropped_obligation(document: Certificate) -> None:
    del claim(document, "recovers")["obligations"][3]


def dropped_claim(document: Certificate) -> None:
    document["claims"] = [one for one in document["claims"] if one["name"] != "quiet"]


def other_claim(document: Certificate) -> None:
    claim(document, "survives")["text"] = "nothing can ever happen"


def tampered_proof(document: Certificate) -> None:
    terms = document["proofs"][first(document, "derivation")["proof"]]
    while "sum" not in terms:
        terms = terms["cases"][0]
    terms["sum"] = terms["sum"][1:]


def no_proof(document: Certificate) -> None:
    document["proofs"] = {}


def unproved(document: Certificate) -> None:
    first(document, "derivation")["verdict"] = "unknown"


def no_evidence(document: Certificate) -> None:
    first(document, "derivation")["kind"] = "none"


def invented_witness(document: Certificate) -> None:
    first(document, "witness")["settled"]["idle(USDC)"] = "0"


def incomplete_witness(document: Certificate) -> None:
    del first(document, "witness")["moment"]["save"]


def empty_witness(document: Certificate) -> None:
    """Of nothing every share is as it should be."""
    witness = first(document, "witness")
    for state in (witness["settled"], witness["moment"]):
        state.update({name: "0" for name in state if not name.startswith(("price", "unit"))})


def worthless_witness(document: Certificate) -> None:
    witness = first(document, "witness")
    witness["settled"]["unit(USDC)"] = witness["moment"]["unit(USDC)"] = "0"


def witness_of_other_decimals(document: Certificate) -> None:
    first(document, "witness")["moment"]["unit(USDC)"] = "1"


def negative_witness(document: Certificate) -> None:
    first(document, "witness")["deposited"] = "-5"


def talkative_witness(document: Certificate) -> None:
    first(document, "witness")["moment"]["nav"] = "1"


def talkative_evidence(document: Certificate) -> None:
    first(document, "derivation")["reviewed"] = "by nobody"


def talkative_claim(document: Certificate) -> None:
    document["claims"][0]["holds"] = True


def made_by_nobody(document: Certificate) -> None:
    del document["tools"]


def made_somehow(document: Certificate) -> None:
    document["options"] = {"rlimit": "much"}


def talkative_certificate(document: Certificate) -> None:
    document["audited"] = "twice"


def talkative_contexts(document: Certificate) -> None:
    document["contexts"]["of nothing"] = ""


def talkative_proofs(document: Certificate) -> None:
    document["proofs"]["of nothing"] = {"sum": []}


def other_schema(document: Certificate) -> None:
    document["schema"] = 1


def other_strategy(document: Certificate) -> None:
    document["strategy"] = "Carry"


def no_source(document: Certificate) -> None:
    del document["source"]


@pytest.mark.parametrize(
    ("tamper", "why"),
    [
        (weaker_goal, "goal: the certificate differs"),
        (weaker_context, "context: the certificate differs"),
        (other_context, "context: the certificate differs"),
        (less_than_assumed, "rests on other things than it says"),
        (other_text, "the certificate differs from what the source says"),
        (broken_text, "not well formed"),
        (flattering_word, "assumptions: the certificate differs"),
        (dropped_obligation, "recovers: obligations: the certificate differs"),
        (dropped_claim, "claims: the certificate differs"),
        (other_claim, "survives: text: the certificate differs"),
        (tampered_proof, "do not add up to a constant|no contradiction"),
        (no_proof, "no step of a proof"),
        (unproved, "verdict: the certificate differs"),
        (no_evidence, "kind 'none' is no evidence"),
        (invented_witness, "the witness does not replay"),
        (empty_witness, "the witness does not replay"),
        (worthless_witness, "no round of this vault"),
        (witness_of_other_decimals, "the witness does not replay"),
        (incomplete_witness, "no round of this vault"),
        (negative_witness, "no whole number"),
        (talkative_witness, "the witness: nothing reads `nav`"),
        (talkative_evidence, "nothing reads `reviewed`"),
        (talkative_claim, "consistent: nothing reads `holds`"),
        (talkative_certificate, "nothing reads `audited`"),
        (talkative_contexts, "contexts: nothing reads `of nothing`"),
        (talkative_proofs, "proofs: nothing reads `of nothing`"),
        (made_by_nobody, "`tools` is missing or is no dict"),
        (made_somehow, "`options` does not say what it was made with"),
        (other_schema, "schema 1 is not the one"),
        (other_strategy, "has no strategy Carry"),
        (no_source, "no certificate: `source` is missing"),
    ],
)
def test_a_tampered_certificate_is_rejected_with_the_reason(
    text: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    tamper: Callable[[Certificate], None],
    why: str,
) -> None:
    document = json.loads(text)
    tamper(document)
    assert audited(tmp_path, document) == 1
    said = capsys.readouterr().err
    assert "rejected: " in said
    assert any(part in said for part in why.split("|")), said


@pytest.mark.parametrize(("by", "told"), [("0.0.9", True), (version("stratc"), False), ("\x1b[2J", False), (9, False)])
def test_who_made_a_rejected_one_is_told_where_that_is_another(
    by: object, told: bool, text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = json.loads(text)
    document["tools"]["stratc"] = by
    assert audited(tmp_path, document) == (0 if isinstance(by, str) else 1)
    document["source"]["sha256"] = ""
    assert audited(tmp_path, document) == 1
    assert (f"(stratc {by} made it, " in capsys.readouterr().err) is told


def test_a_solvers_word_is_told_and_is_status_3(text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document = json.loads(text)
    told = claim(document, "survives")["obligations"][0]
    told["kind"] = "solver"
    del told["proof"]
    everything = audited(tmp_path, document)  # what it rests on is then all that it may use
    assert everything == 1
    told["core"], told["rests_on"] = _all_of(told["id"])
    assert audited(tmp_path, document) == 3
    assert f"on Z3's word alone: {told['id']}" in capsys.readouterr().out


def _all_of(id_: str) -> tuple[list[str], list[str]]:
    from stratc_compiler.assumptions import labels_of, rests_on

    verification = verified("treasury")
    (found,) = [r.obligation for c in verification.claims for r in c.obligations if r.obligation.id == id_]
    labels = labels_of(found)
    return list(labels), list(rests_on(labels, verification.vault))


@pytest.mark.parametrize(
    "content", ["", "not json", "[" * 100_000, "1e99999999999999999999", "9" * 5_000, '{"schema": 1, "schema": 2}']
)
def test_what_is_no_json_is_bad_input(content: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert audited(tmp_path, content) == 2
    assert "is not JSON" in capsys.readouterr().err


def test_what_is_quoted_of_a_certificate_moves_no_cursor(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever wrote it could have other lines printed than there are, of another strategy."""
    document = json.loads(text)
    document["source"]["files"][0]["name"] = "a.strat\x1b[2K\r\nGood, of good.strat"
    assert audited(tmp_path, document) == 0
    document["strategy"] = "Carry\x1b[2K"
    assert audited(tmp_path, document) == 1
    said = capsys.readouterr()
    assert len(said.out.splitlines()) == 3
    assert "\x1b" not in said.out + said.err


def test_a_missing_file_is_bad_input(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", str(tmp_path / "none.json")]) == 2
    assert "No such file" in capsys.readouterr().err


@pytest.mark.parametrize("document", [[], 5, {}, {"schema": 2}, {"schema": 2, "source": {"files": []}}])
def test_json_that_is_no_certificate_is_rejected(document: Any, tmp_path: Path) -> None:
    assert audited(tmp_path, document) == 1


def test_another_file_than_the_one_that_was_proved_is_rejected(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert audited(tmp_path, text, "--source", str(EXAMPLES / "eth_carry.strat")) == 1
    assert "it is about another text" in capsys.readouterr().err
