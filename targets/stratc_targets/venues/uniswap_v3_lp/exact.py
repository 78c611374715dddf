"""Positions of the position manager in exact integers, and what they are worth by a price that is not the pool's.

Source: v3-periphery 1.4.4 `NonfungiblePositionManager`, `LiquidityManagement`. All positions over one range are one
share of the pool (v3-core 1.0.1 `Position`, by owner and ticks), which rounds fees down whenever any of them is
touched, while the manager rounds for each when that is touched itself. So the manager may promise more than the pool
pays, and then pays less and counts it as paid: all positions of a share together ever miss less than a unit of each
token for each time that fees of the share were booked. One that is alone there misses nothing, and of liquidity that
is taken out and collected in one transaction nothing is missing ever. A call that raises may leave the books half
changed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from stratc_compiler.interpret import Reverted
from stratc_targets.venues.uniswap_v3_lp.amounts import amounts_of, liquidity_for
from stratc_targets.venues.uniswap_v3_lp.pool import Q128, Both, PoolBooks, fees, grown, lesser, plus
from stratc_targets.venues.uniswap_v3_lp.ticks import Q96, root_at_tick

MANAGER = "the position manager"
EVERYTHING: Both = (Q128 - 1, Q128 - 1)


@dataclass(slots=True)
class Position:
    """One position: its range, its liquidity, fees up to the last call, and what the manager owes its owner."""

    lower: int
    upper: int
    liquidity: int = 0
    inside: Both = (0, 0)
    owed: Both = (0, 0)

    @property
    def roots(self) -> Both:
        return root_at_tick(self.lower), root_at_tick(self.upper)

    def amounts(self, root: int) -> Both:
        """What its liquidity consists of where the root of the price is this one, rounded down."""
        return amounts_of(root, *self.roots, self.liquidity)


@dataclass(slots=True)
class PositionBooks:
    """The position manager over one pool; positions by their numbers, which begin at `following`."""

    pool: PoolBooks
    following: int = 1
    positions: dict[int, Position] = field(default_factory=dict)

    def mint(self, lower: int, upper: int, desired: Both, least: Both = (0, 0)) -> tuple[int, int, Both]:
        """Returns the position's number, its liquidity and what was paid. Raises Reverted as the manager would."""
        liquidity, paid = self._add(lower, upper, desired, least)
        inside = self._growth(lower, upper)
        number, self.following = self.following, self.following + 1
        self.positions[number] = Position(lower, upper, liquidity, inside)
        return number, liquidity, paid

    def increase(self, number: int, desired: Both, least: Both = (0, 0)) -> tuple[int, Both]:
        """Returns the liquidity that was added and what was paid."""
        position = self._position(number)
        liquidity, paid = self._add(position.lower, position.upper, desired, least)
        self._book_fees(position)
        position.liquidity += liquidity
        return liquidity, paid

    def decrease(self, number: int, liquidity: int, least: Both = (0, 0)) -> Both:
        """Take liquidity out; what it comes to is owed, not paid. Returns that."""
        position = self._position(number)
        if liquidity == 0 or position.liquidity < liquidity:
            raise Reverted("")
        amounts = self.pool.burn(MANAGER, position.lower, position.upper, liquidity)
        _check(amounts, least)
        self._book_fees(position)
        position.owed = plus(position.owed, amounts)
        position.liquidity -= liquidity
        return amounts

    def collect(self, number: int, asked: Both = EVERYTHING) -> Both:
        """Pay what is owed, fees up to now included. Returns that."""
        position = self._position(number)
        if asked == (0, 0):
            raise Reverted("")
        if position.liquidity:
            self.pool.burn(MANAGER, position.lower, position.upper, 0)
            self._book_fees(position)
        wanted = lesser(asked, position.owed)
        position.owed = position.owed[0] - wanted[0], position.owed[1] - wanted[1]
        return self.pool.collect(MANAGER, position.lower, position.upper, wanted)

    def burn(self, number: int) -> None:
        """Forget a position of which nothing is left."""
        position = self._position(number)
        if position.liquidity or position.owed != (0, 0):
            raise Reverted("Not cleared")
        del self.positions[number]

    def fees_owed(self, number: int) -> Both:
        """What `collect` would pay now of fees, and of liquidity that was taken out and not collected."""
        position = self.positions[number]
        share = self.pool.share(MANAGER, position.lower, position.upper)
        if position.liquidity == 0:
            return lesser(position.owed, share.owed)
        inside = self.pool.growth_inside(position.lower, position.upper)
        promised = plus(position.owed, fees(grown(inside, position.inside), position.liquidity))
        return lesser(promised, plus(share.owed, fees(grown(inside, share.inside), share.liquidity)))

    def held(self, number: int, root: int) -> Both:
        """All of a position at the root of an oracle's price: what its liquidity consists of there, and fees owed.

        The pool's own price, which whoever trades in it sets, does not enter.
        """
        return plus(self.positions[number].amounts(root), self.fees_owed(number))

    def _position(self, number: int) -> Position:
        if number not in self.positions:
            raise Reverted("Invalid token ID")
        return self.positions[number]

    def _growth(self, lower: int, upper: int) -> Both:
        return self.pool.share(MANAGER, lower, upper).inside

    def _add(self, lower: int, upper: int, desired: Both, least: Both) -> tuple[int, Both]:
        liquidity = liquidity_for(self.pool.root, root_at_tick(lower), root_at_tick(upper), *desired)
        paid = self.pool.mint(MANAGER, lower, upper, liquidity)
        _check(paid, least)
        return liquidity, paid

    def _book_fees(self, position: Position) -> None:
        """As of the pool's last booking, which each of the manager's calls makes first."""
        inside = self._growth(position.lower, position.upper)
        earned = fees(grown(inside, position.inside), position.liquidity)
        position.owed = (position.owed[0] + earned[0]) % Q128, (position.owed[1] + earned[1]) % Q128
        position.inside = inside


def impermanent_loss(liquidity: int, roots: Both, before: int, after: int) -> Fraction:
    """By how much both tokens, held as they were at one root, would be worth more than the position at another.

    In smallest units of token1, at the price of the latter root. Less than zero by rounding alone.
    """
    was, now = (amounts_of(root, *roots, liquidity) for root in (before, after))
    price = Fraction(after * after, Q96 * Q96)
    return (was[0] - now[0]) * price + was[1] - now[1]


def _check(amounts: Both, least: Both) -> None:
    if amounts[0] < least[0] or amounts[1] < least[1]:
        raise Reverted("Price slippage check")
