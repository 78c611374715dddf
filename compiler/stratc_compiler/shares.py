"""Share conversion of the ERC-4626 vault, in the one expression type.

Virtual shares stand against the first-depositor attack: the conversion is assets * (supply + V) / (total + 1) and
its inverse, as in OpenZeppelin's ERC4626 and Morpho Vault v2.
"""

from __future__ import annotations

from fractions import Fraction

from stratc_compiler.expr import Add, Expr, Monus, MulDiv, Num, Plain, Rounding, Var, amount

SUPPLY = Var("supply", Plain.SHARES)
SHARES = Var("shares", Plain.SHARES)


def virtual_shares(decimals: int) -> int:
    """Shares counted from the start: 10^max(0, 18 - decimals), so one share starts at one whole base token."""
    result: int = 10 ** max(0, 18 - decimals)
    return result


WHOLE = Var("whole", Plain.SHARES)
"""All shares and the virtual ones, before some are burnt."""


def paid(base: str) -> Var:
    """What an unwound redemption pays."""
    return amount("paid", base)


def assets_var(base: str) -> Var:
    """The amount of base that is converted."""
    return amount("assets", base)


def total_assets(base: str) -> Var:
    """The definition that ERC-4626 calls totalAssets: nav in smallest units of base, rounded down."""
    return amount("total_assets", base)


def round_assets(base: str) -> Var:
    """Total assets when the round began: what its withdrawal allowance is a part of."""
    return amount("round_assets", base)


def round_deposited(base: str) -> Var:
    """What was deposited since the round began."""
    return amount("round_deposited", base)


def _denominators(base: str, decimals: int) -> tuple[Expr, Expr]:
    total = total_assets(base)
    return whole(decimals), Add(total, Num(Fraction(1), total.dim))


def whole(decimals: int) -> Expr:
    """`WHOLE`: what a redemption of a part of everything divides by, as others do. The virtual shares' part stays."""
    return Add(SUPPLY, Num(Fraction(virtual_shares(decimals)), Plain.SHARES))


def part(of: Expr, rounding: Rounding) -> Expr:
    """What `shares` out of `whole` stand for: of what is held rounded down, of what is owed up."""
    return MulDiv(of, SHARES, WHOLE, rounding)


def remainder(of: Expr) -> Expr:
    """What is left of a number when `shares` out of `whole` have gone, rounded up."""
    return MulDiv(of, Monus(WHOLE, SHARES), WHOLE, Rounding.UP)


def to_shares(base: str, decimals: int, rounding: Rounding) -> Expr:
    """Shares for `assets` of base: deposit rounds down, withdraw rounds up."""
    supply, total = _denominators(base, decimals)
    return MulDiv(assets_var(base), supply, total, rounding)


def to_assets(base: str, decimals: int, rounding: Rounding) -> Expr:
    """Base for `shares`: redeem rounds down, mint rounds up."""
    supply, total = _denominators(base, decimals)
    return MulDiv(SHARES, total, supply, rounding)
