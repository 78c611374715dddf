"""docs/keeper.md names tests that there are."""

from __future__ import annotations

import re
from pathlib import Path

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "keeper.md"


def test_every_fault_of_the_page_has_its_test_and_every_test_of_faults_is_on_the_page() -> None:
    there = {name for file in HERE.glob("test_*.py") for name in re.findall(r"^def (test_\w+)", file.read_text(), re.M)}
    named = set(re.findall(r"`(test_\w+)`", PAGE.read_text("utf-8")))
    assert named <= there
    _, _, table = PAGE.read_text("utf-8").partition("\n## Faults\n")
    rows = [line.strip("| ").split(" | ") for line in table.splitlines() if line.startswith("|")][2:]
    assert len(rows) >= 19
    assert [row[0] for row in rows if not re.search(r"`test_\w+`", row[2])] == []
    faults = set(re.findall(r"^def (test_\w+)", (HERE / "test_faults.py").read_text(), re.M))
    assert faults - named <= {"test_what_it_sees_is_told_to_prometheus_and_its_silence_too"}
