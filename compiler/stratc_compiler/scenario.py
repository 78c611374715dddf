"""A replayed round told in the strategy's words: token amounts, USD, percent."""

from __future__ import annotations

from fractions import Fraction

from stratc_compiler.claims import About, AtAnyMoment
from stratc_compiler.environment import Box
from stratc_compiler.interpret import Evaluator
from stratc_compiler.replay import IdealWorld, health, inside_box, keeper, what_breaks
from stratc_compiler.text import amount_text, usd
from stratc_compiler.vault import Vault
from stratc_compiler.verdict import Round, Scenario


def replayed(played: Round, about: About, vault: Vault, box: Box) -> Scenario | None:
    """The round as a scenario, iff the assumptions admit it and the claim breaks in it."""
    lost = about.lost if isinstance(about, AtAnyMoment) else None
    if inside_box(vault, box, played, lost) is not None:
        return None
    broken = what_breaks(about, vault, played)
    if broken is None:
        return None
    world = IdealWorld(vault, dict(played.moment))
    keeper(vault, world)
    return Scenario(_told(vault, played, tuple(world.log), broken), dict(played.settled), dict(played.moment), broken)


def _told(vault: Vault, played: Round, keeper_log: tuple[str, ...], broken: str) -> tuple[tuple[str, str], ...]:
    """Lines of (label, text): the settled vault, the move, the vault after it, what breaks."""
    lines = [("settled", _state(vault, played.settled)), ("the move", _move(vault, played))]
    lines.append(("after it", _state(vault, played.moment)))
    if "keeper" in broken or "reverts" in broken:
        lines += [("the keeper", line) for line in keeper_log]
    return (*lines, ("broken", broken))


def _state(vault: Vault, state: dict[str, int]) -> str:
    world = IdealWorld(vault, dict(state))
    view = Evaluator(vault, world)
    prices = [f"{t.name} at {usd(state[f'price({t.name})'])}" for t in vault.strategy.tokens]
    positions = [f"{held.name} {amount_text(vault, held.token, state[held.name])}" for held in vault.held]
    nav = view.named("assets") - view.named("debts")
    ends = [f"nav {usd(nav)}"]
    for venue in vault.venues:
        if venue.health is not None and any(state[held.name] for held in venue.positions if held.debt):
            ends.append(f"health({venue.name}) {float(health(vault, venue.name, view)):.4f}")
    return ", ".join(prices + positions + ends)


def _move(vault: Vault, played: Round) -> str:
    parts = [
        f"price({token.name}) {_change(played, f'price({token.name})')}"
        for token in vault.strategy.tokens
        if played.settled[f"price({token.name})"] != played.moment[f"price({token.name})"]
    ]
    for held in vault.held:
        if held.venue is not None and played.settled[held.name] != played.moment[held.name]:
            parts.append(f"{held.name} {_change(played, held.name)}")
    base = vault.base
    units = 10 ** vault.strategy.token(base).decimals
    for word, flow in (("deposited", played.deposited), ("withdrawn", played.withdrawn)):
        if flow:
            parts.append(f"{float(Fraction(flow, units)):,.2f} {base} {word}")
    return ", ".join(parts) or "nothing moves"


def _change(played: Round, name: str) -> str:
    before, after = played.settled[name], played.moment[name]
    return f"{float(Fraction(after - before, before) * 100):+.4g}%" if before else f"to {after}"
