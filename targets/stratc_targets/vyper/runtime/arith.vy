# pragma version 0.4.3
# SPDX-License-Identifier: Apache-2.0
"""
@title Exact integer arithmetic
@notice Multiplication and division with a 512-bit intermediate product, each with its rounding direction.
@dev The model (`MulDiv`, `Monus`) means exactly these functions: the true quotient, rounded, or a revert.
"""

# Where both factors are below this and the divisor is not above it, the product is a word, also with the divisor less
# one on top: no more is needed for nearly all that a vault computes. One less than a divisor of zero is the largest word.
SMALL: constant(uint256) = 2**128


@internal
@pure
def monus(left: uint256, right: uint256) -> uint256:
    """
    @notice max(left - right, 0).
    """
    return unsafe_sub(left, right) if left > right else 0


@internal
@pure
def mul_div_down(x: uint256, y: uint256, divisor: uint256) -> uint256:
    """
    @notice x * y / divisor, rounded down. Reverts where the divisor is zero or the quotient is 2^256 or more.
    """
    if (x | y | unsafe_sub(divisor, 1)) < SMALL:
        return unsafe_div(unsafe_mul(x, y), divisor)
    return self._quotient(x, y, divisor)


@internal
@pure
def mul_div_up(x: uint256, y: uint256, divisor: uint256) -> uint256:
    """
    @notice x * y / divisor, rounded up. Reverts where the divisor is zero or the result is 2^256 or more.
    """
    if (x | y | unsafe_sub(divisor, 1)) < SMALL:
        return unsafe_div(unsafe_add(unsafe_mul(x, y), unsafe_sub(divisor, 1)), divisor)
    quotient: uint256 = self._quotient(x, y, divisor)
    if uint256_mulmod(x, y, divisor) != 0:
        quotient += 1
    return quotient


@internal
@pure
def _quotient(x: uint256, y: uint256, divisor: uint256) -> uint256:
    assert divisor != 0, "arith: division by zero"

    # The product as high * 2^256 + low: it is `low` modulo 2^256, and `low + high` modulo 2^256 - 1.
    low: uint256 = unsafe_mul(x, y)
    folded: uint256 = uint256_mulmod(x, y, max_value(uint256))
    high: uint256 = unsafe_sub(unsafe_sub(folded, low), convert(folded < low, uint256))
    if high == 0:
        return unsafe_div(low, divisor)
    assert high < divisor, "arith: overflow"

    # Take the remainder away, so that what is left is a multiple of the divisor.
    remainder: uint256 = uint256_mulmod(x, y, divisor)
    high = unsafe_sub(high, convert(remainder > low, uint256))
    low = unsafe_sub(low, remainder)

    # Divide both by the largest power of two in the divisor, moving bits of `high` down into `low`.
    twos: uint256 = unsafe_sub(0, divisor) & divisor
    odd: uint256 = unsafe_div(divisor, twos)
    lift: uint256 = unsafe_add(unsafe_div(unsafe_sub(0, twos), twos), 1)
    low = unsafe_div(low, twos) | unsafe_mul(high, lift)

    # The division is exact, so modulo 2^256 it is a product with the inverse of the odd divisor. Newton's step
    # doubles the number of correct bits; 3 * odd ^ 2 starts with five.
    inverse: uint256 = unsafe_mul(3, odd) ^ 2
    for _: uint256 in range(6):
        inverse = unsafe_mul(inverse, unsafe_sub(2, unsafe_mul(odd, inverse)))
    return unsafe_mul(low, inverse)
