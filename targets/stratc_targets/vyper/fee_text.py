"""Fees as Vyper: what a charge computes out of the State, and what it can without one."""

from __future__ import annotations

from dataclasses import dataclass

from stratc_compiler.fees import ELAPSED, FIRST_MARK, SUPPLY_DUE, TIME_FEE, mark, mark_due
from stratc_compiler.shares import SUPPLY
from stratc_compiler.vault import Let, Vault
from stratc_dsl.span import Source
from stratc_targets.vyper.layout import statement
from stratc_targets.vyper.names import Names
from stratc_targets.vyper.printer import expression
from stratc_targets.vyper.symbols import Symbols, state_scope
from stratc_targets.vyper.words import place

_LOCALS = frozenset({"s", "before", "whole", "shares", "receiver", "owner", "forgone"})


@dataclass(frozen=True, slots=True)
class FeesText:
    """`due` sets the members of the State that a charge changes; `time_fee` binds the shares of that name.

    `time_fee` is empty without a management fee, `mark` (a member of the State) without a performance fee.
    """

    comment: str
    first_mark: str
    due: list[str]
    time_fee: list[str]
    supply: str
    mark: str


def fees_text(vault: Vault, symbols: Symbols, source: Source) -> FeesText | None:
    """None where the strategy has no fees."""
    if not vault.charge:
        return None
    names = Names(_LOCALS)
    bound = {SUPPLY.name: "share_token.totalSupply", ELAPSED.name: "fees._elapsed()"}
    bound |= {mark(vault.base).name: "fees.high_water_mark"}
    lines: list[str] = []
    time_fee: list[str] = []
    for let in vault.charge:
        shown = _bind(let, vault, symbols, bound, names)
        lines += shown
        time_fee = list(lines) if let.name == TIME_FEE else time_fee
    supply, high = symbols.fields[SUPPLY.name], symbols.fields.get(mark(vault.base).name, "")
    lines.append(f"s.{supply} = {bound[SUPPLY_DUE.name]}")
    if high:
        lines.append(f"s.{high} = {bound[mark_due(vault.base).name]}")
    comment = "; ".join(place(one.span, source, source.words(one.span)) for one in vault.strategy.fees)
    return FeesText(comment, f"10 ** {len(str(FIRST_MARK)) - 1}", lines, time_fee, supply, high)


def _bind(let: Let, vault: Vault, symbols: Symbols, bound: dict[str, str], names: Names) -> list[str]:
    scope = state_scope(vault, symbols, dict(bound))
    local = bound[let.name.name] = names.claim(let.name.name)
    return statement(f"{local}: uint256 = ", expression(let.expr, scope))
