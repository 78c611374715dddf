"""`stratc margin --map`: the drawing, and what is said where it cannot be made. The long tests look at its verdicts."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from pathlib import Path
from xml.etree import ElementTree

import pytest

from cli.examples import TREASURY
from cli.test_margin import SAVING
from stratc.__main__ import main
from stratc.analysis import load
from stratc.map import svg
from stratc_compiler.constants import assumed, with_value
from stratc_compiler.driver import Options, model, verify
from stratc_compiler.heatmap import Cell, Map, heat_map
from stratc_compiler.margins import margins, name_of
from stratc_compiler.verdict import Proved, Verification
from stratc_targets.venues import venue_factories

SVG = "{http://www.w3.org/2000/svg}"


def saving(tmp_path: Path, text: str = SAVING) -> Verification:
    file = tmp_path / "saving.strat"
    file.write_text(text)
    (found,) = load(str(file)).models
    return verify(found.vault, found.source)


def test_a_map_is_drawn_from_the_lower_left(tmp_path: Path) -> None:
    verification = saving(tmp_path)
    named = {name_of(one, verification.vault): one for one in assumed(verification.vault.strategy)}
    proved, refuted = Cell("proved"), Cell("refuted", ("loss <= 0.5% per round",))
    loss, withdrawals = named["loss(save)"], named["withdrawals"]
    columns, lines = (Fraction(1, 100), Fraction(2, 100)), (Fraction(1, 10), Fraction(2, 10))
    drawn = Map(loss, withdrawals, columns, lines, ((proved, refuted), (refuted, refuted)))
    root = ElementTree.fromstring(svg(drawn, verification))
    cells = [one for one in root.iter(f"{SVG}rect") if one.get("class")]
    (good,) = [one for one in cells if one.get("class") == "proved"]
    assert len(cells) == 4
    assert float(good.get("x", "")) == min(float(one.get("x", "")) for one in cells)
    assert float(good.get("y", "")) == max(float(one.get("y", "")) for one in cells)
    titles = [one.text for one in root.iter(f"{SVG}title")]
    assert "2%, 10%: refuted loss <= 0.5% per round" in titles
    assert "1%, 10%: proved" in titles


def test_a_number_that_is_not_assumed_is_told_with_the_nearest(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "map.svg"
    assert main(["margin", TREASURY, "--map", "loss(sav)", "withdrawals", str(out)]) == 2
    assert "no number assumed is called `loss(sav)`" in (said := capsys.readouterr().err)
    assert "did you mean `loss(save)`?" in said
    assert not out.exists()


def test_a_map_is_of_one_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["margin", TREASURY, TREASURY, "--map", "loss(save)", "withdrawals", "x.svg"]) == 2
    assert "--map takes one file" in capsys.readouterr().err


@pytest.mark.long
@pytest.mark.timeout(3_600)
def test_every_verdict_of_a_map_is_the_one_of_the_strategy_with_both_numbers(tmp_path: Path) -> None:
    text = SAVING.replace("loss <= 0.5% per round", "loss <= 2% per round")
    rules = "    rules { when weights outside band do rebalance }\n"
    verification = saving(tmp_path, text.replace("    exit {", f"{rules}    exit {{"))
    assert verification.proved
    strategy, factories = verification.vault.strategy, venue_factories(verification.vault.strategy)
    named = {name_of(one, verification.vault): one for one in assumed(strategy)}
    across, up = named["loss(save)"], named["withdrawals"]
    found = list(margins(verification, factories, only=("loss(save)", "withdrawals")))
    drawn = heat_map(verification, factories, across, up, found)
    seen, alone = set(), Options(workers=1)  # each takes less time than two processes take to begin
    for (row, line), (place, column) in product(enumerate(drawn.lines), enumerate(drawn.columns)):
        changed = with_value(with_value(strategy, across, column), up, line)
        claims = verify(model(changed, verification.source, factories), verification.source, alone).claims
        cell = drawn.rows[row][place]
        assert (cell.verdict == "proved") == all(isinstance(one.verdict, Proved) for one in claims)
        seen.add(cell.verdict)
    assert {"proved", "refuted"} <= seen
