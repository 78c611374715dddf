"""`stratc diff` as a user runs it."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from cli import made
from cli.examples import CARRY, TREASURY
from cli.test_margin import SAVING, only_losses
from stratc.__main__ import main
from stratc.analysis import load
from stratc_compiler.change import Direction, Subject
from stratc_compiler.changed_margins import changed_margins, changed_verdicts
from stratc_compiler.constants import assumed
from stratc_compiler.margins import Margin
from stratc_compiler.verdict import ClaimResult, Proved, Refuted, Verification

DOCS = Path(__file__).parents[2] / "docs"


def schema(name: str) -> Any:
    return json.loads((DOCS / name).read_text("utf-8"))


def document(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, Any]:
    status = main(["diff", *words, "--format", "json"])
    shown = json.loads(capsys.readouterr().out)
    registry: Any = Registry().with_resource("verify.schema.json", Resource.from_contents(schema("verify.schema.json")))
    Draft202012Validator(schema("diff.schema.json"), registry=registry).validate(shown)
    assert shown["status"] == status
    return status, shown


@pytest.fixture
def weaker(tmp_path: Path) -> str:
    """The carry with a floor that is lower and a band that is narrower."""
    file = tmp_path / "weaker.strat"
    text = Path(CARRY).read_text("utf-8").replace("health(aave) >= 1.35", "health(aave) >= 1.30")
    file.write_text(text.replace("42% +- 5%", "42% +- 4%"), "utf-8")
    return str(file)


def test_the_schema_knows_every_subject_and_direction() -> None:
    known = schema("diff.schema.json")["$defs"]["change"]["properties"]
    Draft202012Validator.check_schema(schema("diff.schema.json"))
    assert known["subject"]["enum"] == [one.value for one in Subject]
    assert known["direction"]["enum"] == [one.value for one in Direction]


def test_changes_are_told_with_direction_and_reason(weaker: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", CARRY, weaker]) == 1
    said = capsys.readouterr().out
    assert said.startswith(f"EthCarry  {CARRY} -> {weaker}")
    assert said.splitlines()[0].endswith("1 weaker, 1 stronger")
    assert (
        "  weaker   floor      `health(aave) >= 1.35` -> `health(aave) >= 1.30`\n"
        "                      the condition allows more\n"
        "  stronger band       `save: 42% +- 5%` -> `save: 42% +- 4%`\n"
    ) in said


def test_only_what_is_weaker_fails(weaker: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", CARRY, CARRY]) == 0
    assert capsys.readouterr().out.splitlines()[0].endswith("no change")
    assert main(["diff", weaker, CARRY]) == 1  # the way back: the band is wider
    text = Path(weaker).read_text("utf-8").replace("42% +- 4%", "42% +- 5%")
    Path(weaker).write_text(text, "utf-8")
    assert main(["diff", weaker, CARRY]) == 0


def test_json_has_the_places_in_both(weaker: str, capsys: pytest.CaptureFixture[str]) -> None:
    status, shown = document(capsys, CARRY, weaker)
    assert status == 1
    (strategy,) = shown["strategies"]
    assert (strategy["was"], strategy["is"]) == ("EthCarry", "EthCarry")
    floor = strategy["changes"][0]
    line = Path(CARRY).read_text("utf-8").splitlines().index("        health(aave) >= 1.35") + 1
    assert floor["old"] == floor["new"] == {"line": line, "column": 9}


def test_files_of_several_strategies_are_compared_by_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    texts = [Path(name).read_text("utf-8") for name in (CARRY, TREASURY)]
    old, new = tmp_path / "old.strat", tmp_path / "new.strat"
    old.write_text("\n".join(texts), "utf-8")
    new.write_text("\n".join([texts[1].replace("Treasury", "Savings"), texts[0]]), "utf-8")
    status, shown = document(capsys, str(old), str(new))
    assert status == 1
    said = {one["name"]: [change["direction"] for change in one["changes"]] for one in shown["strategies"]}
    assert said == {"EthCarry": [], "Treasury": ["weaker"], "Savings": ["neither"]}


def test_what_is_shared_by_another_file_is_compared_and_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = Path(TREASURY).read_text("utf-8")
    token = next(line for line in text.splitlines() if "token USDC" in line)
    for folder, heartbeat in (("old", "24h"), ("new", "48h")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "tokens.strat").write_text(token.replace("24h", heartbeat) + "\n", "utf-8")
        used = 'use "tokens.strat"\n' + text.replace(token, "")
        (tmp_path / folder / "one.strat").write_text(used, "utf-8")
    status, shown = document(capsys, *(str(tmp_path / folder / "one.strat") for folder in ("old", "new")))
    (change,) = shown["strategies"][0]["changes"]
    assert (status, change["text"]) == (1, "USDC heartbeat: 1d -> 2d")
    assert change["new"]["file"] == str(tmp_path / "new" / "tokens.strat")


def test_a_faulty_file_is_bad_input(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    broken = tmp_path / "broken.strat"
    broken.write_text("strategy Broken {", "utf-8")
    assert main(["diff", CARRY, str(broken)]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "error[E0" in said.err
    status, shown = document(capsys, CARRY, str(tmp_path / "none.strat"))
    assert (status, shown["strategies"], shown["diagnostics"][0]["message"]) == (2, [], "no such file")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (("0.05", "0.06"), ("0.04", "0.05"), ("weaker", Fraction(1, 4))),
        (("0.04", "0.05"), ("0.05", "0.06"), ("stronger", None)),
        (("1", None), ("0.5", "0.51"), ("weaker", Fraction(50, 99))),
        (("0.5", "0.51"), ("1", None), ("stronger", None)),
        (("1", None), ("0.5", None), None),
        (("0.05", "0.06"), ("0.05", "0.06"), None),
        (("0.01", "0.02"), ("0.009", "0.02"), ("weaker", None)),  # there was no room to lose a share of
    ],
)
def test_a_margin_is_compared_by_where_the_claim_breaks(
    old: tuple[str, str | None], new: tuple[str, str | None], said: tuple[str, Fraction | None] | None
) -> None:
    """Of `loss(save) <= 1%`, which is assumed in both."""
    (model,) = load(TREASURY).models
    constant = next(one for one in assumed(model.vault.strategy) if isinstance(one.place[1], int) and one.place[1] == 2)
    assert constant.value == Fraction(1, 100)
    verification = Verification(model.vault, model.source, (), ())
    sides = [
        Margin("exits", constant, Fraction(end[0]), None if end[1] is None else Fraction(end[1])) for end in (old, new)
    ]
    found = list(changed_margins(verification, sides[:1], verification, sides[1:]))
    assert [(one.change.direction.value, one.lost) for one in found] == ([] if said is None else [said])


def test_verdicts_that_turned_are_told() -> None:
    proved, refuted = (
        made.verification(ClaimResult("exits", "", verdict, ())) for verdict in (Proved(), Refuted("it reverts", None))
    )
    ((worse,), (better,)) = (list(changed_verdicts(*pair)) for pair in ((proved, refuted), (refuted, proved)))
    assert (worse.text, worse.direction) == ("exits: proved -> refuted", Direction.WEAKER)
    assert (better.text, better.direction) == ("exits: refuted -> proved", Direction.STRONGER)


@pytest.mark.long
def test_margins_of_both_are_compared(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With less idle to pay from, the exit breaks at a smaller loss."""
    only_losses(monkeypatch)
    old, new = tmp_path / "old.strat", tmp_path / "new.strat"
    old.write_text(SAVING.replace("loss <= 0.5%", "loss <= 30%").replace("exit >= 90%", "exit >= 60%"), "utf-8")
    new.write_text(old.read_text("utf-8").replace("loss <= 30%", "loss <= 20%"), "utf-8")
    _, shown = document(capsys, str(old), str(new), "--margins")
    said = [(one["subject"], one["direction"]) for one in shown["strategies"][0]["changes"]]
    # Whatever number a claim says, its margin is compared: one that moves a little hides no margin that went.
    assert said == [("claim", "stronger"), ("margin", "weaker")]
    new.write_text(old.read_text("utf-8").replace("75% +- 5%", "80% +- 5%").replace("25% +- 5%", "20% +- 5%"), "utf-8")
    status, shown = document(capsys, str(old), str(new), "--margins")
    found = [one for one in shown["strategies"][0]["changes"] if one["subject"] == "margin"]
    assert status == 1
    assert {one["direction"] for one in found} == {"weaker"}
    assert all("loss(save): holds to" in one["text"] for one in found)
