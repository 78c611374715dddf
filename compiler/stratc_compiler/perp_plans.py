"""What actions do at a venue of perpetuals, as plans: the short is brought to a size, and margin to a share of nav.

A short is enlarged and bought back at the venue, out of the account's own cash; margin comes from idle money, and goes
there. What is gained on paper is no margin: so where less is realized than is asked for, the whole short is bought back
first, which realizes all, and what is wanted is sold anew. That costs the venue's slippage on the short twice, and at
any price leaves an account of which everything is realized. Sizes are of the state at the start and rounded down.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from stratc_compiler.errors import Unsupported
from stratc_compiler.expr import (
    Add,
    Cmp,
    Expr,
    If,
    Min,
    Monus,
    MulDiv,
    Plain,
    Rel,
    Rounding,
    Var,
    amount,
    amount_worth,
    scale,
    total,
    value_of,
    zero,
)
from stratc_compiler.greeks import prices_with
from stratc_compiler.perps import least_fetched, most_paid, size_worth
from stratc_compiler.ranges import proportion
from stratc_compiler.trade_sizes import plan_name, worth_trading
from stratc_compiler.vault import (
    NAV,
    SCALE,
    Band,
    Enter,
    Hedged,
    Leave,
    Let,
    Plan,
    PlanItem,
    Require,
    Trade,
    VenueModel,
)
from stratc_dsl.record import Record
from stratc_dsl.strategy import Strategy


class TargetShort(Record):
    """What is short where every position is at its target and delta in its middle: a share of nav, in which what ranges
    of liquidity have of the token is not counted, and these ranges.
    """

    share: Fraction
    ranges: tuple[Band, ...] = ()

    def value(self) -> Expr:
        """What it is worth, of the nav and at the prices at the start; rounded down."""
        of_ranges = tuple(_of_token(band) for band in self.ranges)
        held = total((*((scale(NAV, self.share, Rounding.DOWN),) if self.share > 0 else ()), *of_ranges), Plain.VALUE)
        return Monus(held, scale(NAV, -self.share, Rounding.DOWN)) if self.share < 0 else held


def _of_token(band: Band) -> Expr:
    """What of a range at its target is worth of its token."""
    assert band.held.range is not None
    part, all_of_it = proportion(band.held.range)
    return MulDiv(scale(NAV, band.target, Rounding.DOWN), part, all_of_it, Rounding.DOWN)


def target_shorts(strategy: Strategy, hedges: tuple[Hedged, ...], bands: tuple[Band, ...]) -> Mapping[str, TargetShort]:
    """By its venue, what is short where every position is at its target and delta in its middle.

    Raises Unsupported for a margin that no hedge uses, and for two hedges by one account.
    """
    shares: dict[str, TargetShort] = {}
    for hedge in hedges:
        venue = hedge.instrument.venue
        if hedge.instrument.margin is None or venue is None:
            continue
        if venue in shares:
            raise Unsupported(
                f"two hedges by `{hedge.instrument.name}`", "one account keeps one sensitivity", hedge.span
            )
        moving = prices_with(hedge.greek.token, strategy)
        exposed = sum(
            (-band.target if band.held.debt else band.target)
            for band in bands
            if f"price({band.held.token})" in moving and band.held.range is None
        )
        ranges = tuple(
            band for band in bands if band.held.range is not None and f"price({band.held.range.token})" in moving
        )
        share = Fraction(exposed) - (hedge.low + hedge.high) / 2
        shares[venue] = TargetShort(share if ranges else max(share, Fraction(0)), ranges)
    for band in bands:
        if band.held.position.kind == "margin" and band.held.venue not in shares:
            cure = f"write `hedge {{ delta(TOKEN): .. of nav using {band.held.venue}.short(TOKEN) }}`"
            raise Unsupported(f"`{band.held.name}` without a hedge", cure, band.span)
    return shares


class AccountMoves(Record):
    """What brings an account to its targets: the sizes, what trades and takes margin out, what puts some in."""

    sizes: tuple[Let, ...]
    draw: Plan
    deposit: Plan


def to_target(band: Band, venue: VenueModel, of: TargetShort) -> AccountMoves:
    """The account's worth at its target, and the short at its share of nav."""
    _, cash, short = venue.account
    target = scale(NAV, band.target, Rounding.DOWN)
    wanted = Var(plan_name("target of", short.name), Plain.VALUE)
    net = Monus(cash.value, short.value)
    out = amount(plan_name("reduce", cash.name), cash.token)
    into = amount(plan_name("increase", cash.name), cash.token)
    over, under = Monus(net, target), Monus(target, net)
    sizes, (cover, sale) = resized(
        venue,
        Monus(short.value, wanted),
        Monus(wanted, short.value),
        value_of(out, Rounding.UP),
    )
    return AccountMoves(
        (
            Let(wanted, of.value()),
            Let(out, worth_trading(over, amount_worth(over, cash.token, Rounding.DOWN))),
            Let(into, worth_trading(under, amount_worth(under, cash.token, Rounding.DOWN))),
            *sizes,
        ),
        (cover, Leave(cash, out)),
        (Enter(cash, into), sale),
    )


