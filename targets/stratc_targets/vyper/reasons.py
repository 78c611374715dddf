"""Sources that revert with their reasons in one place: the same contracts, some two thousand bytes smaller.

Vyper prints some hundred bytes of code for each `assert condition, "reason"`: what makes an error of a text stands
there again every time. Here each becomes `if not (condition): reasons.fail("reason")`, which raises that very text.
What is asked, in which order, and with what it reverts stays the same. For vaults that no chain takes otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

REASONS = "contracts/reasons.vy"

SOURCE = '''# pragma version 0.4.3
# SPDX-License-Identifier: Apache-2.0
"""
@title Reasons
@notice Reverts with a text. What would stand wherever something is asserted, in one place.
"""


@internal
@pure
def fail(reason: String[64]):
    """
    @notice Revert with this reason.
    """
    raise reason
'''

_ASSERTED = re.compile(r'( +)assert (.+), "([^"\n]{1,64})"', re.DOTALL)
_BEGINNING = re.compile(r'\A.*?"""\n.*?"""\n', re.DOTALL)
_STRING = re.compile(r'"[^"\n]*"')


def in_one_place(sources: Mapping[str, str]) -> dict[str, str]:
    """The same sources by path, and the module of reasons. An assertion without a reason stays as it is."""
    return {path: _rewritten(text) for path, text in sources.items()} | {REASONS: SOURCE}


def _rewritten(text: str) -> str:
    statements = list(_statements(text.split("\n")))
    asserted = [_ASSERTED.fullmatch(one) for one in statements]
    beginning = _BEGINNING.match(text)
    if not any(asserted) or beginning is None:
        return text
    changed = (_failing(found) if found else one for found, one in zip(asserted, statements, strict=True))
    module = f"\nfrom . import {PurePosixPath(REASONS).stem}\n"
    return beginning[0] + module + "\n".join(changed)[beginning.end() :]


def _statements(lines: list[str]) -> Iterator[str]:
    """The lines, those of one assertion together."""
    parts: list[str] = []
    for line in lines:
        parts.append(line)
        told = _STRING.sub("", "\n".join(parts))
        if parts[0].lstrip().startswith("assert ") and sum(map(told.count, "([")) > sum(map(told.count, ")]")):
            continue
        yield "\n".join(parts)
        parts = []


def _failing(asserted: re.Match[str]) -> str:
    indent, condition, reason = asserted.groups()
    return f'{indent}if not ({condition}):\n{indent}    {PurePosixPath(REASONS).stem}.fail("{reason}")'
