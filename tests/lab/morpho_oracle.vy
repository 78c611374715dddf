# pragma version 0.4.3
# SPDX-License-Identifier: Apache-2.0
"""
@title A Morpho oracle over two feeds, as Morpho's own over Chainlink's, with a knob that tests turn
@notice The price of a unit of collateral in units of the loan, times 10^36, rounded down.
"""

interface Feed:
    def latestAnswer() -> int256: view

WAD: constant(uint256) = 10**18

COLLATERAL: immutable(address)
LOAN: immutable(address)
SCALE: immutable(uint256)
owner: public(address)
factor: public(uint256) # what is told of the true price, in 10^-18


@deploy
def __init__(collateral: address, loan: address, scale: uint256):
    """
    @param scale 10^36 by the smallest units of a whole loan token over those of a collateral token.
    """
    COLLATERAL = collateral
    LOAN = loan
    SCALE = scale
    self.owner = msg.sender
    self.factor = WAD


@external
@view
def price() -> uint256:
    collateral: uint256 = convert(staticcall Feed(COLLATERAL).latestAnswer(), uint256)
    loan: uint256 = convert(staticcall Feed(LOAN).latestAnswer(), uint256)
    return SCALE * collateral // loan * self.factor // WAD


@external
def set_factor(factor: uint256):
    """
    @notice Tell more or less than the feeds do.
    """
    assert msg.sender == self.owner, "not the owner"
    self.factor = factor
