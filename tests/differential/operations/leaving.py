"""How users take their part of everything: as it lies there, or unwound."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from differential.operations.users import fund
from differential.pair import Disagreement, Pair
from stratc_compiler.interpret import Reverted


@dataclass(frozen=True)
class RedeemInKind:
    """`permille` of a user's shares for a part of everything; with `short` the caller has nothing but this
    to pay the debts' part with.

    `forgone` has bits of the exit's steps, as the call takes them; some are no venue's.
    """

    user: int
    permille: int
    forgone: int = 0
    short: bool = False

    def apply(self, pair: Pair) -> None:
        user = pair.users[self.user]
        shares = pair.machine.balance(user) * self.permille // 1_000
        for token, owed in _owed(pair).items():
            fund(pair, user, 0 if self.short else owed, token)
        steps = enumerate(pair.machine.vault.exit_steps)
        forgone = [step.venue for number, step in steps if self.forgone >> number & 1]

        def exact() -> None:
            pair.machine.redeem_in_kind(user, shares, user, forgone)

        pair.send("redeem in kind", user, exact, "redeem_in_kind", shares, user, user, self.forgone)
        given = pair.world.save.contract.call("balanceOf", user), pair.world.weth.balance(user)
        expected = pair.market.save.shares.get(user, 0), pair.market.balance("WETH", user)
        if given != expected:
            raise Disagreement(f"what {user} was given in kind: the machine says {expected}, the chain {given}")


def _owed(pair: Pair) -> dict[str, int]:
    """All that the vault owes, by token."""
    owed = Counter({token: one.owed for token, one in pair.market.aave.reserves.items() if one.is_borrowed})
    if pair.market.blue is not None:
        owed["USDC"] += pair.market.blue.owed(pair.chain.address)
    return owed


@dataclass(frozen=True)
class RedeemUnwound:
    """`permille` of a user's shares for what their part brings; asks for no less than that and `spare` units."""

    user: int
    permille: int
    spare: int | None = None

    def apply(self, pair: Pair) -> None:
        if not pair.machine.vault.unwinding:
            return  # the vault has no such call
        user = pair.users[self.user]
        shares = pair.machine.balance(user) * self.permille // 1_000
        least = 0 if self.spare is None else max(self._brings(pair, user, shares) + self.spare, 0)
        pair.send(
            "redeem unwound",
            user,
            lambda: pair.machine.redeem_unwound(user, shares, user, least),
            "redeem_unwound",
            shares,
            user,
            user,
            least,
        )

    def _brings(self, pair: Pair, user: str, shares: int) -> int:
        """What the machine would pay, tried and put back."""
        book, market = pair.machine.book.copy(), pair.market.snapshot()
        try:
            return pair.machine.redeem_unwound(user, shares, user)
        except Reverted:
            return 0
        finally:
            pair.machine.book = book
            pair.market.restore(market)
