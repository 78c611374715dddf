"""What may happen at Morpho to a vault that borrows there: by others in its market, by the oracle, by liquidators."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from differential.pair import Pair

WHOLE = 1_000


@dataclass(frozen=True)
class Others:
    """The whale borrows a part (permille) of what is there, repays a part of what it owes, lends or withdraws."""

    kind: str  # borrow, repay, lend, withdraw
    permille: int

    def apply(self, pair: Pair) -> None:
        lab, books, whale = pair.world.morpho, pair.market.morpho, pair.world.whale
        exact, onchain, whole = {
            "borrow": (books.borrow, lab.borrow, max(books.liquid, 0)),
            "repay": (books.repay, lab.repay, books.owed(whale)),
            "lend": (books.supply, lab.seed, books.supply_assets),
            "withdraw": (books.withdraw, lab.withdraw, books.supply_assets),
        }[self.kind]
        amount = whole * self.permille // WHOLE
        if self.kind == "borrow":  # against more than enough
            lab.pledge(whale, 10**24)
            books.supply_collateral(whale, 10**24)
        pair.beside(f"others {self.kind}", lambda: exact(whale, amount), lambda: onchain(whale, amount))


@dataclass(frozen=True)
class Present:
    """Somebody supplies collateral in the vault's name, or repays units of its debt."""

    kind: str  # collateral, repayment
    amount: int

    def apply(self, pair: Pair) -> None:
        lab, books, vault = pair.world.morpho, pair.market.morpho, pair.chain.address
        exact, onchain = {
            "collateral": (books.supply_collateral, lab.pledge),
            "repayment": (books.repay, lab.repay),
        }[self.kind]
        whale, name = pair.world.whale, f"present {self.kind}"
        pair.beside(name, lambda: exact(vault, self.amount), lambda: onchain(whale, self.amount, vault))


@dataclass(frozen=True)
class Misprice:
    """The market's own oracle tells this part (permille) of what the feeds say, which the vault believes."""

    permille: int

    def apply(self, pair: Pair) -> None:
        pair.world.morpho.misprice(Fraction(self.permille, WHOLE))
        pair.morpho_price()
        pair.tally.done["misprice"] += 1


@dataclass(frozen=True)
class LiquidateAtMorpho:
    """Somebody repays a part (permille) of the vault's debt for collateral, where Morpho lets him."""

    permille: int

    def apply(self, pair: Pair) -> None:
        lab, books, vault = pair.world.morpho, pair.market.morpho, pair.chain.address
        shares = books.account(vault).borrow_shares * self.permille // WHOLE
        pair.world.usdc.provide(pair.world.arbitrageur, lab.contract, 10**18)

        name, liquidator = "liquidate at morpho", pair.world.arbitrageur
        pair.beside(
            name,
            lambda: books.liquidate(vault, repaid_shares=shares),
            lambda: lab.liquidate(liquidator, vault, repaid_shares=shares),
        )


@dataclass(frozen=True)
class CrashAtMorpho:
    """WETH falls to where the collateral covers about this part (permille) of the debt, and somebody liquidates."""

    permille: int

    def apply(self, pair: Pair) -> None:
        books, vault, feeds = pair.market.morpho, pair.chain.address, pair.market.feeds
        if books.account(vault).borrow_shares and all(map(pair.market.usable, feeds)) and books.price:
            answer = feeds["WETH"].answer * self.permille * books.owed(vault)
            answer //= WHOLE * max(books.largest_debt(vault), 1)
            pair.feed("WETH", min(max(answer, 300 * 10**8), 20_000 * 10**8))
            LiquidateAtMorpho(300).apply(pair)


OperationAtMorpho = Others | Present | Misprice | LiquidateAtMorpho | CrashAtMorpho
