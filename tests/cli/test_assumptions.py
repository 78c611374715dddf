"""What `verify` and `build` say of assumptions: those that are denied and rested on, and those that no proof uses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from msgspec.structs import replace

from cli.examples import CARRY, TREASURY, remembering
from stratc.__main__ import main
from stratc.analysis import load
from stratc_compiler import driver
from stratc_compiler.assumptions import guarded_assumptions, labels_of, rests_on
from stratc_compiler.certificate import certificate_json
from stratc_compiler.claims import claims_of
from stratc_compiler.effort import Effort
from stratc_compiler.environment import box_of
from stratc_compiler.prove import answer
from stratc_compiler.questions import tasks_of
from stratc_compiler.resting import BENEATH, PREMISES, kind_of, unused
from stratc_compiler.verdict import Derivation, Verification

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "verify.schema.json").read_text(encoding="utf-8"))
STAYS = "price(USDC) stays 0.97 .. 1.03"
MOVES = "price(USDC) moves -1% .. +1%"
"""Beside the other one: of the base token alone no claim of the treasury speaks."""


@pytest.fixture(autouse=True)
def _remembering() -> Iterator[None]:
    with remembering():
        yield


def decided(file: str) -> Verification:
    (model,) = load(file).models
    return driver.verify(model.vault, model.source, driver.DEFAULTS)


def treasury(tmp_path: Path, *changes: tuple[str, str]) -> str:
    text = Path(TREASURY).read_text("utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    (tmp_path / "treasury.strat").write_text(text, "utf-8")
    return str(tmp_path / "treasury.strat")


def as_json(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, Any]:
    status = main(["verify", "--format", "json", *arguments])
    document = json.loads(capsys.readouterr().out)
    Draft202012Validator(SCHEMA).validate(document)
    return status, document["files"][0]


# ── denied ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("word", ["loss(save)", "liquidity(aave)", "withdrawals", "keeper", "scale"])
def test_a_denied_assumption_is_told_with_the_claims_whose_proofs_rest_on_it(
    word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    certificate = json.loads(certificate_json(decided(TREASURY)))
    resting = [
        claim["name"]
        for claim in certificate["claims"]
        if any(one["kind"] != "witness" and word in one["rests_on"] for one in claim["obligations"])
    ]
    status, file = as_json(capsys, TREASURY, "--deny-assumption", word)
    assert resting
    assert status == 2
    assert file["strategies"][0]["proved"] is True
    (told,) = file["diagnostics"]
    assert (told["code"], told["severity"]) == ("E0901", "error")
    assert f"`{word}` is denied, and claims rest on it: {', '.join(resting)}" in told["message"]


@pytest.mark.parametrize("word", ["slippage", "rate", "stays(USDC)", "moves"])
def test_what_no_proof_rests_on_denies_nothing(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The treasury assumes `stays(USDC)`, and no proof uses it."""
    assert main(["verify", TREASURY, "--deny-assumption", word]) == 0
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("guardian", ["trusted", "watched", "enforced"])
def test_a_guardian_denies_all_that_it_answers_for(guardian: str, capsys: pytest.CaptureFixture[str]) -> None:
    verification = decided(CARRY)
    results = [result for claim in verification.claims for result in claim.obligations]
    cores = {one for result in results for one in labels_of(result.obligation)}
    possible = set(rests_on(cores, verification.vault))
    status, file = as_json(capsys, CARRY, "--deny-assumption", guardian)
    said = {told["message"].split("`")[1] for told in file["diagnostics"]}
    of_guardian = {one.id for one in verification.assumptions if one.guardian.value == guardian}
    assert status == 2
    assert said
    assert said <= of_guardian & possible


