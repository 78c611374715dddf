"""Faults in a part of everything that is unwound."""

from __future__ import annotations

from mutations.change import ACTIONS, Change
from mutations.mutant import Mutant, in_actions

_UNWOUND = "a part that is unwound pays for itself, and for no less than was asked"

UNWOUND: tuple[Mutant, ...] = (
    in_actions(
        "the part of what is idle is rounded up",
        _UNWOUND,
        "free_usdc: uint256 = arith.mul_div_down(",
        "free_usdc: uint256 = arith.mul_div_up(",
    ),
    in_actions(
        "the part of a debt is rounded down",
        _UNWOUND,
        "owed_aave_debt_usdc: uint256 = arith.mul_div_up(",
        "owed_aave_debt_usdc: uint256 = arith.mul_div_down(",
    ),
    in_actions(
        "what a venue takes beyond the part is left to the others",
        _UNWOUND,
        " - arith.monus(left_save, erc4626.held(book.SAVE_VAULT))",
        "",
    ),
    in_actions(
        "what is sold is all that lies there",
        _UNWOUND,
        "book.USDC, free_weth_2, minimum)",
        "book.USDC, tokens.held(book.WETH), minimum)",
    ),
    Mutant(
        "a debt's part is repaid with what is idle, whoever's it is",
        (
            Change(ACTIONS, "    assert owed_aave_debt_usdc <= free_usdc_2, ", "    assert True, "),
            Change(ACTIONS, "(free_usdc_2 - owed_aave_debt_usdc)", "arith.monus(free_usdc_2, owed_aave_debt_usdc)"),
        ),
        "a debt that its own part does not cover is nobody else's to repay",
    ),
    in_actions(
        "less is paid than was asked for",
        _UNWOUND,
        '    assert paid >= least_assets, "unwind: less than asked for"\n',
        "",
    ),
    in_actions(
        "parts are unwound after the exit",
        "a part that is not swapped needs no price",
        "    modes._not_exited()\n    whole: uint256",
        "    whole: uint256",
    ),
)
