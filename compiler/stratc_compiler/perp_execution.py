"""What trades and time do to an account at a venue of perpetuals, in the proofs: cash, short, and what is realized.

Everything is told by its worth in base, which is what a unit of margin is: a size by what it costs at the oracle price.
Of what is realized nothing is carried from one round to the next. Within a pass it is followed by what any venue keeps
to that asks for margin in realized money: selling realizes nothing, buying all back realizes all, and buying a part
back takes from the lesser of what is realized and of the account's worth no more than the fill cost beyond the price.
"""

from __future__ import annotations

from collections.abc import Callable

from stratc_compiler.environment import Box, assumed_loss
from stratc_compiler.expr import Add, Cmp, Expr, Formula, Mul, Or, Rel, Sub, Var, number
from stratc_compiler.perps import in_dollars
from stratc_compiler.relax import DUST, ZERO, Frame
from stratc_compiler.vault import Held, Trade, Vault, VenueModel

LEFT = "left open"
"""What of a short is left where somebody closed a part, as a variable of the proofs is called."""


def funding_of(venue: str) -> str:
    """What a variable of the proofs is called that says what funding adds to cash, and below zero takes."""
    return f"funding({venue})"


def costs_of(venue: str) -> str:
    """The same of what closing a short took from it."""
    return f"closing({venue})"


Need = Callable[[str, str, Formula, Frame], None]
"""As of `execute`."""


# ── trades ─────────────────────────────────────────────────────────────────────────────────


def cover(item: Trade, frame: Frame, need: Need, step: str) -> Frame:
    """Buy back: paid is at most the contract's bound, at least as much less than the price as is assumed more."""
    short, cash = item.short, item.cash
    venue = frame.vault.venue(short.venue or "")
    of, _, _ = venue.account
    size, bound = frame.named("amount", frame.expr(item.amount)), frame.named("bound", frame.expr(item.bound))
    owed, there, realized = (frame.state[name] for name in (short.name, cash.name, cash.liquidity.name))
    need(f"owes/{step}", f"{short.name} is no less than what is bought back", Cmp(owed, Rel.GE, size), frame)
    words = f"{cash.name} covers what buying back may cost"
    need(f"funds/{step}", words, Cmp(there, Rel.GE, bound), frame)
    most = Mul(number(1 + of.slippage), size)
    need(f"asks/{step}", f"{venue.name} sells for as little as is offered", Cmp(bound, Rel.GE, most), frame)
    paid = frame.trace.fresh("paid")
    least = Sub(Mul(number(1 - of.slippage), size), DUST)
    _learn_fill(frame, venue, paid, least, bound)
    left = frame.named(short.name, Sub(owed, size))
    after_cash = _booked(frame, cash, Sub(there, paid))
    after_realized = frame.trace.fresh("realized")
    slack = Mul(number(cash.rounding + 1), DUST)
    lost = Add(Sub(paid, size), slack)
    frame.trace.learn(
        f"realized({venue.name})",
        Cmp(after_realized, Rel.GE, ZERO),
        Or(
            (
                Cmp(after_realized, Rel.GE, Sub(realized, lost)),
                Cmp(after_realized, Rel.GE, Sub(Sub(there, owed), lost)),
            )
        ),
        Or((Cmp(left, Rel.GT, ZERO), Cmp(after_realized, Rel.GE, Sub(after_cash, slack)))),
    )
    after = frame.moved({short.name: left, cash.name: after_cash, cash.liquidity.name: after_realized})
    if venue.after_cover is not None:
        nothing = (Cmp(size, Rel.LE, ZERO), Cmp(left, Rel.LE, ZERO))
        allowed = Or((*nothing, after.formula(venue.after_cover)))
        need(f"cover/{step}", f"{venue.name} lets a part of {short.name} be bought back", allowed, after)
    return after


def sell_short(item: Trade, frame: Frame, need: Need, step: str) -> Frame:
    """Enlarge: what is fetched is at least the contract's bound, and at most as much better than the price as worse."""
    short, cash = item.short, item.cash
    venue = frame.vault.venue(short.venue or "")
    of, _, _ = venue.account
    size, bound = frame.named("amount", frame.expr(item.amount)), frame.named("bound", frame.expr(item.bound))
    owed, there, realized = (frame.state[name] for name in (short.name, cash.name, cash.liquidity.name))
    least = Mul(number(1 - of.slippage), size)
    need(
        f"asks/{step}", f"{venue.name} pays as much for {short.name} as is asked for", Cmp(least, Rel.GE, bound), frame
    )
    fetched = frame.trace.fresh("fetched")
    _learn_fill(frame, venue, fetched, bound, Add(Mul(number(1 + of.slippage), size), DUST))
    after_realized, slack = frame.trace.fresh("realized"), Mul(number(cash.rounding), DUST)
    frame.trace.learn(
        f"realized({venue.name})",
        Cmp(after_realized, Rel.GE, ZERO),
        Cmp(after_realized, Rel.GE, Sub(realized, slack)),
    )
    after = frame.moved(
        {
            short.name: frame.named(short.name, Add(owed, size)),
            cash.name: _booked(frame, cash, Add(there, fetched)),
            cash.liquidity.name: after_realized,
        }
    )
    if venue.after_borrow is not None:
        allowed = Or((Cmp(size, Rel.LE, ZERO), after.formula(venue.after_borrow)))
        need(f"opens/{step}", f"{venue.name} has the initial margin of {short.name}", allowed, after)
    return after


