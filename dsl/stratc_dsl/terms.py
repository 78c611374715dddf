"""What tokens and venues are declared to be: where a price comes from, what a venue takes and under which terms.

Every class of terms names its adapter, as written in the language; `adapters.py` says what that adapter can do.
Risk parameters are assumptions like the others: checked on chain at deployment, and watched.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, ClassVar

from stratc_dsl.record import Record
from stratc_dsl.span import Placed

if TYPE_CHECKING:
    from stratc_dsl.strategy import Strategy

# ── prices ──


class ChainlinkPrice(Record):
    pair: str
    heartbeat: int  # seconds
    deviation: Fraction


class RatioPrice(Placed):
    """The price of `other`, times what the feed says one token is worth in `other`."""

    other: str
    feed: ChainlinkPrice


class FixedPrice(Placed):
    """USD per whole token, by decree: no feed, so nothing notices when the market disagrees."""

    usd: Fraction


PriceSource = ChainlinkPrice | RatioPrice | FixedPrice


# ── venues ──


class Collateral(Placed):
    """One collateral of a lending venue. `ltv` and `threshold` are None where the strategy never borrows against it."""

    token: str
    ltv: Fraction | None
    threshold: Fraction | None


class Emode(Placed):
    """The efficiency mode of the account: its category replaces the risk parameters of each collateral."""

    category: int


class AaveV3(Placed):
    adapter: ClassVar[str] = "aave_v3"
    collateral: tuple[Collateral, ...]
    borrow: tuple[str, ...] = ()
    emode: Emode | None = None


class MorphoBlue(Placed):
    """One isolated market. Its `lltv` is both how far one may borrow and where one is liquidated: there is no gap.

    `collateral` therefore has it as `ltv` and as `threshold`; `loan` is what is lent out or owed there.
    """

    adapter: ClassVar[str] = "morpho_blue"
    collateral: Collateral
    loan: str


class Inner(Placed):
    """The strategy of a vault of ours, in the file at `path` as written; None until that file was read."""

    path: str
    strategy: Strategy | None = None


class Erc4626(Placed):
    """A deposit in a vault: anybody's, or one that is built from the strategy `inner`."""

    adapter: ClassVar[str] = "erc4626"
    asset: str
    inner: Inner | None = None


class UniswapV3(Placed):
    """A pool to swap in: `token`/`quote` as written, `fee` as a ratio (0.05% is 1/2000)."""

    adapter: ClassVar[str] = "uniswap_v3"
    token: str
    quote: str
    fee: Fraction


class UniswapV3Lp(Placed):
    """Liquidity in a pool, from `low` to `high` around the price at which it was last placed (-1/2 is half of it)."""

    adapter: ClassVar[str] = "uniswap_v3_lp"
    token: str
    quote: str
    fee: Fraction
    low: Fraction
    high: Fraction


class PerpV2(Placed):
    """A perpetual future on `token`, margined in `margin`; both ratios are of margin over the open notional."""

    adapter: ClassVar[str] = "perp_v2"
    token: str
    margin: str
    initial: Fraction
    maintenance: Fraction


class CoveredCall(Placed):
    """`token` held and calls on all of it sold, round after round of `tenor` seconds.

    `strike` is how far above the price of that moment (1/10 is 10% above); premium and settlement are in `quote`.
    """

    adapter: ClassVar[str] = "covered_call"
    token: str
    quote: str
    strike: Fraction
    tenor: int


class Bridge(Placed):
    """`token` on the chain `to`, and on its way there or back: at most `delay` seconds and `fee` of it each way."""

    adapter: ClassVar[str] = "bridge"
    token: str
    to: str
    fee: Fraction
    delay: int


Terms = AaveV3 | MorphoBlue | Erc4626 | UniswapV3 | UniswapV3Lp | PerpV2 | CoveredCall | Bridge


def pair_of(terms: Terms) -> tuple[str, str] | None:
    """Both tokens of a position that is in two: liquidity in a pool, and a token that may be called away."""
    match terms:
        case UniswapV3Lp(token, quote) | CoveredCall(token, quote):
            return (token, quote)
        case _:
            return None
