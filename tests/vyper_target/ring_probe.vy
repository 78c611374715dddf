# pragma version 0.4.3
# SPDX-License-Identifier: Apache-2.0
"""
@title Shows `ring` to the outside
"""

from . import ring
from . import roots

initializes: ring

exports: ring.__interface__


@external
def observe(number: uint256, price: uint256, gap: uint256, window: uint256, length: uint256) -> bool:
    return ring._observe(number, price, gap, window, length)


@external
@view
def due(number: uint256, gap: uint256) -> bool:
    return ring.due(number, gap)


@external
@view
def volatility(number: uint256, price: uint256, window: uint256, length: uint256) -> uint256:
    return roots.up(ring.variance(number, price, window, length), 1)
