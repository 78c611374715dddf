"""What is done with requests for redemption, as operations; a vault that pays everything at once has none."""

from __future__ import annotations

from dataclasses import dataclass

from differential.pair import Pair


@dataclass(frozen=True)
class Request:
    """`permille` of a user's shares, controlled by another perhaps."""

    user: int
    permille: int
    controller: int | None = None

    def apply(self, pair: Pair) -> None:
        user = pair.users[self.user]
        controller = pair.users[self.user if self.controller is None else self.controller]
        shares = pair.machine.balance(user) * self.permille // 1_000
        if pair.machine.vault.queues:
            pair.send(
                "request",
                user,
                lambda: pair.machine.request_redeem(user, shares, controller),
                "requestRedeem",
                shares,
                controller,
                user,
            )


@dataclass(frozen=True)
class Serve:
    """By anybody."""

    count: int = 64

    def apply(self, pair: Pair) -> None:
        if pair.machine.vault.queues:
            pair.send("serve", pair.world.users[3], lambda: pair.machine.serve(self.count), "serve", self.count)


@dataclass(frozen=True)
class TakeBack:
    """The `which`-th request, counted from the newest."""

    user: int
    which: int = 0

    def apply(self, pair: Pair) -> None:
        user, number = pair.users[self.user], len(pair.machine.book.requests) - self.which
        if pair.machine.vault.queues and number >= 0:
            pair.send("take back", user, lambda: pair.machine.take_back(number, user), "take_back", number)


@dataclass(frozen=True)
class Claim:
    """The `which`-th request, counted from the newest, to oneself or to another."""

    user: int
    which: int = 0
    receiver: int | None = None

    def apply(self, pair: Pair) -> None:
        user, number = pair.users[self.user], len(pair.machine.book.requests) - self.which
        receiver = pair.users[self.user if self.receiver is None else self.receiver]
        if pair.machine.vault.queues and number >= 0:
            pair.send("claim", user, lambda: pair.machine.claim(number, user, receiver), "claim", number, receiver)
