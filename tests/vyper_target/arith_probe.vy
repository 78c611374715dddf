# pragma version 0.4.3
# SPDX-License-Identifier: Apache-2.0
"""
@title Shows `arith` to the outside, and how Vyper evaluates a choice
"""

from . import arith


@external
@pure
def mul_div_down(x: uint256, y: uint256, divisor: uint256) -> uint256:
    return arith.mul_div_down(x, y, divisor)


@external
@pure
def mul_div_up(x: uint256, y: uint256, divisor: uint256) -> uint256:
    return arith.mul_div_up(x, y, divisor)


@external
@pure
def monus(left: uint256, right: uint256) -> uint256:
    return arith.monus(left, right)


@external
@pure
def choice(condition: bool, divisor: uint256) -> uint256:
    """
    @notice Both branches revert for a divisor of zero, but only one is ever taken.
    """
    return arith.mul_div_down(1, 1, divisor) if condition else 7