NOTHING = zero(Plain.VALUE)

_UNITS = 50
"""So many units of rounding are asked for besides, each a `SCALE`th of nav: more than all that a resizing rounds."""


def resized(
    venue: VenueModel, over: Expr, under: Expr, out: Expr = NOTHING
) -> tuple[tuple[Let, ...], tuple[Trade, Trade]]:
    """Buy back so much worth of the short, or sell so much more: the sizes, what is bought back, and what is sold.

    Between the two so much may be taken out of the margin, or anything put in: enough is realized for what is taken.

    Buying back loses what is realized at most what the fill costs beyond the price; no less is asked for than a venue
    asks of an account that is opened.
    """
    of, cash, short = venue.account
    less, more = (amount(plan_name(words, short.name), short.token) for words in ("cover", "short more of"))
    anew = amount(plan_name("short anew", short.name), short.token)
    asked = Var(plan_name("asked of", venue.name), Plain.VALUE)
    margin = scale(Add(short.value, under), of.initial * (1 + of.off), Rounding.UP)
    units = scale(NAV, Fraction(_UNITS, SCALE), Rounding.UP)
    lost = Add(scale(over, of.slippage, Rounding.UP), units)
    realized = value_of(cash.liquidity, Rounding.DOWN)
    enough = Cmp(realized, Rel.GE, asked)
    sizes = (
        Let(less, worth_trading(over, Min(size_worth(over, of.token, of.margin), short.var))),
        Let(more, worth_trading(under, size_worth(under, of.token, of.margin))),
        Let(asked, Add(margin, lost) if out == NOTHING else Add(Add(margin, lost), out)),
        Let(anew, If(enough, zero(short.var.dim), Monus(short.var, less))),
    )
    back, sold = Add(less, anew), Add(more, anew)
    return sizes, (
        Trade(short, cash, back, most_paid(of, back), covers=True),
        Trade(short, cash, sold, least_fetched(of, sold)),
    )


def resizing(sizes: tuple[PlanItem | Require, ...], venue: VenueModel) -> tuple[Expr, Expr, Expr] | None:
    """What `resized` was asked of, where these are its sizes: how much is too much, how much is lacking, what is taken
    out."""
    match sizes:
        case (Let(_, If(Cmp(over))), Let(_, If(Cmp(under))), Let(_, Add(_, last)), Let()):
            asked = (resized(venue, over, under, out)[0] for out in (NOTHING, last))
            found = (out for out, lets in zip((NOTHING, last), asked, strict=True) if lets == sizes)
            return next(((over, under, out) for out in found), None)
        case _:
            return None


def closed(venue: VenueModel) -> Plan:
    """Buy the whole short back, and take out what is left."""
    of, cash, short = venue.account
    covered = Trade(short, cash, short.var, most_paid(of, short.var), covers=True)
    return covered, Leave(cash, Min(cash.var, cash.liquidity))
