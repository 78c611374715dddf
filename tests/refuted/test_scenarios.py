"""What `stratc verify` prints of each broken example, in full: tests/refuted/NAME.txt.

`STRATC_UPDATE_GOLDEN=1 .venv/bin/pytest tests/refuted` rewrites the files; read the diff before committing it.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from manual.corpus import UPDATE
from refuted.broken import EXAMPLES, FOLDER, ROOT
from stratc.__main__ import main

GOLDEN = Path(__file__).parent
VERDICT = re.compile(r"^  (proved|refuted|unknown) +(.+?)(?:  |$)", re.MULTILINE)


def verdicts(golden: str) -> dict[str, str]:
    """The verdict on each claim, as printed."""
    return {claim: verdict for verdict, claim in VERDICT.findall(golden)}


SLOW = {"fall_together", "rate_per_day", "turned_funding", "eaten_margin"}
"""Those that take more than two seconds: most of what they claim is proved, or broken by no round that is guessed."""


@pytest.mark.parametrize(
    "path",
    [pytest.param(path, marks=[pytest.mark.long] if path.stem in SLOW else [], id=path.stem) for path in EXAMPLES],
)
def test_scenario(path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert main(["verify", str(path.relative_to(ROOT))]) == 1
    said = capsys.readouterr()
    assert said.err == ""
    told = re.sub(r" +(\d+ claims), \d+\.\d\d s\n", r"  \1\n", said.out)
    assert "unknown" not in verdicts(told).values()
    golden = GOLDEN / f"{path.stem}.txt"
    if UPDATE:
        golden.write_text(told)
    assert golden.read_text() == told


def test_no_scenario_without_its_example() -> None:
    assert {path.stem for path in GOLDEN.glob("*.txt")} == {path.stem for path in EXAMPLES}


def test_the_table_of_the_examples_names_each_with_the_claims_that_break() -> None:
    rows = re.findall(r"^\| \[(\w+)\]\(\1\.strat\) \| .+ \| (.+) \|$", (FOLDER / "README.md").read_text(), re.MULTILINE)
    named = {name: set(re.findall(r"`([^`]+)`", claims)) for name, claims in rows}
    broken = {}
    for path in EXAMPLES:
        found = verdicts((GOLDEN / f"{path.stem}.txt").read_text())
        broken[path.stem] = {claim for claim, verdict in found.items() if verdict == "refuted"}
    assert named == broken
