"""Faults in what shares cost and bring."""

from __future__ import annotations

from mutations.change import VAULT, Change
from mutations.mutant import Mutant, in_module, in_vault

_ROUNDING = "rounding on the way in and out"

SHARES: tuple[Mutant, ...] = (
    in_vault(
        "a deposit mints shares rounded up",
        _ROUNDING,
        "return arith.mul_div_down(assets, share_token.totalSupply",
        "return arith.mul_div_up(assets, share_token.totalSupply",
    ),
    in_vault(
        "a withdrawal burns shares rounded down",
        _ROUNDING,
        "return arith.mul_div_up(assets, share_token.totalSupply",
        "return arith.mul_div_down(assets, share_token.totalSupply",
    ),
    in_vault(
        "a redemption pays rounded up",
        _ROUNDING,
        "return arith.mul_div_down(shares,",
        "return arith.mul_div_up(shares,",
    ),
    in_vault(
        "a mint takes rounded down",
        _ROUNDING,
        "return arith.mul_div_up(shares,",
        "return arith.mul_div_down(shares,",
    ),
    Mutant(
        "no virtual shares",
        tuple(
            Change(VAULT, f"arith.mul_div_{way}({old}", f"arith.mul_div_{way}({new}")
            for way in ("down", "up")
            for old, new in (
                (
                    "assets, share_token.totalSupply + 10 ** 12, s.total_assets + 1",
                    "assets, max(share_token.totalSupply, 1), max(s.total_assets, 1)",
                ),
                (
                    "shares, s.total_assets + 1, share_token.totalSupply + 10 ** 12",
                    "shares, max(s.total_assets, 1), max(share_token.totalSupply, 1)",
                ),
            )
        ),
        "first depositor's attack",
    ),
    Mutant(
        "rounding up rounds down",
        (
            Change("contracts/arith.vy", "unsafe_add(unsafe_mul(x, y), unsafe_sub(divisor, 1))", "unsafe_mul(x, y)"),
            Change("contracts/arith.vy", "quotient += 1", "quotient += 0"),
        ),
        _ROUNDING,
    ),
    in_module(
        "arith",
        "the product is taken modulo 2^256",
        "amounts beyond 128 bits",
        "if high == 0:",
        "if high < max_value(uint256):",
    ),
    in_module(
        "share_token",
        "more shares are burnt than held",
        "the exit, in two goes",
        '    assert held >= amount, "shares: balance too low"\n',
        "",
    ),
)
