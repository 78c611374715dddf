"""Sources that revert with their reasons in one place: the same contracts, some two to three thousand bytes smaller.

Vyper prints some hundred bytes of code for each `assert condition, "reason"`: what makes an error of a text stands
there again every time. Here each becomes `if not (condition): reasons.fail("reason")`, which raises that very text. One
that a contract has more than once has a function of its own, so that its letters stand there once too.
What is asked, in which order, and with what it reverts stays the same. For vaults that no chain takes otherwise.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath

from stratc_targets.vyper.names import Names

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

_REPEATED = """

@internal
@pure
def {function}():
    self.fail("{reason}")
"""

_TOPS = ("contracts/Vault.vy", "contracts/Actions.vy")
"""What is compiled, each over all sources but the other one."""

_ASSERTED = re.compile(r'( +)assert (.+), "([^"\n]{1,64})"', re.DOTALL)
_BEGINNING = re.compile(r'\A.*?"""\n.*?"""\n', re.DOTALL)
_STRING = re.compile(r'"[^"\n]*"')


def in_one_place(sources: Mapping[str, str]) -> dict[str, str]:
    """The same sources by path, and the module of reasons. An assertion without a reason stays as it is."""
    names = Names()
    repeated = {reason: names.claim("fail", reason) for reason in _repeated(sources)}
    module = SOURCE + "".join(_REPEATED.format(function=name, reason=reason) for reason, name in repeated.items())
    return {path: _rewritten(text, repeated) for path, text in sources.items()} | {REASONS: module}


def _repeated(sources: Mapping[str, str]) -> tuple[str, ...]:
    """Reasons that one contract asserts more than once, in a fixed order."""
    told = {path: Counter(found[3] for found in _asserted(text) if found) for path, text in sources.items()}
    contracts = [sum((told[path] for path in told if path not in _TOPS or path == top), Counter()) for top in _TOPS]
    return tuple(sorted({reason for counts in contracts for reason, count in counts.items() if count > 1}))


def _asserted(text: str) -> Iterable[re.Match[str] | None]:
    """Of every statement, whether it asserts something with a reason."""
    return (_ASSERTED.fullmatch(one) for one in _statements(text.split("\n")))


def _rewritten(text: str, repeated: Mapping[str, str]) -> str:
    statements = list(_statements(text.split("\n")))
    asserted = list(_asserted(text))
    beginning = _BEGINNING.match(text)
    if not any(asserted) or beginning is None:
        return text
    changed = (_failing(found, repeated) if found else one for found, one in zip(asserted, statements, strict=True))
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


def _failing(asserted: re.Match[str], repeated: Mapping[str, str]) -> str:
    indent, condition, reason = asserted.groups()
    fails = f"{repeated[reason]}()" if reason in repeated else f'fail("{reason}")'
    return f"{indent}if not ({condition}):\n{indent}    {PurePosixPath(REASONS).stem}.{fails}"
