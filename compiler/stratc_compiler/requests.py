"""Redemptions that are asked for because they cannot be paid at once: what the queue is held to."""

from __future__ import annotations

from msgspec import Struct

SMALLEST_REQUEST = 10_000
"""A request is for at least one share in so many: no more than so many can wait, of shares as there are now."""

SERVED_AT_ONCE = 64
"""The most requests that one call looks at."""


class Request(Struct):
    """`shares` are pending, `served` are claimable, and `assets` are set aside for those."""

    controller: str
    owner: str
    shares: int
    served: int = 0
    assets: int = 0