def test_what_is_trusted_because_nothing_is_written_has_a_cure(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", TREASURY, "--deny-assumption", "trusted"]) == 2
    said = capsys.readouterr().err
    assert "`loss(aave)` is denied" in said
    assert "(trusted: aave loses nothing of what is held there)" in said
    assert "= help: write `loss(aave) <= ...` in `assume`: then the keeper watches it" in said


@pytest.mark.parametrize(
    ("word", "cure"),
    [
        ("watchd", "did you mean `watched`?"),
        ("loss(sav)", "did you mean `loss(save)`?"),
        ("Trusted", "did you mean `trusted`?"),
        ("", "it is a guardian, a kind"),
        ("xyzzy", "it is a guardian, a kind"),
    ],
)
def test_a_word_that_denies_nothing_is_a_mistake(word: str, cure: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", TREASURY, "--deny-assumption", "loss", "--deny-assumption", word]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(f"error: no assumption is called `{word}`: {cure}")


@pytest.mark.parametrize("word", ["code", "open", "open(aave)", "feed(USDC)", "fresh", "pass"])
def test_what_every_claim_rests_on_cannot_be_denied(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", TREASURY, "--deny-assumption", word]) == 2
    assert capsys.readouterr().err == (
        f"error: `{word}` cannot be denied: no proof names it, and every claim rests on it\n"
    )


def test_a_faulty_file_says_what_is_wrong_with_it_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    faulty = treasury(tmp_path, ("decimals: 6", "decimals: 6.5"))
    assert main(["verify", faulty, "--deny-assumption", "loss(save)"]) == 2
    assert "no assumption" not in capsys.readouterr().err


def test_nothing_is_built_on_what_is_denied(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["build", TREASURY, "--out", str(tmp_path / "out"), "--deny-assumption"]
    assert main([*arguments, "loss(save)"]) == 2
    assert capsys.readouterr().err.endswith("nothing was built\n")
    assert main([*arguments, "xyzzy"]) == 2
    assert not (tmp_path / "out").exists()


LOOP = str(Path(TREASURY).with_name("eth_loop.strat"))
RANGE = str(Path(TREASURY).with_name("refuted") / "one_sided.strat")


@pytest.mark.parametrize("file", [TREASURY, CARRY, LOOP, RANGE])
def test_every_assumption_is_one_that_proofs_rest_on_or_one_that_is_beneath_all(file: str) -> None:
    (model,) = load(file).models
    kinds = {kind_of(one.id) for one in guarded_assumptions(model.vault)}
    assert kinds <= PREMISES | BENEATH
    specs = claims_of(model.vault, box_of(model.vault))
    labels = {label for spec in specs for obligation in spec.obligations for label in labels_of(obligation)}
    named = {kind_of(id_) for id_ in rests_on(labels, model.vault)}
    assert named <= kinds & PREMISES
    assert kinds & {"flash"} == {kind_of(id_) for id_ in rests_on((), model.vault)} & {"flash"}


# ── in vain ────────────────────────────────────────────────────────────────────────────────


def test_an_assumption_that_no_proof_uses_is_a_warning(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = treasury(tmp_path, (STAYS, f"{STAYS}\n        {MOVES}"))
    assert main(["verify", file]) == 0
    said = capsys.readouterr().err
    assert said == (
        "warning[W0901]: no proof uses the assumption `moves(USDC)`\n"
        f"  --> {file}:13:9\n"
        "   |\n"
        f"13 |         {MOVES}\n"
        "   |         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^ every claim is proved without it\n"
        "   |\n"
        "   = help: delete it, and the claims say the same with less assumed\n\n"
    )
    assert main(["verify", "--deny", "warnings", file]) == 2
    assert capsys.readouterr().err == said.replace("warning[", "error[")
    assert main(["build", "--deny", "warnings", file, "--out", str(tmp_path / "out")]) == 2
    assert not (tmp_path / "out").exists()
    capsys.readouterr()
    _, shown = as_json(capsys, file)
    (told,) = shown["diagnostics"]
    assert (told["code"], told["severity"], told["primary"]["start"]["line"]) == ("W0901", "warning", 13)


def test_nothing_is_said_while_a_claim_is_not_proved(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    greedy = ("exit >= 60% of nav", "exit >= 99% of nav")
    assert main(["verify", treasury(tmp_path, (STAYS, f"{STAYS}\n        {MOVES}"), greedy)]) == 1
    assert capsys.readouterr().err == ""


def test_what_the_language_asks_for_is_not_in_vain(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of two prices that no proof uses the first is asked for; of the examples' none can be left out."""
    assert main(["verify", treasury(tmp_path, (STAYS, f"{MOVES}\n        {STAYS}"))]) == 0
    assert "no proof uses the assumption `stays(USDC)`" in capsys.readouterr().err
    assert main(["verify", TREASURY, CARRY]) == 0
    assert capsys.readouterr().err == ""


def test_what_is_shared_is_not_for_one_strategy_to_delete(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "market.strat").write_text(f"assume {{\n    {STAYS}\n    {MOVES}\n}}\n")
    file = treasury(tmp_path, (STAYS, ""), ("strategy Treasury", 'use "market.strat"\nstrategy Treasury'))
    token = next(line for line in Path(TREASURY).read_text("utf-8").splitlines() if "token USDC" in line)
    shared = tmp_path / "market.strat"
    shared.write_text(f"{token}\n{shared.read_text()}")
    Path(file).write_text(Path(file).read_text().replace(token, ""))
    assert main(["verify", file]) == 0
    assert capsys.readouterr().err == ""


def test_every_claim_is_proved_anew_without_what_is_in_vain() -> None:
    """Of a treasury that claims less: `exits` and what draws on aave left out, its liquidity is in vain."""
    verification = decided(TREASURY)
    kept = {"survives", "fair", "solvent", "survives loss of save"}
    claims = tuple(claim for claim in verification.claims if claim.name in kept)
    in_vain = unused(replace(verification, claims=claims))
    assert [one.id for one in in_vain] == ["liquidity(aave)"]
    tried = 0
    for claim in claims:
        for result in claim.obligations:
            hypotheses = tuple(one for one in result.obligation.hypotheses if not one.label.startswith("liquidity("))
            tried += len(hypotheses) < len(result.obligation.hypotheses)
            (answered,) = answer(*tasks_of((replace(result.obligation, hypotheses=hypotheses),), Effort()))
            assert isinstance(answered.evidence, Derivation)
    assert tried >= 3


# ── fuses ──────────────────────────────────────────────────────────────────────────────────


def test_a_rule_that_waits_beyond_the_assumptions_is_a_warning(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nobody can lose so much elsewhere that `save` is nine tenths of nav; who exits there is prepared for more."""
    rebalance = "when weights outside band do rebalance"
    file = treasury(tmp_path, (rebalance, f"when weight(save) > 90% do exit\n        {rebalance}"))
    assert main(["verify", file]) == 0
    said = capsys.readouterr().err
    assert said.startswith("warning[W0902]: `exit` was seen to come due only beyond the assumptions\n")
    assert main(["verify", "--deny", "warnings", file]) == 2
    assert capsys.readouterr().err == said.replace("warning[", "error[")
