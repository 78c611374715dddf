"""The files that provoke every diagnostic: tests/dsl/corpus/CODE_name.strat, with its rendering beside it."""

from __future__ import annotations

import os
import re
from pathlib import Path

from stratc_dsl import Source

CORPUS = Path(__file__).parents[1] / "dsl" / "corpus"
FILES = sorted(CORPUS.glob("*.strat"))
UPDATE = os.environ.get("STRATC_UPDATE_GOLDEN") == "1"


def source_of(path: Path) -> Source:
    """The text of a corpus file. Its line `# repeat N: TEXT` stands for N times TEXT."""
    text = path.read_bytes().decode()
    return Source(path.name, re.sub(r"# repeat (\d+): (.*)", lambda match: match[2] * int(match[1]), text))
