"""The examples that are broken on purpose: what is wrong with each, and how its header says to mend it."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "examples" / "refuted"
EXAMPLES = sorted(FOLDER.glob("*.strat"))
MEND = "# mend: "


def mended(path: Path) -> str:
    """The strategy without its header, each `# mend: OLD -> NEW` of that carried out."""
    lines = path.read_text().splitlines(keepends=True)
    text = "".join(line for line in lines if not line.startswith("#"))
    mends = [line.removeprefix(MEND).rstrip("\n") for line in lines if line.startswith(MEND)]
    assert mends, f"{path.name} does not say how to mend it"
    for old, new in (mend.split(" -> ") for mend in mends):
        assert text.count(old) == 1, f"{path.name} does not say {old!r} once"
        text = text.replace(old, new)
    return text
