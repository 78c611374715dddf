"""What the proofs assume of a Uniswap v3 pool: a swap pays at most the assumed slippage less than the oracle price.

The contract enforces it: `exactInputSingle` reverts below the minimum output, and that minimum is the oracle's
value of what is sold, less the slippage. The pool's own price is never read.

A pool lends either of its tokens within one transaction for its fee, rounded up to a whole unit (v3-core
`UniswapV3Pool.flash`: `mulDivRoundingUp(amount, fee, 1e6)`), which nobody can change. It is locked meanwhile.
"""

from __future__ import annotations

from stratc_compiler.vault import SwapModel
from stratc_dsl.strategy import SlippageAtMost, Strategy, UniswapV3, Venue


def model(venue: Venue, strategy: Strategy) -> SwapModel:
    """The model of one pool. The checker has made sure that its slippage is assumed."""
    assert isinstance(venue.terms, UniswapV3)
    terms = venue.terms
    slippage = next(a.ratio for a in strategy.assumptions if isinstance(a, SlippageAtMost) and a.venue == venue.name)
    return SwapModel(venue.name, "uniswap_v3", (terms.token, terms.quote), slippage, flash_premium=terms.fee)
