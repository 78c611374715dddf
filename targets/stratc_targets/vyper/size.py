"""Which functions the code of a contract goes to, for when it is too large."""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise
from pathlib import PurePosixPath
from typing import Any


def parts(contract: dict[str, Any], ids: dict[int, str], sources: dict[str, str]) -> tuple[tuple[str, int], ...]:
    """Bytes of runtime code by function, largest first, each named with its module: several have a `withdraw`.

    What belongs to no function is its module's: the getters of its variables, and what chooses a function. `contract`
    is the compiler's output with the runtime source map; `ids` maps its source ids to paths.
    """
    source_map = contract["evm"]["deployedBytecode"]["sourceMap"]
    owners = {path: _functions(path, text) for path, text in sources.items()}
    places = sorted(source_map["pc_ast_map"])
    counts: Counter[str] = Counter()
    for here, following in pairwise(places):
        path = ids.get(source_map["pc_ast_map"][here][0])
        position = source_map["pc_pos_map"].get(here)
        if path is not None and position is not None:
            counts[owners[path][position[0] - 1]] += following - here
    return tuple(counts.most_common())


def _functions(path: str, text: str) -> list[str]:
    """For every line of a source, the function that it belongs to."""
    module = PurePosixPath(path).stem
    current, owners = f"{module} (getters and selectors)", []
    for line in text.split("\n"):
        found = re.match(r"def (\w+)", line)
        current = f"{module}.{found[1]}" if found else current
        owners.append(current)
    return owners
