"""A replayed round told in the strategy's words: token amounts, USD, percent, time."""

from __future__ import annotations

from fractions import Fraction

from stratc_compiler.claims import About, lost_venue
from stratc_compiler.environment import Box
from stratc_compiler.ideal_world import IdealWorld
from stratc_compiler.inside_box import inside_box
from stratc_compiler.interpret import Evaluator
from stratc_compiler.involved import involved
from stratc_compiler.replay import Broken, health, margin_ratio, what_breaks
from stratc_compiler.text import WAD, amount_text, percent, usd
from stratc_compiler.vault import Held, Vault
from stratc_compiler.verdict import Round, Scenario
from stratc_dsl.words import duration

Lines = tuple[tuple[str, str], ...]


def replayed(played: Round, about: About, vault: Vault, box: Box) -> Scenario | None:
    """The round as a scenario, iff the assumptions admit it and the claim breaks in it."""
    lost = lost_venue(about)
    if inside_box(vault, box, played, lost) is not None:
        return None
    broken = what_breaks(about, vault, played)
    if broken is None:
        return None
    used = involved(vault, box, played, broken.swaps, lost, broken.leaned_on)
    lines = tell(vault, box, played, broken)
    return Scenario(lines, dict(played.settled), dict(played.moment), broken.why, used, broken.rules)


def tell(vault: Vault, box: Box, played: Round, broken: Broken) -> Lines:
    """Lines of (label, text): the settled vault, the move, what it changed, the steps taken, what breaks."""
    everything = dict.fromkeys(played.settled, True)
    moved = {name: played.moment[name] != value for name, value in played.settled.items()}
    for held in vault.ranges.values():
        moved[held.name] = any(moved[f"price({token})"] for token in held.tokens) or moved[held.name]
    lines = [("settled", _state(vault, played.settled, everything)), ("the move", _move(vault, box, played))]
    if any(moved[name] for name in _told(vault)):
        lines.append(("after it", _state(vault, played.moment, moved)))
    return (*lines, *broken.steps, ("broken", broken.why))


def _told(vault: Vault) -> list[str]:
    return [f"price({token.name})" for token in vault.strategy.tokens] + [held.name for held in vault.held]


def _state(vault: Vault, state: dict[str, int], shown: dict[str, bool]) -> str:
    """Prices and positions of those names that are `shown`, with what follows from all of them."""
    view = Evaluator(vault, IdealWorld(vault, dict(state)))
    tokens = (token.name for token in vault.strategy.tokens)
    prices = [f"{token} at {usd(state[f'price({token})'])}" for token in tokens if shown[f"price({token})"]]
    held = (one for one in vault.held if shown[one.name])
    positions = [f"{one.name} {_amount(vault, one, view)}" for one in held]
    ends = [f"nav {usd(view.named('assets') - view.named('debts'))}"]
    for venue in vault.venues:
        if venue.health is not None and any(state[held.name] for held in venue.positions if held.debt):
            ends.append(f"health({venue.name}) {float(health(vault, venue.name, view)):.4f}")
        if venue.perp is not None and state[venue.account[2].name]:
            ends.append(f"margin_ratio({venue.name}) {float(margin_ratio(venue, view)):.2%}")
    return ", ".join(prices + positions + ends)


def _amount(vault: Vault, held: Held, view: Evaluator) -> str:
    """Of a range what it is worth: its liquidity says nothing to anybody."""
    return (
        amount_text(vault, held.token, view.named(held.name))
        if held.range is None
        else usd(view.named(held.value.name))
    )


def _move(vault: Vault, box: Box, played: Round) -> str:
    parts = [
        f"price({token.name}) {_change(played, f'price({token.name})')}"
        for token in vault.strategy.tokens
        if played.settled[f"price({token.name})"] != played.moment[f"price({token.name})"]
    ]
    for held in vault.held:
        if held.name != f"idle({vault.base})" and played.settled[held.name] != played.moment[held.name]:
            parts.append(f"{held.name} {_change(played, held.name)}")
        parts += _short(held, played)
        if held.range is not None and (fees := played.moment.get(held.range.fees.name)):
            parts.append(f"{held.name} earns {usd(fees)}")
        if held.room.name in played.moment:
            parts.append(f"room for {amount_text(vault, held.token, played.moment[held.room.name])} more {held.name}")
    parts += [
        f"{ring.name} at {percent(Fraction(said, WAD))}" for ring in vault.rings if (said := played.moment[ring.name])
    ]
    for word, flow in (("deposited", played.deposited), ("withdrawn", played.withdrawn)):
        if flow:
            parts.append(f"{amount_text(vault, vault.base, flow)} {word}")
    return f"within {duration(box.period)}: {', '.join(parts)}" if parts else "nothing moves"


def _short(held: Held, played: Round) -> list[str]:
    """What a venue can pay out, where that is less than what is held there."""
    if held.venue is None or held.debt:
        return []
    if held.position.kind == "margin":
        share = _realized(held, played)
        return [f"{held.name} of which {percent(Fraction(round(share, 4)))} is realized"] if share < 1 else []
    there, drawable = played.moment[held.name], played.moment[held.liquidity.name]
    return [f"{held.name} can pay out {percent(Fraction(drawable, there))}"] if drawable < there else []


def _realized(held: Held, played: Round) -> Fraction:
    there = played.moment[held.name]
    return Fraction(played.moment[held.liquidity.name], there) if there else Fraction(1)


def _change(played: Round, name: str) -> str:
    before, after = played.settled[name], played.moment[name]
    return f"{float(Fraction(after - before, before) * 100):+.4g}%" if before else f"to {after}"
