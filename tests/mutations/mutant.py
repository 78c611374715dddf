"""A seeded fault, and short ways to write down one that is a single change."""

from __future__ import annotations

from dataclasses import dataclass

from mutations.change import ACTIONS, BOOK, VAULT, Change


@dataclass(frozen=True)
class Mutant:
    """A fault: its changes in the emitted sources, and the story in which contract and machine must part."""

    name: str
    changes: tuple[Change, ...]
    caught_by: str


def _one(name: str, caught_by: str, file: str, old: str, new: str) -> Mutant:
    return Mutant(name, (Change(file, old, new),), caught_by)


def in_vault(name: str, caught_by: str, old: str, new: str) -> Mutant:
    return _one(name, caught_by, VAULT, old, new)


def in_actions(name: str, caught_by: str, old: str, new: str) -> Mutant:
    return _one(name, caught_by, ACTIONS, old, new)


def in_book(name: str, caught_by: str, old: str, new: str) -> Mutant:
    return _one(name, caught_by, BOOK, old, new)


def in_module(module: str, name: str, caught_by: str, old: str, new: str) -> Mutant:
    return _one(name, caught_by, f"contracts/{module}.vy", old, new)
