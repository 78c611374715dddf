"""A pool of Uniswap v3 as a lender, in integers: v3-core `UniswapV3Pool.flash`, to the unit.

The venue's own bookkeeping for comparison with the real contract; the model of the proofs says less.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from stratc_compiler.expr import Rounding
from stratc_compiler.interpret import Reverted, mul_div

MILLION = 10**6


@dataclass
class LendingPool:
    """What lies in the pool of each token, its fee in millionths, and its liquidity at the price of now."""

    fee: int
    liquidity: int
    held: dict[str, int] = field(default_factory=dict)

    def flash(self, token: str, amount: int) -> int:
        """Lends; what has to be back in the end. Raises Reverted where the pool does not lend so much."""
        if self.liquidity == 0:
            raise Reverted("L")
        if amount > self.held[token]:
            raise Reverted("TF")
        self.held[token] -= amount
        return amount + mul_div(amount, self.fee, MILLION, Rounding.UP)

    def give_back(self, token: str, owed: int) -> None:
        self.held[token] += owed
