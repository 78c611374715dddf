# pragma version 0.4.3
# SPDX-License-Identifier: Apache-2.0
"""
@title Shows the adapter of ranges, and the arithmetic below it, to the outside: one position of this contract
"""

from . import ranges
from . import uniswap_v3_lp

place: public(uniswap_v3_lp.Place)
number: public(uint256)


@external
def lay(manager: address, token_a: address, token_b: address, fee: uint24, low: uint256, high: uint256):
    self.place = uniswap_v3_lp.lay(manager, token_a, token_b, fee, low, high)


@external
@view
def held() -> uint256:
    return uniswap_v3_lp.held(self.place, self.number)


@external
@view
def check_near(root: uint256, millionths: uint256):
    uniswap_v3_lp.check_near(self.place, root, millionths)


@external
def provide(most0: uint256, most1: uint256) -> (uint256, uint256):
    took0: uint256 = 0
    took1: uint256 = 0
    self.number, took0, took1 = uniswap_v3_lp.provide(self.place, self.number, most0, most1)
    return took0, took1


@external
def withdraw(liquidity: uint256) -> (uint256, uint256):
    return uniswap_v3_lp.withdraw(self.place, self.number, liquidity)


@external
@pure
def root_at_tick(tick: int256) -> uint256:
    return ranges.root_at_tick(tick)


@external
@pure
def tick_at_root(root: uint256) -> int256:
    return ranges.tick_at_root(root)


@external
@pure
def outward(low: uint256, high: uint256, spacing: int256) -> (int256, int256):
    return ranges.outward(low, high, spacing)


@external
@pure
def root_of_price(worth0: uint256, worth1: uint256) -> uint256:
    return ranges.root_of_price(worth0, worth1)


@external
@pure
def is_near(root: uint256, of: uint256, millionths: uint256) -> bool:
    return ranges.is_near(root, of, millionths)
