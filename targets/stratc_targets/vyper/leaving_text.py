"""The ways out of positions, as Vyper: the exit, venue by venue, and a part of everything, in kind or unwound."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from stratc_compiler.account_parts import account_part
from stratc_compiler.expr import Expr, Plain, Rounding, Var
from stratc_compiler.shares import SHARES, SUPPLY, WHOLE, part, remainder, round_assets, whole
from stratc_compiler.vault import ExitStep, Held, Let, Vault, VenueModel, every_item
from stratc_targets.vyper.layout import Doc, statement
from stratc_targets.vyper.names import Names, sanitized
from stratc_targets.vyper.plan_text import Loans, plan_text
from stratc_targets.vyper.printer import Scope, expression, formula
from stratc_targets.vyper.symbols import Symbols, live_scope

_SLICE = {SHARES.name: SHARES.name, WHOLE.name: WHOLE.name}
"""What a slice is computed from, by its names in the model and in the contract."""

_LOCALS = frozenset({"shares", "receiver", "owner", "forgone", "whole"})

GAS_PER_MOVE = 3_000_000
"""What one call of a venue in the exit is given at least: several times what a lending pool or another vault takes."""


@dataclass(frozen=True, slots=True)
class LeavingText:
    """What the exit does at one venue."""

    venue: str
    body: list[str]


@dataclass(frozen=True, slots=True)
class InKindText:
    """Redemption of a part of everything: `whole` is what shares are a part of; the other members are statements.

    `venues` has for each venue its bit in `forgone`, by its place in the exit's order, and what it pays and is given.
    `unwinding` binds what a part brings in base; there is none where there is nothing to unwind.
    """

    whole: list[str]
    part_of_token: list[str]
    idle: tuple[str, ...]
    venues: tuple[VenueInKind, ...]
    remainders: list[str]
    unwinding: list[str]


@dataclass(frozen=True, slots=True)
class VenueInKind:
    name: str
    bit: int
    body: list[str]


def leaving_texts(vault: Vault, symbols: Symbols, marks: Mapping[str, str], loans: Loans) -> tuple[LeavingText, ...]:
    """Every step of the exit, in its order."""
    return tuple(LeavingText(step.venue, _step(step, vault, symbols, marks, loans)) for step in vault.exit_steps)


def _step(step: ExitStep, vault: Vault, symbols: Symbols, marks: Mapping[str, str], loans: Loans) -> list[str]:
    gone = statement("return ", formula(step.gone, live_scope(vault, symbols, {})))
    loans.purpose = f"the exit from {step.venue}"
    return [*plan_text(step.plan, vault, symbols, marks, live=True, loans=loans), *gone]


def leaving_gas(vault: Vault) -> int:
    """What every step of the exit is given: enough for the one with the most calls."""
    moves = (sum(not isinstance(item, Let) for item in every_item(step.plan)) for step in vault.exit_steps)
    return GAS_PER_MOVE * max(moves, default=0)


def in_kind_text(vault: Vault, symbols: Symbols, marks: Mapping[str, str]) -> InKindText:
    """Every token and venue of the vault."""
    decimals = vault.strategy.token(vault.base).decimals
    names = Names(_LOCALS)
    all_of_it = Var("held" if vault.queues else "tokens.held(token)", Plain.SHARES)
    begun = round_assets(vault.base)
    remainders = statement("rounds._shrink(", _printed(remainder(begun), {begun.name: f"rounds.{begun.name}"}), ")")
    return InKindText(
        whole=statement("whole: uint256 = ", _printed(whole(decimals), {SUPPLY.name: "share_token.totalSupply"})),
        part_of_token=statement("part: uint256 = ", _printed(part(all_of_it, Rounding.DOWN))),
        idle=tuple(symbols.token(held.token) for held in vault.idle),
        venues=tuple(
            VenueInKind(step.venue, 2**number, _venue(vault.venue(step.venue), vault, symbols, marks, names))
            for number, step in enumerate(vault.exit_steps)
            if step.venue in {venue.name for venue in vault.venues}
        ),
        remainders=remainders,
        unwinding=plan_text(vault.unwinding, vault, symbols, marks, live=True, bound=_SLICE),
    )


def _printed(expr: Expr, names: Mapping[str, str] = {}) -> Doc:
    return expression(expr, Scope(lambda var: names.get(var.name, var.name)))


def _venue(venue: VenueModel, vault: Vault, symbols: Symbols, marks: Mapping[str, str], names: Names) -> list[str]:
    if venue.perp is not None:
        return _account(venue, venue.perp.margin, vault, symbols, marks)
    return [line for held in venue.debts_first for line in _position(held, symbols, marks, names)]


def _position(held: Held, symbols: Symbols, marks: Mapping[str, str], names: Names) -> list[str]:
    if held.range is not None:
        return _give_liquidity(held, symbols, names)
    text = symbols.position(held)
    if held.debt:
        lines = _pay(held, symbols, names)
    elif text.receipt is not None:
        lines = [f"self._give_part({text.receipt}, shares, whole, receiver)"]
    else:
        lines = _give(held, symbols, names)
    if held.name in marks:
        mark = Var(marks[held.name], Plain.SHARES)
        lines += statement(f"{marks[held.name]} = ", _printed(remainder(mark)))
    return lines


def _pay(held: Held, symbols: Symbols, names: Names) -> list[str]:
    """The caller's part of a debt, taken from the caller and repaid."""
    owed = names.claim("repay", held.name)
    text = symbols.position(held)
    return [
        *statement(f"{owed}: uint256 = ", _printed(part(held.var, Rounding.UP), {held.name: text.read})),
        f"if {owed} > 0:",
        f"    tokens.pull({symbols.token(held.token)}, msg.sender, {owed})",
        f"    {text.leave(owed)}",
    ]


def _give_liquidity(held: Held, symbols: Symbols, names: Names) -> list[str]:
    """What the caller's part of a range consists of in its pool; fees stay for those who stay. A range has no mark."""
    given = names.claim("give", held.name)
    text = symbols.range(held)
    return [
        *statement(f"{given}: uint256 = ", _printed(part(held.var, Rounding.DOWN), {held.name: text.read})),
        f"if {given} > 0:",
        f"    {text.give(given, 'receiver')}",
    ]


def _give(held: Held, symbols: Symbols, names: Names) -> list[str]:
    """The caller's part of a position that nobody else can hold: drawn, and given in its token."""
    given = names.claim("give", held.name)
    text = symbols.position(held)
    return [
        *statement(f"{given}: uint256 = ", _printed(part(held.var, Rounding.DOWN), {held.name: text.read})),
        f"if {given} > 0:",
        f"    {text.leave(given)}",
        f"    tokens.push({symbols.token(held.token)}, receiver, {given})",
    ]


def _account(venue: VenueModel, margin: str, vault: Vault, symbols: Symbols, marks: Mapping[str, str]) -> list[str]:
    """The caller's part of an account that is short: bought back out of its cash, of which the rest is given."""
    plan, given = account_part(venue)
    lines = plan_text(plan, vault, symbols, marks, live=True, bound=_SLICE)
    # The plan ends with the withdrawal, if there is anything to withdraw.
    return [*lines, f"    tokens.push({symbols.token(margin)}, receiver, {sanitized(given.name)})"]
