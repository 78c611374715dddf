"""A vault's liquidity in a range, in integers: the whole pool it lies in, and the position, moved as the adapter does.

What was in the pool before is read from the chain once; all trades in it are booked from then on, those of others too.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from eth_abi.packed import encode_packed
from eth_utils import keccak

from lab.uniswap import FULL_RANGE, Pool
from stratc_compiler.interpret import Reverted
from stratc_compiler.ranges import Range
from stratc_compiler.vault import Vault
from stratc_targets.venues.uniswap_v3_lp.exact import EVERYTHING, MANAGER, PositionBooks
from stratc_targets.venues.uniswap_v3_lp.places import MILLION, around, ends_in_base, is_near, root_in_pool
from stratc_targets.venues.uniswap_v3_lp.pool import Both, PoolBooks, Share, Tick

Worths = tuple[int, int]
"""A price: what a smallest unit of the token, and of base, is worth (see `places`)."""


@dataclass
class Liquidity:
    """The position of a vault; `number` is 0 before there is one. Pairs are of the range's token and of base."""

    of: Range
    token_first: bool
    books: PositionBooks
    lower: int
    upper: int
    number: int = 0

    @property
    def held(self) -> int:
        return self.books.positions[self.number].liquidity if self.number else 0

    @property
    def ends(self) -> Both:
        """The roots that the vault values by."""
        return ends_in_base(self.lower, self.upper, self.token_first)

    def check_near(self, worths: Worths) -> None:
        if not is_near(self.books.pool.root, root_in_pool(*worths, self.token_first), int(self.of.off * MILLION)):
            raise Reverted("uniswap_v3_lp: pool off its oracle")

    def provide(self, token: int, base: int) -> Both:
        """Add what both pay for; returns what was taken."""
        desired = self._turned((token, base))
        if self.number:
            return self._turned(self.books.increase(self.number, desired)[1])
        self.number, _, paid = self.books.mint(self.lower, self.upper, desired)
        return self._turned(paid)

    def withdraw(self, liquidity: int) -> Both:
        """Take it out, and all fees; returns what came. Nothing comes of no position."""
        if not self.number:
            return 0, 0
        if liquidity:
            self.books.decrease(self.number, liquidity)
        return self._turned(self.books.collect(self.number, EVERYTHING))

    def give(self, liquidity: int) -> Both:
        """Take it out, and no fees; returns what came."""
        owed = self.books.decrease(self.number, liquidity)
        return self._turned(self.books.collect(self.number, owed)) if any(owed) else (0, 0)

    def _turned(self, both: Both) -> Both:
        return both if self.token_first else both[::-1]

    # ── what others do in the pool ─────────────────────────────────────────────────────────

    def sell(self, token: str, amount: int) -> int:
        """One of the pool's two tokens, all of the amount; returns what came of the other."""
        paid, received = self.books.pool.swap(self._is_0(token), amount)
        if paid < amount:
            raise Reverted("uniswap_v3: filled in part")
        return received

    def move_to(self, root: int) -> None:
        """Somebody with enough of both trades until the pool is there."""
        if root != self.books.pool.root:
            self.books.pool.swap(root < self.books.pool.root, 2**120, root)

    def _is_0(self, token: str) -> bool:
        return (token == self.of.token) == self.token_first


def liquidity_of(pool: Pool, vault: Vault, worths: Worths) -> Liquidity:
    """Of a vault that was just deployed at this price, and has no position yet."""
    (held,) = vault.ranges.values()
    of = held.range
    assert of is not None
    token_first = pool.base_is_token0 == (pool.base.symbol == of.token)
    books = PositionBooks(_pool_books(pool), following=pool.lab.positions.call("totalSupply") + 1)
    ends = Fraction(of.below), Fraction(of.above)
    lower, upper = around(*worths, *ends, books.pool.spacing, token_first)
    return Liquidity(of, token_first, books, lower, upper)


def _pool_books(pool: Pool) -> PoolBooks:
    """The pool as it is: in the lab all that others have in it lies over all prices."""
    contract = pool.contract
    root, tick, *_ = contract.call("slot0")
    books = PoolBooks(pool.fee, root)
    books.tick, books.liquidity = tick, contract.call("liquidity")
    books.growth = contract.call("feeGrowthGlobal0X128"), contract.call("feeGrowthGlobal1X128")
    end = FULL_RANGE // books.spacing * books.spacing
    for at in (-end, end):
        gross, net, outside0, outside1 = contract.call("ticks", at)[:4]
        books.ticks[at] = Tick(gross, net, (outside0, outside1))
    key = keccak(encode_packed(["address", "int24", "int24"], [pool.lab.positions.address, -end, end]))
    liquidity, inside0, inside1, owed0, owed1 = contract.call("positions", key)
    books.shares[MANAGER, -end, end] = Share(liquidity, (inside0, inside1), (owed0, owed1))
    return books
