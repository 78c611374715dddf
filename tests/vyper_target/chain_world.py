"""The interpreter's world made of the real venues: every step of a plan is a transaction of one plain account."""

from __future__ import annotations

from dataclasses import dataclass

from lab.chain import Reverted as ChainReverted
from lab.world import World
from stratc_compiler.interpret import Reverted
from stratc_compiler.vault import Held, Swap


@dataclass(frozen=True)
class ChainWorld:
    """Holds at the venues of the market what a vault would hold, in the account `me`."""

    market: World
    me: str

    def read(self, name: str) -> int:
        market, me = self.market, self.me
        word, _, token = name.removesuffix(")").partition("(")
        match word:
            case "idle":
                return market.token(token).balance(me)
            case "price":
                return int(market.price(token) * 10**18)
            case "unit":
                return 10 ** market.token(token).decimals
            case "aave.collateral":
                return market.aave.supplied(me, market.token(token))
            case "aave.debt":
                return market.aave.owed(me, market.token(token))
            case "save":
                return market.save.value(me)
            case "liquidity" if token == "save":
                return int(market.save.contract.call("maxWithdraw", me))
            case "liquidity":
                held = market.token(token.partition("(")[2].removesuffix(")"))
                return held.balance(market.aave.reserve(held).a_token.address)
        raise KeyError(name)

    def enter(self, held: Held, amount: int) -> None:
        market, token, me = self.market, self.market.token(held.token), self.me
        try:
            if held.debt:
                market.aave.borrow(me, token, amount)
            elif held.venue == "aave":
                token.approve(me, market.aave.pool, amount)
                market.aave.supply(me, token, amount)
            else:
                token.approve(me, market.save.contract, amount)
                market.save.deposit(me, amount)
        except ChainReverted as reverted:
            raise Reverted(reverted.reason) from reverted

    def leave(self, held: Held, amount: int) -> None:
        market, token, me = self.market, self.market.token(held.token), self.me
        try:
            if held.debt:
                token.approve(me, market.aave.pool, amount)
                market.aave.repay(me, token, amount)
            elif held.venue == "aave":
                market.aave.withdraw(me, token, amount)
            else:
                market.save.withdraw(me, amount)
        except ChainReverted as reverted:
            raise Reverted(reverted.reason) from reverted

    def swap(self, item: Swap, amount: int, minimum: int) -> int:
        market, sold, me = self.market, self.market.token(item.sold), self.me
        sold.approve(me, market.uniswap.router, amount)
        try:
            return int(market.pool.swap(me, sold, amount, minimum).value)
        except ChainReverted as reverted:
            raise Reverted(reverted.reason) from reverted
