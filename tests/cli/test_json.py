"""The JSON that machines read: as its schema says, whatever the verdict."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from cli.made import PROVED, REFUTED, SCENARIO, SOURCE, UNKNOWN, report, span_of, verification
from stratc.__main__ import main
from stratc.decide import Report, Timed
from stratc.problem import of_unsupported, unreadable
from stratc.report import reports_json
from stratc_compiler.errors import Place, Unsupported

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "verify.schema.json").read_text(encoding="utf-8"))


def document(*reports: Report) -> Any:
    shown = json.loads(reports_json(reports))
    Draft202012Validator(SCHEMA).validate(shown)
    return shown


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("claims", [(PROVED,), (REFUTED,), (UNKNOWN,), (PROVED, REFUTED, UNKNOWN)])
def test_every_verdict_fits_the_schema(claims: Any) -> None:
    shown = document(report(*claims))
    assert [claim["verdict"] for claim in shown["files"][0]["strategies"][0]["claims"]] == [
        type(claim.verdict).__name__.lower() for claim in claims
    ]


def test_a_refuted_claim_says_where_and_how() -> None:
    claim = document(report(REFUTED))["files"][0]["strategies"][0]["claims"][0]
    assert claim["span"] == {"line": 3, "column": 37}
    assert claim["scenario"]["settled"]["aave.collateral(WETH)"] == str(60 * 10**18)
    assert [(line["label"], line["text"]) for line in claim["scenario"]["lines"]] == list(SCENARIO.lines)
    assert claim["scenario"]["assumptions"] == [{"id": "keeper", "fully": True}]


def test_a_file_that_cannot_be_read_is_there_with_its_diagnostic() -> None:
    shown = document(report(PROVED), Report("x.strat", problems=(unreadable("x.strat", "no such file"),)))
    assert shown["status"] == 2
    assert shown["files"][1]["strategies"] == []
    assert shown["files"][1]["diagnostics"][0]["message"] == "no such file"


def test_what_is_not_supported_yet_is_a_diagnostic_with_its_place() -> None:
    problem = of_unsupported(Unsupported("a rule on Tuesdays", "use `every 7d`", span_of("solvent")), SOURCE)
    assert problem.text.startswith("error[E0900]: not supported yet: a rule on Tuesdays")
    assert "^^^^^^^" in problem.text
    (shown,) = document(Report(SOURCE.name, problems=(problem,)))["files"][0]["diagnostics"]
    assert (shown["code"], shown["primary"]["start"]["line"]) == ("E0900", 5)


def test_several_things_that_are_not_supported_are_one_diagnostic_with_a_label_each() -> None:
    also = (Place("that", span_of("prove")), Place("that", span_of("rules")))
    problem = of_unsupported(Unsupported("this, that", "do neither", span_of("solvent"), "this", also), SOURCE)
    assert problem.text.count("error[E0900]: not supported yet: this, that") == 1
    assert "^^^^^^^ this" in problem.text
    (shown,) = document(Report(SOURCE.name, problems=(problem,)))["files"][0]["diagnostics"]
    assert [label["text"] for label in (shown["primary"], *shown["secondary"])] == ["this", "that", "that"]


def test_what_has_no_place_is_a_diagnostic_too() -> None:
    problem = of_unsupported(Unsupported("this", "do that"), SOURCE)
    assert problem.text == "error[E0900]: carry.strat: not supported yet: this\n  = help: do that"
    document(Report(SOURCE.name, problems=(problem,)))


def test_mistakes_in_the_language_fit_the_schema(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "bad.strat"
    file.write_text("strategy X {\n    base USDC\n    allocate { idle(DAI): 90% }\n}\n")
    assert main(["verify", "--format", "json", str(file)]) == 2
    said = capsys.readouterr()
    assert said.err == ""
    shown = json.loads(said.out)
    Draft202012Validator(SCHEMA).validate(shown)
    assert len(shown["files"][0]["diagnostics"]) > 1


def test_only_seconds_tell_two_runs_apart() -> None:
    first, second = (
        json.loads(reports_json([Report("carry.strat", (Timed(verification(PROVED, REFUTED), seconds),))]))
        for seconds in (0.1, 0.2)
    )
    for shown in (first, second):
        del shown["files"][0]["strategies"][0]["seconds"]
    assert first == second
