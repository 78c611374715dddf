"""Quantities in words: amounts in whole tokens, values in USD, ratios in percent. For people; floats are fine here."""

from __future__ import annotations

from fractions import Fraction

from stratc_compiler.vault import Vault

WAD = 10**18
"""Values and prices are counted in 10^-18 USD."""


def percent(ratio: Fraction) -> str:
    return f"{float(ratio * 100):g}%"


def amount_text(vault: Vault, token: str, units: int) -> str:
    """An amount in whole tokens with the token's name, no more digits than it needs."""
    whole = Fraction(units, 10 ** vault.strategy.token(token).decimals)
    return f"{float(whole):,.6f}".rstrip("0").rstrip(".") + f" {token}"


def usd(value: int) -> str:
    return f"{value / WAD:,.4f}".rstrip("0").rstrip(".") + " USD"
