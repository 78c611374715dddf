"""JSON from files that people edit: whatever they hold, the worst is a ValueError."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

_DEEPEST = 100


def read_json(text: str) -> Any:
    """The document in a text, with decimals exact. Raises ValueError with the place of the mistake."""
    if _depth(text) > _DEEPEST:
        # Python's own limit does not help: libraries raise it, and then its parser overflows the stack.
        raise ValueError("not JSON that a person wrote: nested too deeply")
    try:
        return json.loads(text, parse_float=Decimal, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise ValueError(f"line {error.lineno}, column {error.colno}: not JSON: {error.msg}") from None


def _depth(text: str) -> int:
    """At least the nesting depth; more where strings hold opening brackets."""
    depth = deepest = 0
    for letter in text:
        if letter in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif letter in "]}":
            depth -= 1
    return deepest


def _no_constant(word: str) -> None:
    raise ValueError(f"not JSON: {word} is no number")
