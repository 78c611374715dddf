"""docs/diagnostics/: a page for every diagnostic, made of its explanation and of what the corpus provokes it with.

`STRATC_UPDATE_GOLDEN=1` writes the pages.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from manual.corpus import FILES, UPDATE, parsed
from stratc.explain import OWN
from stratc_dsl import render_diagnostic
from stratc_dsl.errors import ERRORS
from stratc_dsl.errors.base import LanguageError

PAGES = Path(__file__).parents[2] / "docs" / "diagnostics"


def page(error: type[LanguageError]) -> str:
    """What it means, with its cure; then how it is told, once."""
    kind = error.severity.value
    return (
        f"# {error.code}: {error.__name__} ({kind})\n\n"
        f"{_prose(error.explanation)}\n## As it is told\n\n```text\n{_told(error)}```\n"
    )


def _prose(explanation: str) -> str:
    """Indented examples as fenced ones: many readers of Markdown highlight only those."""
    lines, inside = [], False
    for line in explanation.splitlines():
        code = line.startswith("    ") or (inside and not line)
        if code != inside:
            lines.append("```strat" if code else "```")
            inside = code
        lines.append(line.removeprefix("    ") if code else line)
    text = "\n".join([*lines, "```"] if inside else lines)
    return text.replace("\n\n```\n", "\n```\n\n") + "\n"


def _told(error: type[LanguageError]) -> str:
    first = next(path for path in FILES if path.stem[:5] == error.code)
    result = parsed(first)
    told = (one for one in result.diagnostics if one.code == error.code)
    return render_diagnostic(next(told), result.source)


def index() -> str:
    """Every code with its name, and those of the command itself."""
    lines = ["# Diagnostics", "", "What `stratc explain CODE` prints, a page each.", ""]
    lines += [f"- [{error.code}]({error.code}.md) {error.__name__}" for error in _sorted()]
    lines += ["", "Of the command, not of the language:", ""]
    lines += [f"- {code}: {' '.join(text.split())}" for code, text in sorted(OWN.items())]
    return "\n".join(lines) + "\n"


def _sorted() -> list[type[LanguageError]]:
    return sorted(ERRORS, key=lambda error: error.code)


@cache
def expected() -> dict[str, str]:
    return {"README.md": index()} | {f"{error.code}.md": page(error) for error in ERRORS}


def test_every_diagnostic_has_its_page() -> None:
    if UPDATE:
        PAGES.mkdir(exist_ok=True)
        for path in PAGES.glob("*.md"):
            path.unlink()
        for name, text in expected().items():
            (PAGES / name).write_text(text, "utf-8")
    assert {path.name for path in PAGES.iterdir()} == set(expected())


@pytest.mark.parametrize("name", ["README.md", *(f"{error.code}.md" for error in ERRORS)])
def test_page(name: str) -> None:
    assert (PAGES / name).read_text("utf-8") == expected()[name]
