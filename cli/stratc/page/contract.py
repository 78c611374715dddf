"""What can be called of a vault: the functions that its contract really has, with what their sources say of them."""

from __future__ import annotations

import json
import re

from stratc_compiler.certify import ProvedVault
from stratc_dsl.record import Record
from stratc_targets.vyper import emit_vault

# A head ends at the colon behind its parentheses: what stands further down belongs to another function.
_FUNCTION = re.compile(r'^def (\w+)\([^()]*(?:\([^()]*\)[^()]*)*\)[^\n:]*:\n    """(.*?)"""', re.MULTILINE | re.DOTALL)
_NOTICE = re.compile(r"@notice(.*?)(?=\n\s*@\w+\s|\Z)", re.DOTALL)


class EntryPoint(Record):
    """One function of the ABI; `says` is its `@notice`, empty where it has none."""

    signature: str
    changes: bool
    says: str


def entry_points(proved: ProvedVault) -> tuple[EntryPoint, ...]:
    """Those that change something first, each in the order of the contract. Raises what `emit_vault` raises."""
    files = {artifact.path: artifact.text for artifact in emit_vault(proved)}
    sources = [text for path, text in files.items() if path.endswith(".vy")]
    notices = {name: notice for text in reversed(sources) for name, notice in _notices(text)}
    functions = [one for one in json.loads(files["abi.json"]) if one["type"] == "function"]
    points = [
        EntryPoint(
            f"{one['name']}({', '.join(_argument(argument) for argument in one['inputs'])})",
            one["stateMutability"] not in ("view", "pure"),
            notices.get(one["name"], ""),
        )
        for one in functions
    ]
    return tuple(sorted(points, key=lambda one: not one.changes))


def _notices(text: str) -> list[tuple[str, str]]:
    found = ((name, _NOTICE.search(said)) for name, said in _FUNCTION.findall(text))
    return [(name, " ".join(notice[1].split())) for name, notice in found if notice]


def _argument(argument: dict[str, str]) -> str:
    return f"{argument['name']}: {argument['type']}" if argument["name"] else argument["type"]
