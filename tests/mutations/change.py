"""A change of an emitted contract: what attacks take out, and faults put in."""

from __future__ import annotations

from dataclasses import dataclass

VAULT = "contracts/Vault.vy"
ACTIONS = "contracts/Actions.vy"
BOOK = "contracts/book.vy"


@dataclass(frozen=True)
class Change:
    """In one file, `old` becomes `new`: it must stand there exactly once."""

    file: str
    old: str
    new: str

    def seed(self, sources: dict[str, str]) -> None:
        """Make the change in the sources."""
        assert sources[self.file].count(self.old) == 1, f"{self.old!r} is no longer there once"
        sources[self.file] = sources[self.file].replace(self.old, self.new)
