"""Which functions the code of a contract goes to, for when it is too large."""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise
from typing import Any

_SHOWN = 6


def largest_parts(
    contract: dict[str, Any], ids: dict[int, str], sources: dict[str, str]
) -> tuple[tuple[str, int], ...]:
    """The functions with the most bytes of runtime code, largest first.

    `contract` is the compiler's output with the runtime source map; `ids` maps its source ids to paths.
    """
    source_map = contract["evm"]["deployedBytecode"]["sourceMap"]
    owners = {path: _functions(text) for path, text in sources.items()}
    places = sorted(source_map["pc_ast_map"])
    counts: Counter[str] = Counter()
    for here, following in pairwise(places):
        path = ids.get(source_map["pc_ast_map"][here][0])
        position = source_map["pc_pos_map"].get(here)
        if path is not None and position is not None:
            counts[owners[path][position[0] - 1]] += following - here
    return tuple(counts.most_common(_SHOWN))


def _functions(text: str) -> list[str]:
    """For every line of a source, the function that it belongs to."""
    current, owners = "module level", []
    for line in text.split("\n"):
        found = re.match(r"def (\w+)", line)
        current = found[1] if found else current
        owners.append(current)
    return owners
