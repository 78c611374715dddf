"""Whether a stream is shown in colours: on a terminal, but not in a pipe or a file."""

from __future__ import annotations

import os
from typing import TextIO

from stratc_dsl.paint import Paint, ansi, plain


def paint_for(stream: TextIO) -> Paint:
    """Colours where somebody sees them. `NO_COLOR` and `FORCE_COLOR` (https://no-color.org, https://force-color.org)
    decide first, where they are not empty."""
    if os.environ.get("NO_COLOR"):
        return plain
    seen = stream.isatty() and os.environ.get("TERM") != "dumb"
    return ansi if os.environ.get("FORCE_COLOR") or seen else plain
