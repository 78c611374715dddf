# pragma version 0.4.3
# SPDX-License-Identifier: Apache-2.0
"""
@title A token's price in USD out of two feeds, as Aave prices staked ETH: what it is worth in ETH, times ETH in USD
@notice The second feed has 8 decimals, and so has the answer, rounded down.
"""

interface Feed:
    def latestAnswer() -> int256: view
    def decimals() -> uint8: view

RATIO: immutable(address)
OTHER: immutable(address)


@deploy
def __init__(ratio: address, other: address):
    RATIO = ratio
    OTHER = other


@external
@view
def latestAnswer() -> int256:
    unit: int256 = convert(10 ** convert(staticcall Feed(RATIO).decimals(), uint256), int256)
    return staticcall Feed(RATIO).latestAnswer() * staticcall Feed(OTHER).latestAnswer() // unit