def _learn_fill(frame: Frame, venue: VenueModel, fill: Var, least: Expr, most: Expr) -> None:
    frame.trace.learn(
        f"slippage({venue.name})", Cmp(fill, Rel.GE, least), Cmp(fill, Rel.LE, most), Cmp(fill, Rel.GE, ZERO)
    )


def _booked(frame: Frame, cash: Held, exact: Expr) -> Var:
    """Cash within the venue's rounding of what it is exactly, and no less than nothing."""
    left, slack = frame.trace.fresh(cash.name), Mul(number(cash.rounding), DUST)
    frame.trace.learn(
        "rounding",
        Cmp(left, Rel.GE, Sub(exact, slack)),
        Cmp(left, Rel.LE, Add(exact, slack)),
        Cmp(left, Rel.GE, ZERO),
    )
    return left


# ── time ───────────────────────────────────────────────────────────────────────────────────


def fund(venue: VenueModel, before: Frame, frame: Frame, lost: Expr | None) -> None:
    """Funding moves cash in a round; where somebody has closed the short, that has `lost` so much besides.

    Below nothing there is no cash.
    """
    of, cash, short = venue.account
    paid, settled = frame.trace.fresh(funding_of(venue.name)), before.state[short.name]
    frame.trace.learn(
        f"funding({venue.name})",
        Cmp(paid, Rel.GE, Mul(number(of.low), settled)),
        Cmp(paid, Rel.LE, Mul(number(of.high), settled)),
    )
    after = Add(frame.state[cash.name], paid)
    if lost is not None:
        frame.state[cash.name] = frame.monus(after, lost)
    elif _is_covered(venue, frame.vault):
        frame.state[cash.name] = frame.named(cash.name, after)
    else:
        frame.state[cash.name] = frame.monus(after, ZERO)
    frame.known.clear()


def all_realized(venue: VenueModel, frame: Frame) -> None:
    """Where nothing is short, all cash is realized."""
    _, cash, short = venue.account
    slack = Mul(number(cash.rounding), DUST)
    least = Sub(frame.state[cash.name], slack)
    owes = Cmp(frame.state[short.name], Rel.GT, ZERO)
    frame.trace.learn(f"realized({venue.name})", Or((owes, Cmp(frame.state[cash.liquidity.name], Rel.GE, least))))


def _is_covered(venue: VenueModel, vault: Vault) -> bool:
    """Whether a settled account outlives the worst funding and loss: it is worth something, so cash is no less
    than what the short costs, of which no round takes all."""
    of, cash, _ = venue.account
    loss = assumed_loss(vault.strategy, venue.name)
    bands = [allocation for allocation in vault.strategy.allocations if allocation.position == cash.position]
    return all(one.low is not None and one.low >= 0 for one in bands) and loss - of.low <= 1


def close(venue: VenueModel, frame: Frame, box: Box) -> Expr:
    """Somebody closes any part of the short, at the venue's worst mark of the round, and takes the penalty.

    Returns what that costs. What is left of the short moves on with the price.
    """
    of, _, short = venue.account
    before = frame.state[short.name]
    taken, left = frame.trace.fresh("closed"), frame.trace.fresh(LEFT)
    frame.trace.learn(
        f"loss of {venue.name}",
        Cmp(taken, Rel.GE, ZERO),
        Cmp(left, Rel.GE, ZERO),
        Cmp(Add(taken, left), Rel.EQ, before),
    )
    dollars = box.usd[in_dollars(of.token)]
    costs = frame.trace.fresh(costs_of(venue.name))
    frame.trace.learn(f"loss of {venue.name}", Cmp(costs, Rel.GE, Mul(number(dollars.low * (1 - of.off)), taken)))
    if dollars.high is not None:
        most = dollars.high * (1 + of.off) * (1 + of.penalty)
        frame.trace.learn(f"loss of {venue.name}", Cmp(costs, Rel.LE, Mul(number(most), taken)))
    frame.state[short.name] = left
    frame.known.clear()
    return costs
