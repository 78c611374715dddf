"""Which assumptions a scenario uses, and whether to the full: what one would have to doubt for it not to happen."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from fractions import Fraction

from stratc_compiler.assumptions import guarded_assumptions
from stratc_compiler.environment import MOST_GAIN, Box
from stratc_compiler.ideal_world import IdealWorld
from stratc_compiler.inside_box import earned, funded
from stratc_compiler.interpret import Evaluator
from stratc_compiler.vault import Held, Vault
from stratc_compiler.verdict import Round, Used
from stratc_dsl.strategy import PairMoves, PairStays, PriceMoves, PriceStays

FULL = Fraction(99, 100)
"""So much of what is allowed counts as all of it: amounts are whole units, shown ones round percentages."""

Share = tuple[str, Fraction]
"""An assumption by its id, and how much of what it allows has been used, from 0 to 1."""


def involved(
    vault: Vault, box: Box, played: Round, swaps: Collection[str], lost: str | None, leaned_on: Collection[str] = ()
) -> tuple[Used, ...]:
    """The assumptions that the round makes use of, in their order; what a claim supposes `lost` uses none.

    `swaps` are the venues at which something was swapped, `leaned_on` what was behind the refusal of a venue.
    """
    shares: dict[str, Fraction] = {}
    for id_, share in (*_prices(vault, played), *_positions(vault, box, played, lost), *_flows(vault, box, played)):
        shares[id_] = max(share, shares.get(id_, Fraction(0)))
    # A replayed swap pays the contract's minimum, and a venue's check is judged by the worst that its oracle may read.
    shares |= {f"slippage({swap})": Fraction(1) for swap in swaps}
    shares |= dict.fromkeys(leaned_on, Fraction(1))
    return tuple(
        Used(assumption, shares[assumption.id] >= FULL)
        for assumption in guarded_assumptions(vault)
        if shares.get(assumption.id)
    )


def _prices(vault: Vault, played: Round) -> Iterator[Share]:
    for assumption in vault.strategy.assumptions:
        match assumption:
            case PriceMoves(token, low, high):
                change = _factor(played, f"price({token})") - 1
                yield f"moves({token})", _part(change, low if change < 0 else high)
            case PriceStays(token, low, high):
                change = _factor(played, f"price({token})") - 1
                yield f"stays({token})", _part(change, (low / high if change < 0 else high / low) - 1)
            case PairMoves(token, other, low, high):
                change = _against(played, token, other) - 1
                yield f"moves({token}/{other})", _part(change, low if change < 0 else high)
            case PairStays(token, other, low, high):
                change = _against(played, token, other) - 1
                yield f"stays({token}/{other})", _part(change, (low / high if change < 0 else high / low) - 1)
            case _:
                pass


def _positions(vault: Vault, box: Box, played: Round, lost: str | None) -> Iterator[Share]:
    for held in vault.held:
        if held.venue is None and held.token == vault.base:
            continue
        if held.position.kind == "margin" and held.venue != lost:
            yield from _funding(vault, held, played)
        elif held.debt or held.venue != lost:
            yield from _growth(held, box, _factor(played, held.name) - 1)
            if held.range is not None:
                yield f"fees({held.venue})", _part(earned(vault, held, played.moment), MOST_GAIN)
        told = held.venue is not None and not held.debt and held.position.kind != "margin"
        if told and played.moment[held.name]:
            drawable = Fraction(played.moment[held.liquidity.name], played.moment[held.name])
            yield f"liquidity({held.venue})", _part(1 - min(drawable, Fraction(1)), 1 - box.liquidity[held.name])


def _growth(held: Held, box: Box, change: Fraction) -> Iterator[Share]:
    """Interest on a debt, loss or gain on an asset; a debt that others repay is a gain."""
    within = box.growth[held.name]
    if held.debt and change > 0 and within.high is not None:
        yield f"rate({held.name})", _part(change, within.high - 1)
    elif not held.debt and change < 0:
        yield f"loss({held.venue})", _part(change, within.low - 1)
    else:
        most = within.high - 1 if not held.debt and within.high is not None else MOST_GAIN
        yield f"gain({held.venue or held.name})", _part(abs(change), most)


def _funding(vault: Vault, held: Held, played: Round) -> Iterator[Share]:
    least, most = funded(vault, held, played.settled)
    change = played.moment[held.name] - played.settled[held.name]
    yield f"funding({held.venue})", _part(Fraction(change), Fraction(least if change < 0 else most))


def _flows(vault: Vault, box: Box, played: Round) -> Iterator[Share]:
    opening = Evaluator(vault, IdealWorld(vault, dict(played.settled))).named("total_assets")
    if box.withdrawals is not None and opening:
        yield "withdrawals", _part(Fraction(played.withdrawn, opening), box.withdrawals)
    if box.deposits is not None and opening:
        comes = Fraction(played.deposited, opening)
        yield "deposits", _part(min(comes, box.deposits), box.deposits)
        yield f"gain(idle({vault.base}))", _part(max(comes - box.deposits, Fraction(0)), MOST_GAIN)


def _factor(played: Round, name: str) -> Fraction:
    before, after = played.settled[name], played.moment[name]
    return Fraction(after, before) if before else Fraction(1)


def _against(played: Round, token: str, other: str) -> Fraction:
    """By what the price of one token in the other has changed."""
    return _factor(played, f"price({token})") / _factor(played, f"price({other})")


def _part(used: Fraction, allowed: Fraction) -> Fraction:
    return used / allowed if allowed else Fraction(0)
