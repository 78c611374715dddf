# pragma version 0.4.3
# SPDX-License-Identifier: Apache-2.0
"""
@title Square roots of products
@notice The root of two numbers' product, each with its rounding direction.
@dev The model (`Root`) means exactly these functions: the true root, rounded, or a revert where the product is no word.
"""


@internal
@pure
def down(x: uint256, y: uint256) -> uint256:
    """
    @notice sqrt(x * y), rounded down. Reverts where the product is 2^256 or more.
    """
    return isqrt(x * y)


@internal
@pure
def up(x: uint256, y: uint256) -> uint256:
    """
    @notice sqrt(x * y), rounded up. Reverts where the product is 2^256 or more.
    """
    below: uint256 = self.down(x, y)
    # The product is a word here, and the root is below 2^128, so that its square and one more are words.
    return below if unsafe_mul(below, below) == unsafe_mul(x, y) else unsafe_add(below, 1)
