"""Rings of observations as Vyper: how what they measure is read, and when a price is noted."""

from __future__ import annotations

from dataclasses import dataclass

from stratc_compiler.vault import Ring, Vault
from stratc_compiler.volatility import VARIANCE, VOLATILITY
from stratc_dsl.words import duration
from stratc_targets.vyper.layout import statement
from stratc_targets.vyper.printer import Scope, expression
from stratc_targets.vyper.symbols import Symbols


@dataclass(frozen=True, slots=True)
class RingText:
    """One ring, by its number: what is asked of it, and what notes a price, of the State `s`."""

    comment: str
    due: str
    observe: str


def ring_texts(vault: Vault, symbols: Symbols) -> tuple[RingText, ...]:
    """Every ring in the order of the model, which is that of their numbers."""
    return tuple(
        RingText(
            f"{ring.token} over {duration(ring.window)}",
            f"ring.due({number}, {ring.gap})",
            f"ring._observe({number}, s.{symbols.fields[f'price({ring.token})']}, "
            f"{ring.gap}, {ring.window}, {ring.length})",
        )
        for number, ring in enumerate(vault.rings)
    )


def read_volatilities(vault: Vault, symbols: Symbols) -> list[str]:
    """A line for what each ring measures, after those that read the prices."""
    return [line for number, ring in enumerate(vault.rings) for line in _read(number, ring, symbols)]


def _read(number: int, ring: Ring, symbols: Symbols) -> list[str]:
    now = f"s.{symbols.fields[f'price({ring.token})']}"
    names = {VARIANCE.name: f"ring.variance({number}, {now}, {ring.window}, {ring.length})"}
    return statement(f"s.{symbols.fields[ring.name]} = ", expression(VOLATILITY, Scope(lambda var: names[var.name])))
