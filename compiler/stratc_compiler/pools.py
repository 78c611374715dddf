"""Which venues of a strategy are one pool of Uniswap v3: it is locked while it lends, for all else that it does.

Sources: v3-core `UniswapV3Pool`, whose `flash`, `swap`, `mint`, `burn` and `collect` all take one `lock`;
`UniswapV3Factory`, which has one pool of two tokens at a fee.
"""

from __future__ import annotations

from fractions import Fraction

from stratc_dsl.strategy import Strategy, UniswapV3, UniswapV3Lp

Pool = tuple[frozenset[str], Fraction]
"""Two tokens and a fee. Those of two factories are two; here they count as one."""


def pools_of(strategy: Strategy) -> dict[str, Pool]:
    """The pool of each venue that is one, or a position in one, by the venue's name."""
    return {
        venue.name: (frozenset({terms.token, terms.quote}), terms.fee)
        for venue in strategy.venues
        if isinstance(terms := venue.terms, UniswapV3 | UniswapV3Lp)
    }
