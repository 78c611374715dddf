"""Stories of a delta that is kept inside a band."""

from __future__ import annotations

from differential.operations import Deposit, Keep, Mend, Move, Run
from differential.story import OPENING, Story
from vyper_target.vaults import USDC

HEDGES: dict[str, Story] = {
    "a rise and a fall that take delta out of its band, each mended by one trade": Story(
        "half_hedged",
        (
            *OPENING,
            Run("rehedge"),
            Move("WETH", 1_150),
            Keep(),
            Run("rehedge"),
            Move("WETH", 800),
            Keep(),
            Move("WETH", 1_030),  # inside the band, but the price has gone far
            Keep(),
        ),
        {"rebalance": 1, "rehedge": 3},
        {"rehedge": 2},
    ),
    "a pool that sells ether so far below the oracle that the hedge would be left on the other side": Story(
        "half_hedged",
        (
            *OPENING,
            Deposit(2, 180_000 * USDC),
            Move("WETH", 1_190, arbitrage=False),
            Run("rehedge"),
            Mend(),
            Run("rehedge"),
            Keep(),
        ),
        {"rebalance": 1, "rehedge": 1},
        {"rehedge": 1},
    ),
}
