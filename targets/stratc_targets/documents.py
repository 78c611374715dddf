"""JSON from files that somebody hands us: whatever they hold, the worst is a ValueError."""

from __future__ import annotations

import json
import re
from decimal import Decimal, InvalidOperation
from itertools import accumulate
from typing import Any

_DEEPEST = 500
"""Levels. Certificates, the deepest of our documents, have a few dozen."""

_STRING = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
_STEPS = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}
_OTHERS = bytes(set(range(256)).difference(_STEPS))


def read_json(text: str) -> Any:
    """The document in a text, with decimals exact. Raises ValueError, with the place of the mistake if it has one.

    An object may not say a name twice: others may read the one that we do not.
    """
    if _depth(text) > _DEEPEST:
        # Python's own limit does not help: libraries raise it, and then its parser overflows the stack.
        raise ValueError("not JSON that we wrote: nested too deeply")
    try:
        return json.loads(text, parse_float=Decimal, parse_constant=_no_constant, object_pairs_hook=_said_once)
    except json.JSONDecodeError as error:
        raise ValueError(f"line {error.lineno}, column {error.colno}: not JSON: {error.msg}") from None
    except InvalidOperation:
        raise ValueError("not JSON that we wrote: a number with too large an exponent") from None


def _depth(text: str) -> int:
    brackets = _STRING.sub("", text).encode("utf-8", "surrogatepass").translate(None, _OTHERS)
    return max(accumulate(map(_STEPS.__getitem__, brackets)), default=0)


def _said_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("not JSON that we wrote: a name is said twice in one object")
    return found


def _no_constant(word: str) -> None:
    raise ValueError(f"not JSON: {word} is no number")
