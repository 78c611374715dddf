"""For every error one file that provokes it, with the full rendering beside it.

`STRATC_UPDATE_GOLDEN=1` rewrites the renderings; read the diff before committing it. In a corpus file the line
`# repeat N: TEXT` stands for N times TEXT, so that a huge text need not be stored.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from manual.corpus import CORPUS, FILES, UPDATE, parsed
from stratc_dsl import Severity, Source, diagnostic_to_json, explain, parse_strategies, render_diagnostic
from stratc_dsl.errors import ERRORS
from stratc_dsl.paint import ansi


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_rendering(path: Path) -> None:
    result = parsed(path)
    rendered = "\n".join(render_diagnostic(diagnostic, result.source) for diagnostic in result.diagnostics)
    assert bool(result.strategies) == (path.stem[0] == "W")
    assert path.stem[:5] in {diagnostic.code for diagnostic in result.diagnostics}
    golden = path.with_suffix(".txt")
    if UPDATE:
        golden.write_text(rendered)
    assert golden.read_text() == rendered


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_colours_change_no_word_and_no_column(path: Path) -> None:
    result = parsed(path)
    for diagnostic in result.diagnostics:
        painted = render_diagnostic(diagnostic, result.source, ansi)
        assert re.sub(r"\x1b\[[0-9;]*m", "", painted) == render_diagnostic(diagnostic, result.source)
        colour = {Severity.ERROR: "1;31", Severity.WARNING: "1;33"}[diagnostic.severity]
        assert painted.startswith(f"\x1b[{colour}m{diagnostic.severity.value}[{diagnostic.code}]\x1b[0m")
        assert re.search(rf"\x1b\[{colour}m\^+\x1b\[0m", painted)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_json_has_the_same_facts(path: Path) -> None:
    result = parsed(path)
    for diagnostic in result.diagnostics:
        fields = json.loads(json.dumps(diagnostic_to_json(diagnostic, result.source)))
        assert fields["code"] == diagnostic.code
        assert fields["message"] == diagnostic.message
        labels = (diagnostic.primary, *diagnostic.secondary)
        for label, shown in zip(labels, (fields["primary"], *fields["secondary"]), strict=True):
            file, start = result.source.file_at(label.span.start)
            assert shown.get("file", fields["file"]) == file.name
            assert shown["start"]["offset"] == start <= len(file.text)


def test_every_error_has_a_file() -> None:
    covered = {path.stem[:5] for path in FILES}
    assert covered == {error.code for error in ERRORS}


def test_no_rendering_without_its_file() -> None:
    assert {path.stem for path in CORPUS.glob("*.txt")} == {path.stem for path in FILES}


def test_the_smallest_strategy_of_the_manual_is_one() -> None:
    text = explain("E0001")
    assert text is not None
    assert len(parse_strategies(Source("smallest.strat", text[text.index("    strategy") :])).strategies) == 1


def test_codes_are_unique_and_explained() -> None:
    codes = [error.code for error in ERRORS]
    assert len(set(codes)) == len(codes)
    for code in codes:
        text = explain(code)
        assert text is not None
        assert text.endswith("\n")
    assert explain("E9999") is None
    assert explain("e0301") == explain("E0301")
