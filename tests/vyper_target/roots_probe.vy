# pragma version 0.4.3
# SPDX-License-Identifier: Apache-2.0
"""
@title Shows `roots` to the outside
"""

from . import roots


@external
@pure
def down(x: uint256, y: uint256) -> uint256:
    return roots.down(x, y)


@external
@pure
def up(x: uint256, y: uint256) -> uint256:
    return roots.up(x, y)
