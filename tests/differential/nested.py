"""A vault that holds shares of another one of ours: two contracts, and beside them two exact machines.

What the outer machine has at its venue is what the inner machine says of its shares, and tokens are booked once: in
the market of the inner one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from differential.market import ExactMarket, exact_market
from differential.pair import Pair, Tally, outcome, pair_of
from lab.chain import Reverted as ChainReverted
from lab.world import World
from stratc_compiler.interpret import Reverted
from stratc_compiler.machine import Machine
from stratc_compiler.standing import Roles
from stratc_compiler.vault import Held
from vyper_target.vaults import Deployed, deploy, example

VENUE = "inner"


class NestedMarket(ExactMarket):
    """The market of the outer vault: `inner` is the machine of the vault whose shares it holds."""

    inner: Machine

    @property
    def _tokens(self) -> ExactMarket:
        market = self.inner.market
        assert isinstance(market, ExactMarket)
        return market

    def balance(self, token: str, holder: str) -> int:
        return self._tokens.balance(token, holder)

    def mint(self, token: str, holder: str, amount: int) -> None:
        self._tokens.mint(token, holder, amount)

    def burn(self, token: str, holder: str, amount: int) -> None:
        self._tokens.burn(token, holder, amount)

    def read(self, name: str) -> int:
        match name:
            case "inner":
                return self.inner.preview_redeem(self.inner.balance(self.address))
            case "liquidity(inner)":
                return self.inner.max_withdraw(self.address)
            case _:
                return super().read(name)

    def enter(self, held: Held, amount: int) -> None:
        if held.venue != VENUE:
            super().enter(held, amount)
            return
        before = self.read(VENUE)
        self.inner.deposit(self.address, amount, self.address)
        share = min(self.inner.preview_redeem(1), (before + amount) // 100_000)
        if self.read(VENUE) + held.rounding + 1 + share < before + amount:
            raise Reverted("erc4626: deposit lost value")

    def leave(self, held: Held, amount: int) -> None:
        if held.venue != VENUE:
            super().leave(held, amount)
            return
        self.inner.withdraw(self.address, amount, self.address)

    def hand_over(self, held: Held, share: Callable[[int], int], receiver: str) -> None:
        if held.venue != VENUE:
            super().hand_over(held, share, receiver)
        elif amount := share(self.inner.balance(self.address)):
            self.inner.transfer(self.address, receiver, amount)

    def snapshot(self) -> object:
        return super().snapshot(), self.inner.book.copy(), self._tokens.snapshot()

    def restore(self, snapshot: object) -> None:
        own, self.inner.book, tokens = snapshot  # type: ignore[misc]
        super().restore(own)
        self._tokens.restore(tokens)


class NestedPair(Pair):
    """The outer vault beside its machine; `inner` is the pair of the vault that it holds."""

    inner: Pair

    def compare(self, probe: int, user: str) -> None:
        """Of both vaults, whichever was moved."""
        super().compare(probe, user)
        self.inner.compare(probe, user)

    def compare_state(self) -> None:
        """Without its prices the inner vault does not say what its shares are worth, on either side."""
        unknown = outcome(lambda: self.market.read(VENUE), Reverted)[1]
        assert unknown == outcome(lambda: self._position(VENUE), ChainReverted)[1]
        if unknown is None:
            super().compare_state()
            self.inner.compare_state()

    def _position(self, name: str) -> Any:
        if name != VENUE:
            return super()._position(name)
        inner = self.inner.chain
        return inner.call("convertToAssets", inner.call("balanceOf", self.chain.address))

    def warp(self, seconds: int) -> None:
        super().warp(seconds)
        self.inner.warp(0)

    def feed(self, token: str, answer: int, age: int = 0, *, arbitrage: bool = True) -> None:
        self.inner.feed(token, answer, age, arbitrage=False)
        super().feed(token, answer, age, arbitrage=arbitrage)


def nested(world: World, inner: str = "treasury", outer: str = "vault_of_vaults") -> NestedPair:
    """Both deployed, the outer over the inner one, and both machines."""
    below = pair_of(deploy(world, example(inner)), Tally())
    above = deploy(world, example(outer), venue_inner=below.chain.address)
    market = _market(world, above, below)
    machine = Machine(above.model, market, _roles(above), above.address)
    pair = NestedPair(world, above, machine, market, Tally())
    pair.inner = below
    return pair


def _market(world: World, above: Deployed, below: Pair) -> NestedMarket:
    market = exact_market(world, above.model, above.address)
    result = NestedMarket(**{name: getattr(market, name) for name in market.__dataclass_fields__})
    result.inner = below.machine
    return result


def _roles(deployed: Deployed) -> Roles:
    return Roles(deployed.owner, deployed.guardian, deployed.keeper, deployed.attester, deployed.fee_recipient)
