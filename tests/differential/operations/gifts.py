"""Tokens that nobody asked for."""

from __future__ import annotations

from dataclasses import dataclass

from differential.pair import Pair
from lab.tokens import Token


@dataclass(frozen=True)
class Donate:
    """Tokens sent to the vault, or supplied, repaid or deposited in its name."""

    kind: str  # idle, supply, repay, save
    token: str
    amount: int

    def apply(self, pair: Pair) -> None:
        getattr(self, f"_{self.kind}")(pair, pair.world.token(self.token), pair.chain.address)

    def _idle(self, pair: Pair, token: Token, vault: str) -> None:
        token.mint(vault, self.amount)
        pair.market.mint(token.symbol, vault, self.amount)
        pair.tally.done["donate idle"] += 1

    def _supply(self, pair: Pair, token: Token, vault: str) -> None:
        lab, whale = pair.world.aave, pair.world.whale
        token.provide(whale, lab.pool, self.amount)
        pair.both(
            "donate supply",
            lambda: pair.market.aave.supply(token.symbol, self.amount),
            lambda: lab.pool.send("supply", token, self.amount, vault, 0, sender=whale).value,
        )

    def _repay(self, pair: Pair, token: Token, vault: str) -> None:
        lab, whale = pair.world.aave, pair.world.whale
        token.provide(whale, lab.pool, self.amount)
        pair.both(
            "donate repay",
            lambda: pair.market.aave.repay(token.symbol, self.amount),
            lambda: lab.pool.send("repay", token, self.amount, 2, vault, sender=whale).value,
        )

    def _save(self, pair: Pair, token: Token, vault: str) -> None:
        save, whale = pair.world.save, pair.world.whale
        pair.world.usdc.provide(whale, save.contract, self.amount)
        pair.both(
            "donate save",
            lambda: pair.market.save.deposit(vault, self.amount),
            lambda: save.contract.send("deposit", self.amount, vault, sender=whale).value,
        )
