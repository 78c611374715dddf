"""An account at a venue of perpetual futures, as a position of the model: cash, and a short that is to be bought back.

The account is worth its cash (margin with realized profit, funding, and what the short was sold for) less what buying
the short back costs. So it is a loan of the token against cash, and two positions of the model, `v.margin` and
`v.short(T)`. All that is particular to one protocol stands in a `Perp`, which its adapter's `model.py` fills in.

A unit of margin counts for a dollar there, whatever it costs elsewhere: the market is one of the token against dollars,
paid in margin. So what a short costs is `size * price(T)` units of margin, worth what the margin token is. Fills,
margin ratios and liquidation are all told in that unit, and no price of the margin token enters any of them.

Funding moves cash with the market's premium, whatever anybody does. With rates between `low` and `high` for a keeper's
period P, low <= 0 <= high, what is pending when a round begins is up to P old, `q * E` with 0 <= E <= P, and at a
moment of it what was pending or has been booked since is between `low` and `high` times E + t, t <= P. So in one round
it changes by

    at least   2 low - high        at most   2 high - low

of the short's worth: a premium that turns takes back what was pending, and then asks for its own. Both are told of the
dearest price: what each rate is told of is the price of its moment.
"""

from __future__ import annotations

from fractions import Fraction

from stratc_compiler.expr import (
    Expr,
    Kind,
    MulDiv,
    Num,
    Rounding,
    TokenDim,
    amount_worth,
    price,
    scale,
    unit,
    value_of,
)
from stratc_dsl.record import Record

_WAD = Fraction(10**18)


class Perp(Record):
    """What proofs know of an account: `token` is short, `margin` is what it is margined, sold and bought back in.

    A trade is filled within `slippage` of the oracle price. A short is opened, and margin withdrawn, where cash and
    what of it is realized are `initial` and more of what it costs; it is reduced in part where that is `maintenance`.
    `off` is by which share the venue's mark may differ from the vault's price. `low` and `high` are what funding adds
    to cash in a round, as shares of the short's worth (see above); below zero a short pays. Whoever closes it, at the
    mark, takes `penalty` of what that costs beyond.
    """

    token: str
    margin: str
    slippage: Fraction
    initial: Fraction
    maintenance: Fraction
    off: Fraction
    low: Fraction
    high: Fraction
    penalty: Fraction


def in_a_round(low: Fraction, high: Fraction, share: Fraction) -> tuple[Fraction, Fraction]:
    """What funding between two rates comes to in one round; `share` of the time that they are told for is a period.

    Nothing has to be between the two. Else what was pending at a dear price could be taken back and paid again at a
    cheap one: no multiple of either rate would be a bound.
    """
    assert low <= 0 <= high
    least, most = low * share, high * share
    return 2 * least - most, 2 * most - least


def _dollar(margin: str) -> Num:
    """For what a whole margin token counts."""
    return Num(_WAD, TokenDim(Kind.PRICE, margin))


def cost(size: Expr, margin: str, rounding: Rounding) -> Expr:
    """How much margin buys so much of the token at the oracle price."""
    return MulDiv(value_of(size, rounding), unit(margin), _dollar(margin), rounding)


def size_for(paid: Expr, token: str, margin: str) -> Expr:
    """How much of the token so much margin buys at the oracle price, rounded down."""
    dollars = MulDiv(paid, _dollar(margin), unit(margin), Rounding.DOWN)
    return MulDiv(dollars, unit(token), price(token), Rounding.DOWN)


def size_worth(value: Expr, token: str, margin: str) -> Expr:
    """How much of the token costs what so much value in margin is, rounded down."""
    return size_for(amount_worth(value, margin, Rounding.DOWN), token, margin)


def worth_of_short(size: Expr, margin: str) -> Expr:
    """USD value of what buying back costs, rounded up."""
    return value_of(cost(size, margin, Rounding.UP), Rounding.UP)


def most_paid(of: Perp, size: Expr) -> Expr:
    """The most margin that is paid to buy so much back, rounded up."""
    return scale(cost(size, of.margin, Rounding.UP), 1 + of.slippage, Rounding.UP)


def least_fetched(of: Perp, size: Expr) -> Expr:
    """The least margin that is taken for so much sold, rounded down."""
    return scale(cost(size, of.margin, Rounding.DOWN), 1 - of.slippage, Rounding.DOWN)


def in_dollars(token: str) -> str:
    """The name, in the proofs, of a token that is told in dollars and not in base: as a venue of perpetuals counts."""
    return f"{token} in dollars"
