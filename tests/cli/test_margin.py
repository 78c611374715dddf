"""`stratc margin` as a user runs it."""

from __future__ import annotations

import json
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from stratc.__main__ import main
from stratc.margin_text import buffers_text
from stratc_compiler import margins
from stratc_compiler.buffers import Buffer
from stratc_compiler.constants import Constant

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "margin.schema.json").read_text("utf-8"))

SAVING = """strategy Saving {
    base USDC
    token USDC { decimals: 6, price: chainlink("USDC/USD", heartbeat=24h, deviation=0.25%) }
    venue save = erc4626(asset=USDC)
    assume {
        keeper every 6h
        price(USDC) stays 0.97 .. 1.03
        loss(save) <= 1%
        withdrawals <= 10% of nav
    }
    allocate {
        save:       75% +- 5%
        idle(USDC): 25% +- 5%, min 15%
    }
    floors { idle(USDC) >= 5% of nav }
    exit { order: [save] }
    prove {
        loss <= 0.5% per round
        exit >= 90% of nav
    }
}
"""


@pytest.fixture
def saving(tmp_path: Path) -> str:
    file = tmp_path / "saving.strat"
    file.write_text(SAVING)
    return str(file)


def only_losses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Numbers of losses alone are changed: each takes seconds, and the long run changes them all."""
    for name, constants in (("assumed", margins.assumed), ("stated", margins.stated)):

        def few(*given: Any, all_of: Callable[..., list[Constant]] = constants) -> list[Constant]:
            return [one for one in all_of(*given) if SAVING[one.span.start :].startswith("loss")]

        monkeypatch.setattr(margins, name, few)


def test_it_says_how_far_a_number_can_be_pushed_and_what_repairs(
    saving: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    only_losses(monkeypatch)
    status = main(["margin", saving])
    said = capsys.readouterr().out
    assert status == main(["verify", saving])
    assert "\n  loss(save) <= 1%\n    survives, exit >= 90% of nav  holds to 100%, the farthest that is tried\n" in said
    assert "loss(save) <= 1%: 1% -> 0.62%; still not proved: recovers" in said


@pytest.mark.long
def test_the_same_as_json(saving: str, capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["margin", saving, "--format", "json"])
    document = json.loads(capsys.readouterr().out)
    Draft202012Validator.check_schema(SCHEMA)
    Draft202012Validator(SCHEMA).validate(document)
    assert document["status"] == status
    ((strategy,),) = (file["strategies"] for file in document["files"])
    assert {one["claim"] for one in strategy["repairs"]} >= {"loss <= 0.5% per round"}
    assert strategy["buffers"] == []
    assert "loss(save) <= 1%" in {one["statement"] for one in strategy["margins"]}
    assert all(one["span"]["file"] == saving for one in strategy["margins"])


def test_buffers_are_told_in_a_line_each() -> None:
    given = Buffer("aave", Fraction(17, 33), Fraction(418, 1000), None)
    assert buffers_text((given, Buffer("blue", None, Fraction(1), Fraction(0)))).splitlines() == [
        "  buffer(aave)  51.5% at the targets; at least 41.8% when settled; not proved to be any in a round, as aave "
        "may read prices",
        "  buffer(blue)  at least 100% when settled; at least 0% in a round, as blue may read prices",
    ]


def test_a_file_that_is_none_is_bad_input(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["margin", str(tmp_path / "none.strat")]) == 2
    assert "no such file" in capsys.readouterr().err


def test_verify_tells_the_smallest_margin_of_each_proved_claim(saving: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path(saving).write_text(SAVING.replace("loss <= 0.5%", "loss <= 1%"))
    status = main(["verify", saving, "--margins"])
    said = capsys.readouterr().out.splitlines()
    assert status == main(["verify", saving])
    plain = capsys.readouterr().out.splitlines()
    (at,) = (number for number, line in enumerate(said) if line.startswith("  proved   exit >= 90% of nav"))
    assert said[at + 1].strip() == "no assumption breaks it, as far as each is tried alone"
    added = [line for line in said[1:] if line not in plain]
    assert any(" holds to " in line and " at " in line for line in added)


def test_margins_of_verify_are_text(saving: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", saving, "--margins", "--format", "json"]) == 2
    assert "stratc margin --format json" in capsys.readouterr().err
