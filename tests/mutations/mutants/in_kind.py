"""Faults in taking a part of everything as it lies there."""

from __future__ import annotations

from mutations.mutant import Mutant, in_actions

_STUCK = "a venue that is stuck is left out of the exit, and left in kind"
_IN_KIND = "the way out in kind needs no price, no keeper and no guardian"
_OTHERS = "who has left in kind has left the others what they had, and the keeper his work"

IN_KIND: tuple[Mutant, ...] = (
    in_actions(
        "who leaves in kind gives up what was to be kept",
        _STUCK,
        "if forgone & 2 == 0: # aave",
        "if forgone & 1 == 0: # aave",
    ),
    in_actions(
        "who leaves in kind takes a part rounded up",
        _IN_KIND,
        "part: uint256 = arith.mul_div_down(",
        "part: uint256 = arith.mul_div_up(",
    ),
    in_actions(
        "who leaves in kind pays a part rounded down",
        _IN_KIND,
        "repay_aave_debt_usdc: uint256 = arith.mul_div_up(",
        "repay_aave_debt_usdc: uint256 = arith.mul_div_down(",
    ),
    in_actions(
        "who leaves in kind pays no debt",
        _IN_KIND,
        "        if repay_aave_debt_usdc > 0:\n            tokens.pull(",
        "        if repay_aave_debt_usdc == max_value(uint256):\n            tokens.pull(",
    ),
    in_actions(
        "the part of the virtual shares is given away",
        _IN_KIND,
        "whole: uint256 = share_token.totalSupply + 10 ** 12",
        "whole: uint256 = share_token.totalSupply",
    ),
    in_actions(
        "the round's allowance stays what it was for those who have left in kind",
        _OTHERS,
        "    rounds._shrink(arith.mul_div_up(rounds.round_assets, arith.monus(whole, shares), whole))\n",
        "",
    ),
    in_actions(
        "what has left in kind counts as a loss at the next harvest",
        _OTHERS,
        "        book.mark_save = arith.mul_div_up(book.mark_save, arith.monus(whole, shares), whole)\n",
        "",
    ),
)
