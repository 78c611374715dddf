"""An account at a real venue as the model sees it: formulas of the model over positions that are read."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from stratc_compiler.expr import Formula
from stratc_compiler.interpret import Evaluator
from stratc_compiler.vault import FlashLoan, Held, Swap, Vault


class ModelOfAccount:
    """The model of one venue over an account there; `read` gives variables of the model by name. Nothing moves."""

    def __init__(self, vault: Vault, venue: str, read: Callable[[str], int]) -> None:
        self.vault, self.venue, self.read = vault, vault.venue(venue), read

    def evaluator(self) -> Evaluator:
        return Evaluator(self.vault, self)

    def holds(self, formula: Formula | None) -> bool:
        assert formula is not None
        return self.evaluator().holds(formula)

    def health(self) -> Fraction:
        """The model's health factor, exact."""
        assert self.venue.health is not None
        state = self.evaluator()
        covered, owed = (sum((w * state.value(e) for e, w in side.items()), Fraction(0)) for side in self.venue.health)
        return covered / owed

    def enter(self, held: Held, amount: int) -> None:
        raise NotImplementedError

    def leave(self, held: Held, amount: int) -> None:
        raise NotImplementedError

    def swap(self, item: Swap, amount: int, minimum: int) -> int:
        raise NotImplementedError

    def lend(self, loan: FlashLoan, amount: int) -> int:
        raise NotImplementedError

    def take_back(self, loan: FlashLoan, amount: int, owed: int) -> None:
        raise NotImplementedError
