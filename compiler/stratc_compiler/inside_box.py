"""What counts as a round when a scenario or a witness is replayed: all that the assumptions admit, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from math import ceil, floor

from msgspec.structs import replace

from stratc_compiler.environment import MOST_GAIN, Box, Interval, Pair
from stratc_compiler.expr import Rounding
from stratc_compiler.ideal_world import IdealWorld
from stratc_compiler.interpret import Evaluator
from stratc_compiler.perps import cost
from stratc_compiler.ranges import Range
from stratc_compiler.swings import strongest
from stratc_compiler.text import WAD
from stratc_compiler.vault import (
    SCALE,
    Held,
    Vault,
)
from stratc_compiler.verdict import Round


def names_of_a_round(vault: Vault) -> Iterator[str]:
    """Every name that the states of a round may give a number to: of this vault, or of one of ours that it holds."""
    for inner in vault.inner.values():
        yield from names_of_a_round(inner)
    for token in vault.strategy.tokens:
        yield from (f"price({token.name})", f"unit({token.name})")
    for held in (*vault.held, *vault.idle):
        yield from (held.name, held.liquidity.name, held.room.name)
    for of in (one.range for one in vault.ranges.values()):
        if of is not None:
            yield from (of.low.name, of.high.name, of.fees.name)
    yield from (ring.name for ring in vault.rings)


def inside_box(vault: Vault, box: Box, played: Round, lost: str | None = None) -> str | None:
    """None iff the round is one the assumptions admit, else what does not fit."""
    before, after = played.settled, played.moment
    opening = Evaluator(vault, IdealWorld(vault, dict(before)))
    first = played if holds_something(vault, before) else replace(played, settled=after)
    if not _at_scale(vault, first):
        return "the vault is smaller than the scale that is assumed, or its tokens have other decimals"
    for condition in vault.settled:
        if not opening.holds(condition.formula):
            return f"not settled: {condition.text}"
    for token in vault.strategy.tokens:
        name = f"price({token.name})"
        if not _within(before[name], after[name], box.usd[token.name]):
            return f"{name} moves out of its range"
        stays = box.absolute.get(token.name)
        if stays is not None and not all(_between(Fraction(s[name], WAD), stays) for s in (before, after)):
            return f"{name} leaves its range"
    for pair in box.pairs:
        if (misfit := _parts_company(pair, played)) is not None:
            return misfit
    for one in vault.ranges.values():
        if one.range is not None and not _is_wide(one.range, before, after):
            return f"the range of {one.name} is narrower than it was deployed with"
        if any(earned(vault, one, state) > MOST_GAIN for state in (before, after)):
            return f"more fees of {one.name} wait than assumed"
    for held in vault.held:
        if held.name != f"idle({vault.base})" and not _is_lost(held, lost):
            least, most = funded(vault, held, before)
            if not _within(before[held.name], after[held.name], box.growth[held.name], 1, least, most):
                return f"{held.name} grows out of its range"
            if held.venue is None or held.debt:
                continue
            if after[held.liquidity.name] < int(box.liquidity[held.name] * after[held.name]):
                return f"{held.name} is less liquid than assumed"
    return (
        _unrealized(vault, played)
        or _ill_closed(vault, box, played, lost)
        or _no_room(vault, played)
        or _too_wild(vault, box, played)
        or _flows_fit(vault, box, played, opening)
    )


def _is_lost(held: Held, lost: str | None) -> bool:
    """Whether it is of a venue that is taken as lost: a debt is owed still, but a short of perpetuals is closed."""
    return lost is not None and held.venue == lost and (not held.debt or held.perp is not None)


def funded(vault: Vault, held: Held, before: dict[str, int]) -> tuple[int, int]:
    """What funding adds to the cash of an account in a round, at least and at most; nothing to other positions."""
    for venue in vault.perps:
        of, cash, short = venue.account
        if cash == held:
            state = Evaluator(vault, IdealWorld(vault, dict(before)))
            worth_now = state.value(cost(short.var, of.margin, Rounding.DOWN))
            return ceil(of.low * worth_now), floor(of.high * worth_now)
    return 0, 0


def _unrealized(vault: Vault, played: Round) -> str | None:
    """None iff all cash is realized where nothing is short."""
    for venue in vault.perps:
        _, cash, short = venue.account
        if not played.moment[short.name] and played.moment[cash.liquidity.name] + 2 < played.moment[cash.name]:
            return f"less of {cash.name} is realized than there is, and nothing is short"
    return None


def _ill_closed(vault: Vault, box: Box, played: Round, lost: str | None) -> str | None:
    """None iff whoever closed a part of a short that is lost took no more than a closer may."""
    before, after = played.settled, played.moment
    for venue in vault.perps:
        of, cash, short = venue.account
        if venue.name != lost:
            continue
        closed = before[short.name] - after[short.name]
        if closed < 0:
            return f"{short.name} grows"
        state = Evaluator(vault, IdealWorld(vault, {**before, short.name: closed}))
        dearest = box.usd[of.token].high
        least, most = funded(vault, cash, before)
        grown = box.growth[cash.name]
        if dearest is not None:
            worst = state.value(cost(short.var, of.margin, Rounding.UP)) * dearest * (1 + of.off) * (1 + of.penalty)
            if after[cash.name] + 2 < max(grown.low * before[cash.name] + least - worst, Fraction(0)):
                return f"whoever closes {short.name} takes more than assumed"
        if grown.high is not None and after[cash.name] - 2 > grown.high * before[cash.name] + most:
            return f"{cash.name} grows out of its range"
    return None


def _too_wild(vault: Vault, box: Box, played: Round) -> str | None:
    """None iff the strongest swings that are assumed come to what is measured."""
    for ring in vault.rings:
        most = strongest(ring, vault, box, IdealWorld(vault, {}))
        if most is not None and played.moment[ring.name] > most:
            return f"{ring.name} is more than assumed moves come to"
    return None


def earned(vault: Vault, held: Held, state: dict[str, int]) -> Fraction:
    """What fees wait to be fetched from a range, as a share of what it is worth."""
    fees = 0 if held.range is None else state.get(held.range.fees.name, 0)
    worth_now = Evaluator(vault, IdealWorld(vault, dict(state))).named(held.value.name) if fees else 1
    return Fraction(fees, worth_now) if worth_now else Fraction(fees)


def _is_wide(of: Range, before: dict[str, int], after: dict[str, int]) -> bool:
    """Whether the range stays where it is, and is no narrower than the strategy says."""
    low, high = before[of.low.name], before[of.high.name]
    same = (after[of.low.name], after[of.high.name]) == (low, high)
    return same and low > 0 and high * high * of.below >= low * low * of.above


def _no_room(vault: Vault, played: Round) -> str | None:
    """None iff venues have as much room as is assumed."""
    moment = Evaluator(vault, IdealWorld(vault, dict(played.moment)))
    for venue in vault.venues:
        for held in venue.positions if venue.room is not None else ():
            price, unit = (played.moment[f"{what}({held.token})"] for what in ("price", "unit"))
            if (played.moment[held.room.name] + 1) * price < (venue.room or 0) * moment.named("nav") * unit:
                return f"{venue.name} has less room for {held.name} than assumed"
    return None


def holds_something(vault: Vault, state: dict[str, int]) -> bool:
    """Whether it is a vault at all: of nothing every share is as it should be."""
    return any(state[held.name] for held in vault.held)


def _at_scale(vault: Vault, played: Round) -> bool:
    """The settled vault is worth enough units of each token, whose decimals are those of the strategy, and of dollars.

    See `scale` in assumptions.py; shares of a venue, which no state holds, are left to the proofs.
    """
    before, after = played.settled, played.moment
    nav = Evaluator(vault, IdealWorld(vault, dict(before))).named("nav")
    for token in vault.strategy.tokens:
        unit, price = f"unit({token.name})", f"price({token.name})"
        if not before[unit] == after[unit] == 10**token.decimals:
            return False
        if nav * before[unit] < SCALE * max(before[price], after[price]):
            return False
    return nav >= SCALE * WAD // 10**8


def _parts_company(pair: Pair, played: Round) -> str | None:
    """None iff the two prices keep to each other as assumed; exact."""
    name = f"price({pair.token}/{pair.other})"
    tops, bottoms = ([s[f"price({t})"] for s in (played.settled, played.moment)] for t in (pair.token, pair.other))
    if not all((*tops, *bottoms)):
        return f"{name} does not exist where one of them is worth nothing"
    before, after = (Fraction(top, bottom) for top, bottom in zip(tops, bottoms, strict=True))
    if not _between(after / before, pair.factor):
        return f"{name} moves out of its range"
    if pair.stays is not None and not (_between(before, pair.stays) and _between(after, pair.stays)):
        return f"{name} leaves its range"
    return None


def _flows_fit(vault: Vault, box: Box, played: Round, opening: Evaluator) -> str | None:
    base = f"idle({vault.base})"
    if played.moment[base] != played.settled[base] + played.deposited - played.withdrawn:
        return "idle base does not add up"
    if played.moment[base] < 0:
        return "more is withdrawn than is idle"
    most = box.withdrawals
    if most is not None and played.withdrawn > most * opening.named("total_assets"):
        return "more is withdrawn than assumed"
    comes = box.deposits
    begun = opening.named("total_assets")
    # The first round begins with what was deposited, and ends the time in which nothing bounds that.
    if comes is not None and begun and played.deposited > (comes + MOST_GAIN) * begun:
        return "more is deposited or given than assumed"
    return None


def _between(value: Fraction, interval: Interval) -> bool:
    return value >= interval.low and (interval.high is None or value <= interval.high)


def _within(before: int, after: int, interval: Interval, slack: int = 0, least: int = 0, most: int = 0) -> bool:
    """Whether an amount is its factor times what it was, and between `least` and `most` more."""
    if after + slack < interval.low * before + least:
        return False
    return interval.high is None or after - slack <= interval.high * before + most
