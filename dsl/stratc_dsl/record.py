"""Records: frozen values with named fields, equal where class and fields are. All trees and models are made of them.

A dataclass compiles its methods whenever its module is imported; with hundreds of classes that was most of what a user
waited for. Making one of these takes microseconds.
"""

from __future__ import annotations

from enum import Enum
from fractions import Fraction
from typing import dataclass_transform

from msgspec import Struct, field


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
class Record(Struct, frozen=True):
    """The base class of every frozen value."""


Leaf = str | int | Fraction | Enum | None
"""What a tree holds beside records and tuples of them."""


def parts(value: object) -> tuple[object, ...]:
    """What a value of a tree holds, none for a leaf. TypeError for what no tree has: no walk may pass it by."""
    match value:
        case Record():
            return tuple(getattr(value, name) for name in value.__struct_fields__)
        case tuple():
            return value
        case _ if isinstance(value, Leaf):
            return ()
        case _:
            raise TypeError(f"a {type(value).__name__} in a tree")
