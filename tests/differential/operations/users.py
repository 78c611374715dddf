"""What users do with shares: they come, leave for what the vault pays at once, and give to each other."""

from __future__ import annotations

from dataclasses import dataclass

from differential.pair import Pair
from stratc_compiler.interpret import Reverted


def fund(pair: Pair, user: str, amount: int, symbol: str = "USDC") -> None:
    """Give a user so much more of a token, and let the vault take it."""
    token = pair.world.token(symbol)
    token.mint(user, amount)
    token.approve(user, pair.chain.contract)
    pair.market.mint(symbol, user, amount)


@dataclass(frozen=True)
class Deposit:
    user: int
    assets: int

    def apply(self, pair: Pair) -> None:
        user = pair.users[self.user]
        fund(pair, user, self.assets)
        pair.send("deposit", user, lambda: pair.machine.deposit(user, self.assets, user), "deposit", self.assets, user)


@dataclass(frozen=True)
class Mint:
    """For another user; with `short` the caller cannot pay."""

    user: int
    receiver: int
    shares: int
    short: bool = False

    def apply(self, pair: Pair) -> None:
        user, receiver = pair.users[self.user], pair.users[self.receiver]
        try:
            needed = pair.machine.preview_mint(self.shares)
        except Reverted:
            needed = 0
        fund(pair, user, max(needed - pair.market.balance("USDC", user) - self.short, 0))
        pair.send("mint", user, lambda: pair.machine.mint(user, self.shares, receiver), "mint", self.shares, receiver)


@dataclass(frozen=True)
class Withdraw:
    """`permille` of the limit (or, `past` it, of what the shares are worth) and `extra` units."""

    user: int
    receiver: int
    permille: int
    extra: int = 0
    past: bool = False

    def apply(self, pair: Pair) -> None:
        user, receiver = pair.users[self.user], pair.users[self.receiver]
        assets = max(self._whole(pair, user) * self.permille // 1_000 + self.extra, 0)
        pair.send(
            "withdraw",
            user,
            lambda: pair.machine.withdraw(user, assets, receiver),
            "withdraw",
            assets,
            receiver,
            user,
        )

    def _whole(self, pair: Pair, user: str) -> int:
        try:
            if self.past:
                return pair.machine.preview_redeem(pair.machine.balance(user))
            return pair.machine.max_withdraw(user)
        except Reverted:
            return 0


@dataclass(frozen=True)
class Redeem:
    """`permille` of the limit (or, `past` it, of all shares) and `extra` shares; perhaps to the vault itself."""

    user: int
    permille: int
    extra: int = 0
    past: bool = False
    to_vault: bool = False

    def apply(self, pair: Pair) -> None:
        user = pair.users[self.user]
        whole = pair.machine.balance(user) if self.past else pair.machine.max_redeem(user)
        shares = max(whole * self.permille // 1_000 + self.extra, 0)
        receiver = pair.chain.address if self.to_vault else user
        pair.send("redeem", user, lambda: pair.machine.redeem(user, shares, receiver), "redeem", shares, receiver, user)


@dataclass(frozen=True)
class Send:
    """Shares from one user to another."""

    user: int
    receiver: int
    permille: int

    def apply(self, pair: Pair) -> None:
        user, receiver = pair.users[self.user], pair.users[self.receiver]
        shares = pair.machine.balance(user) * self.permille // 1_000

        def exact() -> bool:
            pair.machine.transfer(user, receiver, shares)
            return True

        pair.send("send shares", user, exact, "transfer", receiver, shares)
