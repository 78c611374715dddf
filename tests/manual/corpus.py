"""The files that provoke every diagnostic: tests/dsl/corpus/CODE_name.strat, with its rendering beside it."""

from __future__ import annotations

import os
import re
from pathlib import Path

from stratc_dsl import ParseResult, Source, Unreadable, parse_strategies

CORPUS = Path(__file__).parents[1] / "dsl" / "corpus"
FILES = sorted(CORPUS.glob("*.strat"))
UPDATE = os.environ.get("STRATC_UPDATE_GOLDEN") == "1"


def parsed(path: Path) -> ParseResult:
    """What comes of a corpus file; those that it uses stand in the folder `used` beside it."""
    return parse_strategies(Source(path.name, _text(path)), _read)


def _read(path: str, /) -> str | Unreadable:
    file = CORPUS / path
    return _text(file) if file.is_file() else Unreadable("no such file")


def _text(path: Path) -> str:
    """The text of a file. Its line `# repeat N: TEXT` stands for N times TEXT."""
    return re.sub(r"# repeat (\d+): (.*)", lambda match: match[2] * int(match[1]), path.read_bytes().decode())
